import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeRequest } from '../../../proxy/protocol/replies.ts';
import type { Chance } from '../../../scripts/chance.ts';
import { Wire } from '../../bench/wire.ts';
import { hasTimeouts } from './program.ts';
import { IN_ITS_PLACE, Said } from './refused.ts';
import { CLIENTS, type Setting, type Step, type Words } from './step.ts';
import { cut, EVERYTHING, type Told, tell } from './transcript.ts';

/** Milliseconds without any change after which a wait of 20 ms is over. */
const TIMED_OUT_MS = 35;
/** In which what a server has written reaches a client of the same machine. */
const ARRIVED_MS = 2;
const PATIENCE_MS = 10_000;
/** A client that is slow to read goes on within this time. */
const SLOW_MS = 20;

/** How things stand after a step: at rest, and the same for everybody. */
export interface State {
  /** Clients that wait at the servers. */
  readonly blocked: number;
  /** Who listens, as PUBSUB tells. */
  readonly listening: string;
}

export interface Moment {
  /** Its client waited, so nothing was sent (served.ts). */
  readonly skipped: boolean;
  /** What each client was told since the last step. */
  readonly told: readonly Told[];
  readonly state: State;
  /** The servers were restarted before it. */
  readonly restarted: boolean;
  /** Clients that were told that everything may have changed where the redis-server had nothing to say: what they had read is forgotten. */
  readonly doubted: readonly boolean[];
}

/** What befalls the way to a proxy, of which nobody must notice anything. */
export interface Trouble {
  readonly chance: Chance;
  /** Has the proxy read its file again, in which nothing has changed. */
  reload(): void;
}

/** Servers that are restarted once while nobody waits there, with what they hold: the proxy's clients go on as before. */
export interface Restart {
  /** Steps before it, at least. */
  readonly after: number;
  /** Settles when the servers serve again. */
  servers(): Promise<unknown>;
}

/** Where a program is carried out. */
export interface Place {
  readonly port: number;
  readonly trouble?: Trouble;
  readonly restart?: Restart;
  /** Ports of the redis-servers behind it; for one that is carried out there, its own. */
  readonly servers: readonly number[];
}

/** A client that keeps every byte that it is sent. */
class Client {
  id = '0';
  isDoubted = false;
  #received: Buffer = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<Client> {
    const socket = await new Promise<Socket>((done, fail) => {
      const made = connect({ port, host: '127.0.0.1', noDelay: true }, () => done(made));
      made.once('error', fail);
    });
    const client = new Client(socket);
    await client.send([['CLIENT', 'ID']]);
    await until('an id', async () => client.#received.includes('\r\n'));
    client.id = client.take()[0].toString('latin1', 1).trimEnd();
    return client;
  }

  /** @param chance when given: sends in pieces, and at times does not read for a while */
  async send(requests: ReadonlyArray<readonly string[]>, chance?: Chance): Promise<void> {
    let rest = Buffer.concat(requests.map((words) => encodeRequest(words)));
    if (chance?.(3) === 0) {
      this.socket.pause();
      setTimeout(() => this.socket.resume(), chance(SLOW_MS));
    }
    while (chance !== undefined && rest.length > 1 && chance(4) > 0) {
      const piece = 1 + chance(rest.length - 1);
      this.socket.write(rest.subarray(0, piece));
      rest = rest.subarray(piece);
      await sleep(1);
    }
    this.socket.write(rest);
  }

  /** Bytes that were not taken. */
  get received(): number {
    return this.#received.length;
  }

  /** What has come that was not taken. */
  get told(): Told {
    return tell(cut(this.#received).whole);
  }

  take(): Buffer[] {
    const { whole, rest } = cut(this.#received);
    this.#received = Buffer.from(rest);
    return whole;
  }

  leave(): void {
    this.socket.destroy();
  }
}

/**
 * Lets clients carry out a program, each step when everything that follows from the one before is at rest.
 * @param expected what was seen elsewhere: waited for, so that only what never comes is missed. Undefined = whatever is seen
 *   here when things are at rest, which only a redis-server itself can tell: it does one thing after the other
 */
export async function carryOut(
  place: Place,
  setting: Setting,
  program: readonly Step[],
  expected?: readonly Moment[],
): Promise<Moment[]> {
  const clients: Client[] = [];
  const probes: Wire[] = [];
  const seen: Moment[] = [];
  const said = new Map<number, Said>();
  /** A redis-server would do what the proxy refuses. */
  const asSent = (n: number, words: Words): Words => {
    const saidBy = said.get(n) ?? new Said(setting);
    said.set(n, saidBy);
    return expected === undefined && saidBy.next(words) ? IN_ITS_PLACE : words;
  };
  try {
    for (let i = 0; i < CLIENTS; i++) clients.push(await Client.open(place.port));
    const probe = async (port: number): Promise<Wire> => {
      probes.push(await Wire.open({ host: '127.0.0.1', port }));
      return probes[probes.length - 1];
    };
    const through = await probe(place.port);
    let servers = await Promise.all(place.servers.map(probe));
    const timeouts = hasTimeouts(program);
    const look = (): Promise<State> => stateOf(through, servers);
    let isRestarted = false;
    /** @returns whether they were restarted now */
    const restartInTime = async (steps: number): Promise<boolean> => {
      const { restart } = place;
      if (restart === undefined || isRestarted || steps < restart.after) return false;
      const before = seen.at(-1)?.state;
      if (before?.blocked !== 0) return false;
      isRestarted = true;
      await restart.servers();
      servers = await Promise.all(place.servers.map(probe));
      const isAsBefore = async () => JSON.stringify(await look()) === JSON.stringify(before);
      await until('everybody to listen again', isAsBefore);
      return true;
    };
    const note = async (skipped: boolean, restarted = false): Promise<void> => {
      const told = clients.map((client) => tell(client.take()));
      for (const [i, { invalidated }] of told.entries()) {
        const isTold = expected?.[seen.length].told[i].invalidated.includes(EVERYTHING) ?? true;
        clients[i].isDoubted ||= !isTold && invalidated.includes(EVERYTHING);
      }
      const doubted = clients.map(({ isDoubted }) => isDoubted);
      seen.push({ skipped, told, state: await look(), restarted, doubted });
    };
    for (const [number, step] of program.entries()) {
      const there = expected?.[number];
      const restarted = await restartInTime(number);
      const skipped =
        'requests' in step && (there?.skipped ?? (await waitsNow(through, clients[step.client])));
      if ('leaves' in step) {
        clients[step.client].leave();
        said.delete(step.client);
        clients[step.client] = await Client.open(place.port);
      } else if (!skipped) {
        const sent = step.requests.map((words) => named(asSent(step.client, words), clients));
        if (place.trouble?.chance(5) === 0) place.trouble.reload();
        await clients[step.client].send(sent, place.trouble?.chance);
      }
      await atRest(timeouts, clients, look, there);
      await note(skipped, restarted);
    }
    // nothing must come that nobody asked for
    await sleep(TIMED_OUT_MS);
    await note(false);
    return seen;
  } finally {
    for (const each of clients) each.leave();
    for (const probe of probes) probe.close();
  }
}

const named = (words: readonly string[], clients: readonly Client[]): string[] =>
  words.map((word) => {
    const n = /^<id of (\d)>$/.exec(word)?.[1];
    return n === undefined ? word : clients[Number(n)].id;
  });

async function atRest(
  timeouts: boolean,
  clients: readonly Client[],
  look: () => Promise<State>,
  expected: Moment | undefined,
): Promise<void> {
  const snapshot = async (): Promise<string> =>
    JSON.stringify([await look(), clients.map(({ received }) => received)]);
  if (expected === undefined) {
    // asked twice: what it has read before that is done, and what that brought about is written
    await look();
    let last = '';
    for (let now = await snapshot(); now !== last; now = await snapshot()) {
      last = now;
      await sleep(timeouts ? TIMED_OUT_MS : ARRIVED_MS);
    }
    return;
  }
  const there = async (): Promise<boolean> => {
    const all = clients.every((client, i) => {
      const { replies, messages, invalidated } = expected.told[i];
      const { told } = client;
      const isMissing = (key: string): boolean => !told.invalidated.includes(key);
      return (
        told.replies.length >= replies.length &&
        told.messages.length >= messages.length &&
        (client.isDoubted || told.invalidated.includes(EVERYTHING) || !invalidated.some(isMissing))
      );
    });
    return all && JSON.stringify(await look()) === JSON.stringify(expected.state);
  };
  // what is missed then is told by the comparison
  await until('what the server itself has done', there).catch(() => undefined);
}

/** Whether the redis-server itself has the client waiting. */
async function waitsNow(server: Wire, { id }: Client): Promise<boolean> {
  const text = await ask(server, 'CLIENT', 'LIST', 'ID', id);
  return /\bflags=\w*b/.test(text);
}

async function stateOf(through: Wire, servers: readonly Wire[]): Promise<State> {
  const texts = await Promise.all(servers.map((server) => ask(server, 'INFO', 'clients')));
  const blocked = texts.reduce((sum, text) => sum + Number(/blocked_clients:(\d+)/.exec(text)?.[1]), 0);
  const listening = [
    await ask(through, 'PUBSUB', 'NUMSUB', '{t}news', '{t}other'),
    await ask(through, 'PUBSUB', 'NUMPAT'),
    await ask(through, 'PUBSUB', 'SHARDNUMSUB', '{t}news', '{t}other'),
  ];
  return { blocked, listening: listening.join('') };
}

async function ask(wire: Wire, ...words: string[]): Promise<string> {
  const [reply] = await wire.ask(encodeRequest(words));
  return reply.toString('latin1');
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await condition()); await sleep(1))
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
}
