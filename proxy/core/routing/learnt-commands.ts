import { commandId, lookupCommand } from '../../protocol/command-table.ts';
import { type LearntCommand, learntFrom } from '../../protocol/learnt-command.ts';
import { encodeRequest } from '../../protocol/replies.ts';
import { type ReplyTree, replyTree } from '../../protocol/reply-tree.ts';
import type { Loop } from '../base/loop.ts';
import { NOBODY, type Receiver } from '../base/receiver.ts';
import type { ServerConnection } from '../server/connection.ts';
import { FIRST_LANE } from '../server/lane.ts';
import type { PoolServer } from '../server/server.ts';

const COMMAND = commandId('command');
const LIST = encodeRequest(['COMMAND', 'LIST']);
const ALL = encodeRequest(['COMMAND']);
/** Commands of one server that are taken note of: modules bring a few dozen each. */
const MOST_COMMANDS = 1024;
/** Bytes of an answer that is read: Redis 8 with all its modules says 1 MB about its commands. */
const MOST_BYTES = 4 * 1024 * 1024;
/** No server is asked more often. Milliseconds. */
const AGAIN_AFTER = 1000;
/** Who has not answered by then is not waited for. Milliseconds. */
const PATIENCE = 1000;

/** What one server has said. */
interface Known {
  readonly connection: ServerConnection;
  /** Sockets of the connection when it said so: over another one it may be another server. */
  socket: number;
  commands: ReadonlyMap<string, LearntCommand>;
  askedAt: number;
  isStale: boolean;
}

/**
 * Commands of the servers that the proxy's own table does not have: of newer versions, and of modules. They are asked for
 * when a client first sends what is not known, and again on every new connection to a server: no connection costs anything
 * for those who use none of them.
 */
export class LearntCommands {
  private readonly known = new Map<PoolServer, Known>();
  private waiting: (() => void)[] = [];
  private open = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly servers: readonly PoolServer[],
    private readonly loop: Loop,
  ) {}

  /** The command of this name, in lower case, that the servers have; undefined when none has said so. */
  find(name: string): LearntCommand | undefined {
    for (const server of this.servers) {
      const command = this.known.get(server)?.commands.get(name);
      if (command !== undefined) return command;
    }
    return undefined;
  }

  /** All that the servers have, by name; those of the same name are taken for the same. */
  all(): LearntCommand[] {
    const byName = new Map<string, LearntCommand>();
    for (const server of this.servers)
      for (const [name, command] of this.known.get(server)?.commands ?? [])
        if (!byName.has(name)) byName.set(name, command);
    return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Names of all that a server has said. */
  namesOf(server: PoolServer): string[] {
    return [...(this.known.get(server)?.commands.keys() ?? [])].sort();
  }

  /** False when a server must be asked (again) before what it has is known, or has been and has not answered. */
  get isFresh(): boolean {
    return this.timer === null && this.toAsk().length === 0;
  }

  /** Asks those that must be; `done` is called when they have answered, within PATIENCE. */
  ask(done: () => void): void {
    this.waiting.push(done);
    if (this.timer !== null) return;
    this.timer = setTimeout(() => this.finish(), PATIENCE).unref();
    this.open++;
    for (const server of this.toAsk()) this.askOne(server);
    this.answered();
  }

  /** A server has said that it has not got what it had: whoever unloads a module on one does so on all. */
  deny(): void {
    for (const known of this.known.values()) known.isStale = true;
  }

  private toAsk(): PoolServer[] {
    const now = this.loop.now();
    return this.servers.filter((server) => {
      const known = this.known.get(server);
      if (known === undefined) return server.live;
      const { askedAt, connection, isStale, socket } = known;
      // one that is away is not waited for: what it has said before is good enough until it is back
      if (now - askedAt < AGAIN_AFTER || !server.live || !connection.isReady) return false;
      return isStale || connection.sockets !== socket;
    });
  }

  private askOne(server: PoolServer): void {
    const known: Known = this.known.get(server) ?? {
      connection: server.pick(FIRST_LANE),
      socket: -1,
      commands: new Map(),
      askedAt: 0,
      isStale: false,
    };
    const { connection } = known;
    this.known.set(server, known);
    known.askedAt = this.loop.now();
    this.open++;
    const ask = (request: Uint8Array, done: (reply: ReplyTree | null) => void): void =>
      connection.send(new Said(done), 0, COMMAND, request, 0, request.length);
    const learn = (reply: ReplyTree | null): void => {
      if (reply?.kind === '*') {
        const all = learntFrom(reply, Number.POSITIVE_INFINITY).filter(({ name }) => isUnknown(name));
        known.commands = new Map(all.slice(0, MOST_COMMANDS).map((command) => [command.name, command]));
        known.socket = connection.sockets;
        known.isStale = false;
      }
      this.answered();
    };
    ask(LIST, (names) => {
      if (names?.kind === '-') {
        // before Redis 7 there is only everything
        ask(ALL, learn);
        return;
      }
      const unknown = (names?.items ?? []).map(({ text }) => text.toLowerCase()).filter(isUnknown);
      if (names === null || unknown.length === 0) learn(names && { ...names, items: [] });
      else ask(encodeRequest(['COMMAND', 'INFO', ...unknown.slice(0, MOST_COMMANDS)]), learn);
    });
  }

  private answered(): void {
    this.open--;
    if (this.open === 0) this.finish();
  }

  private finish(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const done of this.waiting.splice(0)) done();
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = [];
  }
}

/** Neither in the proxy's table nor a subcommand, which COMMAND LIST names too. */
function isUnknown(name: string): boolean {
  return !name.includes('|') && lookupCommand(Buffer.from(name), 0, name.length) < 0;
}

/** Takes what a server says of its commands; null when it says nothing, or too much. */
class Said implements Receiver {
  readonly owner = NOBODY;
  private kept = 0;

  constructor(private readonly done: (reply: ReplyTree | null) => void) {}

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    this.done(to - from > MOST_BYTES ? null : replyTree(chunk.slice(from, to)));
  }

  replyInParts(tag: number, parts: Uint8Array[]): void {
    const whole = Buffer.concat(parts);
    this.reply(tag, whole, 0, whole.length);
  }

  arriving(_tag: number, bytes: number): void {
    this.kept += bytes;
  }

  /** The rest of what is too large is thrown away as it comes. */
  canStream(): boolean {
    return this.kept > MOST_BYTES;
  }

  stream(): void {}

  streamed(): void {
    this.done(null);
  }

  fail(): void {
    this.done(null);
  }

  abort(): void {
    this.done(null);
  }
}
