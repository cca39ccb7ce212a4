import { parseConfig } from '../../proxy/config/nutcracker-yml.ts';
import { BufferBudget } from '../../proxy/core/base/buffer-budget.ts';
import { chunkMemory } from '../../proxy/core/base/chunk-memory.ts';
import { Loop } from '../../proxy/core/base/loop.ts';
import { Pool } from '../../proxy/core/pool.ts';
import { FRAME_DONE, RequestFrame } from '../../proxy/protocol/request-frame.ts';
import type { Link, LinkOwner, Listener } from '../../proxy/transport/link.ts';
import { MemoryLink, MemoryNetwork } from '../../proxy/transport/memory.ts';
import { request } from './raw-client.ts';

// memory that was given back is overwritten: whoever still uses it is found out
chunkMemory.free = (buffer) => void new Uint8Array(buffer).fill(0xdd);

/** A server's answer to COMMAND LIST when it has nothing of its own. */
const NO_COMMANDS = '*0';

/** Addresses of a pool of two servers. */
export const TWO = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];
/** Settings of a pool that follows sentinels, which say nothing by themselves. */
export const FOLLOWED = ['sentinels:', '  - 10.9.9.9:26379', 'failover_hold: 3000'];

/** A server in memory that does nothing by itself: the test sees what it is asked and gives the answers. */
export class ScriptedServer {
  /** Requests not answered yet, oldest first, as words joined by blanks; over all connections. */
  readonly asked: string[] = [];
  /** Everything it was ever asked. */
  readonly log: string[] = [];
  /** Answers given at once, by the first word in upper case: the handshake's. */
  readonly always = new Map<string, string>([['COMMAND', NO_COMMANDS]]);
  readonly links: Link[] = [];
  /** Bytes that have come, of unfinished requests too. */
  received = 0;
  private readonly origins: Link[] = [];

  accept(link: Link): LinkOwner {
    this.links.push(link);
    let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
    const frame = new RequestFrame();
    const gone = (): void => void this.links.splice(this.links.indexOf(link), 1);
    return {
      onBytes: (chunk) => {
        this.received += chunk.length;
        const bytes = Buffer.concat([rest, chunk]);
        let at = 0;
        for (;;) {
          frame.begin(at);
          if (frame.parse(bytes, bytes.length) !== FRAME_DONE) break;
          const { args, argc, end } = frame;
          const words = Array.from({ length: argc }, (_, i) =>
            bytes.subarray(args[2 * i], args[2 * i + 1]).toString('latin1'),
          );
          this.onRequest(link, words);
          at = end;
        }
        rest = bytes.subarray(at);
      },
      onWritable: () => undefined,
      onEnd: gone,
      onClosed: gone,
    };
  }

  private onRequest(link: Link, words: string[]): void {
    // asked when a client sends what nobody knows: of no interest but where the test says so
    if (words[0] === 'COMMAND' && this.always.get('COMMAND') === NO_COMMANDS) {
      say(link, NO_COMMANDS);
      return;
    }
    this.log.push(words.join(' '));
    const at = this.always.get(words[0].toUpperCase());
    if (at !== undefined) say(link, at);
    else {
      this.asked.push(words.join(' '));
      this.origins.push(link);
    }
  }

  /** Answers the oldest requests, without CRLF: `+OK`, `:1`, `-READONLY …`. */
  answer(...replies: string[]): void {
    for (const reply of replies) {
      this.asked.shift();
      const link = this.origins.shift();
      if (link === undefined) throw new Error(`nobody waits for ${reply}`);
      say(link, reply);
    }
  }

  /** Resets every connection, as one that was away does. What was asked is forgotten. */
  cut(): void {
    for (const link of this.links.splice(0)) link.close();
    this.forget();
  }

  /** Closes every connection in order, as the kernel does for a process that dies. What was asked is forgotten. */
  die(): void {
    for (const link of this.links.splice(0)) link.finish();
    this.forget();
  }

  private forget(): void {
    this.asked.length = 0;
    this.origins.length = 0;
  }
}

function say(link: Link, reply: string): void {
  const bytes = Buffer.from(`${reply}\r\n`, 'latin1');
  link.write(bytes, 0, bytes.length);
}

/** A client in memory; `said` is every byte that came back. */
export interface MemoryClient {
  said: string;
  ended: boolean;
  /** Sends a request with the next `settle`, all of a client at once. */
  ask(...words: string[]): void;
  /** The same with bytes, which need not be whole requests. */
  send(bytes: Uint8Array): void;
  /** Its own end of the connection: `paused` is a client that does not read. */
  readonly link: MemoryLink;
  /** The proxy's end: `paused` is a client that is not read from, `capacity` a slow line to it. */
  readonly proxyEnd: MemoryLink;
  deliver(): void;
  leave(): void;
}

export interface MemoryScene {
  readonly pool: Pool;
  readonly warnings: string[];
  readonly slow: string[];
  /** One scripted server for each address given. */
  readonly servers: readonly ScriptedServer[];
  /** @param remote `address:port` from where it connects */
  client(remote?: string): MemoryClient;
  /** Lets everything that can happen happen, without time going by. */
  settle(): void;
  /** As `settle`, but what waits a moment for more goes on waiting. */
  settleAtOnce(): void;
  /** Moves the clock and lets the pool notice what is due. */
  pass(milliseconds: number): void;
}

/**
 * A pool and its servers without sockets, timers or chance. Pauses between attempts are real ones.
 * Tests that make scenes say `afterEach(closeScenes)`.
 * @param settings lines of the pool's section besides `listen`, `redis` and `servers`
 * @param addresses servers as nutcracker.yml writes them, `host:port:weight name`
 * @param others addresses besides, `host:port`: where a master may move to
 * @param bufferLimit bytes that all clients together may have waiting in the proxy
 */
export async function memoryScene(
  settings: readonly string[],
  addresses: readonly string[] = ['10.0.0.1:6379:1 one'],
  others: readonly string[] = [],
  bufferLimit?: number,
): Promise<MemoryScene> {
  const network = new MemoryNetwork();
  const servers: ScriptedServer[] = [];
  for (const address of [...addresses, ...others]) servers.push(await listenAt(network, address));
  let clock = 1000;
  const afterMoment: (() => void)[] = [];
  const loop = new Loop(
    () => undefined,
    () => clock,
    (run) => void afterMoment.push(run),
  );
  const lines = ['listen: 127.0.0.1:1', 'redis: true', ...settings, 'servers:'];
  const list = addresses.map((address) => `  - ${address}\n`).join('');
  const [config] = parseConfig(`p:\n${lines.map((line) => `  ${line}\n`).join('')}${list}`);
  const warnings: string[] = [];
  const slow: string[] = [];
  const pool = new Pool(config, {
    loop,
    transport: network,
    mbufSize: 16384,
    budget: new BufferBudget(bufferLimit),
    slowAbove: 100,
    log: (text) => void warnings.push(text),
    onSlow: (_, server, command, ms) => void slow.push(`${command} ${ms} ${server.name}`),
  });
  open.push(pool);
  const clients: MemoryClient[] = [];
  const settleAtOnce = (): void => {
    for (const client of clients) client.deliver();
    for (let moved = true; moved; ) moved = network.step();
    for (let quiet = 0; quiet < 3; ) {
      loop.flush();
      quiet = network.step() || loop.hasTasks ? 0 : quiet + 1;
    }
  };
  const settle = (): void => {
    do {
      for (const run of afterMoment.splice(0)) run();
      settleAtOnce();
    } while (afterMoment.length > 0);
  };
  const pass = (milliseconds: number): void => {
    settle();
    clock += milliseconds;
    for (const server of pool.routing.everyServer())
      for (const connection of server.all) connection.checkTimeouts(clock, config.timeout);
    pool.clientWatch.look(clock);
    settle();
  };
  const client = (remote = 'somebody'): MemoryClient => {
    const connected = connectClient(network, pool, remote);
    clients.push(connected);
    return connected;
  };
  return { pool, warnings, slow, servers, client, settle, settleAtOnce, pass };
}

async function listenAt(network: MemoryNetwork, address: string): Promise<ScriptedServer> {
  const [host, port] = address.split(/[: ]/);
  const server = new ScriptedServer();
  const place = { kind: 'tcp', host, port: Number(port) } as const;
  const options = { address: place, backlog: 1, reusePort: false, keepAlive: false, takeTimeout: 0 };
  const listener: Listener = await network.listen(options, (link) => server.accept(link));
  return Object.assign(server, { listener });
}

function connectClient(network: MemoryNetwork, pool: Pool, remote: string): MemoryClient {
  const [near, far] = [new MemoryLink(), new MemoryLink()];
  near.peer = far;
  far.peer = near;
  const waiting: Uint8Array[] = [];
  const ended = (): void => {
    client.ended = true;
  };
  const client: MemoryClient = {
    said: '',
    ended: false,
    link: near,
    proxyEnd: far,
    ask(...words) {
      waiting.push(request(...words));
    },
    send(bytes) {
      waiting.push(bytes);
    },
    deliver() {
      const bytes = Buffer.concat(waiting.splice(0));
      if (bytes.length > 0) near.write(bytes, 0, bytes.length);
    },
    leave: () => near.close(),
  };
  near.owner = {
    onBytes: (chunk) => {
      client.said += Buffer.from(chunk).toString('latin1');
    },
    onWritable: () => undefined,
    onEnd: ended,
    onClosed: ended,
  };
  network.links.push(near, far);
  far.remote = remote;
  far.owner = pool.accept(far);
  return client;
}

const open: Pool[] = [];

/** A server says something unasked on one of its connections. */
export function tell(scene: MemoryScene, link: Link, text: string): void {
  const bytes = Buffer.from(`${text}\r\n`);
  link.write(bytes, 0, bytes.length);
  scene.settle();
}

/** Ends every scene so far, for `afterEach`: requests left in a queue would keep the process alive. */
export function closeScenes(): void {
  for (const pool of open.splice(0)) pool.close();
}

/** Sends requests in one go, words separated by blanks. @returns what the client is said then */
export function ask(scene: MemoryScene, client: MemoryClient, ...lines: string[]): string {
  client.said = '';
  for (const line of lines) client.ask(...line.split(' '));
  scene.settle();
  return client.said;
}

/** The server answers its oldest requests. @returns what the client is said then */
export function answer(
  scene: MemoryScene,
  client: MemoryClient,
  server: ScriptedServer,
  ...replies: string[]
): string {
  client.said = '';
  server.answer(...replies);
  scene.settle();
  return client.said;
}
