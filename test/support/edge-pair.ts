import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { renderEdgeFiles } from '../../haproxy/files.ts';
import { proxyPort } from '../../topology/port-block.ts';
import type { EdgeMember, Plan } from '../../topology/types.ts';
import { startEdgeProxy } from './edge-proxy.ts';
import { endNamespace, pidsInside } from './netns.ts';
import { type Daemon, spawnDaemon } from './spawn-daemon.ts';
import { planOf, TEST_CREDENTIALS } from './stack-fixture.ts';
import { waitUntil } from './wait-until.ts';

const IMAGE = resolve('haproxy/image');
/** An application's address on the front network of the default stack. */
export const CLIENT = '198.18.0.200';
const STRANGER = '198.18.0.201';

/** Connections that the test opened. */
export interface Clients {
  /** What they heard so far: the first words of each message, and `closed`. */
  heard(): string[];
  /** Each of them sends PING. */
  ask(): void;
  leave(): Promise<void>;
}

/** Arguments: address, port, how many, source address. A SIGUSR2 makes each of them send PING. */
const CLIENTS = `const [host, port, count, localAddress] = process.argv.slice(1);
const sockets = Array.from({ length: Number(count) }, () => {
  const socket = require('node:net').connect({ host, port, localAddress });
  socket.on('data', (data) => console.log(String(data).trim().split('\\r')[0]));
  socket.on('error', () => undefined).on('end', () => console.log('closed'));
  return socket;
});
Promise.all(sockets.map((socket) => require('node:events').once(socket, 'connect'))).then(() => console.log('connected'));
setInterval(() => undefined, 60_000);
process.on('SIGUSR2', () => sockets.forEach((socket) => socket.writable && socket.write('PING\\r\\n')));`;

/** Arguments: address, port, source address, and in base64 what each connection sends; prints what each heard until it closed. */
const TALK = `const [host, port, localAddress, ...lots] = process.argv.slice(1);
Promise.all(lots.map((lot) => new Promise((done) => {
  let heard = '';
  const socket = require('node:net').connect({ host, port, localAddress });
  socket.on('data', (data) => (heard += data)).on('error', () => undefined).on('close', () => done(heard));
  socket.write(Buffer.from(lot, 'base64'));
}))).then((all) => console.log(JSON.stringify(all)));`;

/**
 * The two edges of the default stack by the image's own scripts, each in a network namespace of its own, at two bridges in
 * a third one: at the front are the clients, at the back the proxies.
 */
export class EdgePair {
  readonly plan: Plan;
  readonly #id = `tw-e${process.pid.toString(36)}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'twemstack-edge-'));
  readonly #edges = new Map<string, Daemon>();
  readonly #proxies: Daemon[] = [];
  readonly #clients: Daemon[] = [];

  private constructor(plan: Plan) {
    this.plan = plan;
  }

  /** @param settings further keys of the stack file; @param entrance which VIP, or VIPs, it has */
  static async create(settings = '', entrance = 'vip: 198.18.0.100'): Promise<EdgePair> {
    const pair = new EdgePair(planOf(`name: alpha\n${entrance}\n${settings}`));
    try {
      await pair.#wire();
      await pair.startProxies();
      for (const edge of pair.plan.edges) pair.#seed(edge);
    } catch (error) {
      await pair.close();
      throw error;
    }
    return pair;
  }

  async start(edge: EdgeMember): Promise<void> {
    const home = this.#home(edge);
    const daemon = await spawnDaemon(
      'nsenter',
      [`--net=/run/netns/${this.#namespace(edge)}`, join(IMAGE, 'entrypoint')],
      {
        env: { PATH: process.env.PATH, ...this.#paths(home) },
        ready: (output) => output.includes('takes part in the election'),
      },
    );
    this.#edges.set(edge.name, daemon);
  }

  daemon(edge: EdgeMember): Daemon {
    const daemon = this.#edges.get(edge.name);
    if (daemon === undefined) throw new Error(`${edge.name} was never started`);
    return daemon;
  }

  /** Edges that have a VIP on their interface; the only one, unless another is said. */
  async holders(vip = this.plan.vip): Promise<EdgeMember[]> {
    const lists = await Promise.all(
      this.plan.edges.map((edge) =>
        execa('ip', ['-n', this.#namespace(edge), '-4', '-o', 'address', 'show', 'eth1']),
      ),
    );
    return this.plan.edges.filter((_, index) => lists[index].stdout.includes(` ${vip}/32 `));
  }

  /** Fails unless this edge, and no other, has the VIP whenever one looks during so many milliseconds. */
  async keeps(holder: EdgeMember, forMs: number): Promise<void> {
    const until = Date.now() + forMs;
    while (Date.now() < until) {
      const names = (await this.holders()).map(({ name }) => name);
      if (names.length !== 1 || names[0] !== holder.name)
        throw new Error(`the VIP is with: ${names.join(', ')}\n${this.daemon(holder).output()}`);
      await sleep(50);
    }
  }

  /** Waits for exactly one holder, through which a client gets an answer; returns it and the milliseconds it took. */
  async serving(other?: EdgeMember, withinMs = 10_000): Promise<{ holder: EdgeMember; afterMs: number }> {
    const started = Date.now();
    const holder = await waitUntil(
      'one edge to hold the VIP and serve',
      async () => {
        const holders = await this.holders();
        return holders.length === 1 && holders[0].name !== other?.name && (await this.ask()) && holders[0];
      },
      { withinMs, everyMs: 10 },
    );
    return { holder, afterMs: Date.now() - started };
  }

  /** Puts an address on an edge's front device, past keepalived. */
  async addAddress(edge: EdgeMember, address: string): Promise<void> {
    await execa('ip', ['-n', this.#namespace(edge), 'address', 'add', `${address}/32`, 'dev', 'eth1']);
  }

  /** Whether a client gets an answer from a proxy through a VIP in time. */
  async ask(withinMs = 300, vip = this.plan.vip): Promise<boolean> {
    const { stdout } = await this.#inHub([
      'timeout',
      String(withinMs / 1000),
      'redis-cli',
      '-h',
      vip,
      '-p',
      '6379',
      'PING',
    ]);
    return stdout.includes('PONG');
  }

  /**
   * A client of the VIP at one of the hub's addresses. Each of these lots of requests goes over a connection of its own;
   * returned is what each heard until it was closed.
   */
  async talk(source: string, ...lots: readonly Buffer[]): Promise<string[]> {
    const sent = lots.map((lot) => lot.toString('base64'));
    const words = ['timeout', '10', process.execPath, '-e', TALK, this.plan.vip, '6379', source, ...sent];
    return JSON.parse((await this.#inHub(words)).stdout) as string[];
  }

  /** Clients of the VIP, or of another `address:port`, from one of the hub's addresses, connected at once and idle; each line is what one of them heard. */
  async connect(
    count: number,
    source = this.plan.front.gateway,
    target = `${this.plan.vip}:6379`,
  ): Promise<Clients> {
    const daemon = await spawnDaemon(
      'nsenter',
      [
        `--net=/run/netns/${this.#hub}`,
        process.execPath,
        '-e',
        CLIENTS,
        ...target.split(':'),
        String(count),
        source,
      ],
      { ready: (output) => output.includes('connected') },
    );
    this.#clients.push(daemon);
    const heard = (): string[] =>
      daemon
        .output()
        .split('\n')
        .filter((line) => line !== '' && line !== 'connected');
    return { heard, ask: () => daemon.signal('SIGUSR2'), leave: () => daemon.stop() };
  }

  /** Connections of clients that an edge's kernel knows, to the VIP; a line each. */
  async connectionsThroughVip(edge: EdgeMember): Promise<string[]> {
    const words = ['-Htn', 'state', 'connected', 'src', this.plan.vip];
    const { stdout } = await execa('ip', ['netns', 'exec', this.#namespace(edge), 'ss', ...words]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  async httpStatus(edge: EdgeMember, path: string): Promise<string> {
    const script = `exec 3<>/dev/tcp/${edge.address}/${edge.opsPort}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3`;
    return (await this.#inHub(['timeout', '2', 'bash', '-c', script])).stdout.trim();
  }

  /** The container's healthcheck. */
  async health(edge: EdgeMember): Promise<{ exitCode?: number; stdout: string }> {
    return await execa('nsenter', [`--net=/run/netns/${this.#namespace(edge)}`, join(IMAGE, 'healthcheck')], {
      reject: false,
      env: this.#paths(this.#home(edge)),
    });
  }

  /** A page of its ops port, asked from beside it. */
  async opsPage(edge: EdgeMember, path: string): Promise<string> {
    const page = `http://${edge.address}:${edge.opsPort}${path}`;
    const inside = [`--net=/run/netns/${this.#namespace(edge)}`, 'curl', '-sS', '--max-time', '5', page];
    return (await execa('nsenter', inside)).stdout;
  }

  /** Pids of one program among the edge's processes, oldest first. */
  async pids(edge: EdgeMember, program: string): Promise<number[]> {
    return (await this.processes(edge)).filter((pid) => commandOf(pid) === program);
  }

  /** Pids of all of the edge's processes, oldest first. */
  async processes(edge: EdgeMember): Promise<number[]> {
    return await pidsInside(this.#namespace(edge));
  }

  adminSocket(edge: EdgeMember): string {
    return join(this.#home(edge), 'run', 'haproxy.sock');
  }

  /** Runs a command as a stranger on the front network would who has raw sockets and sends everything to this edge. */
  async asApplication(edge: EdgeMember, command: readonly string[]): Promise<{ stdout: string }> {
    const here = ['-n', this.#attacker];
    const { stdout: known } = await execa('ip', ['netns', 'list']);
    if (!known.split(/\s/).includes(this.#attacker)) {
      await execa('ip', ['netns', 'add', this.#attacker]);
      await this.#plugInto(this.#attacker, 'front0', 'app', 'eth0', STRANGER);
    }
    await execa('ip', [...here, 'route', 'replace', 'default', 'via', edge.frontAddress]);
    return await execa('nsenter', [`--net=/run/netns/${this.#attacker}`, ...command], { reject: false });
  }

  /** Runs a command on the back network. */
  async onBack(command: readonly string[]): Promise<{ stdout: string }> {
    return await this.#inHub(command);
  }

  /** @param edges addresses from which headers of PROXY protocol are believed; a proxy of an earlier version believes nobody */
  async startProxies(edges = this.plan.edges.map(({ address }) => address)): Promise<void> {
    const { proxies, pools } = this.plan;
    const places = proxies.map((proxy) => `${proxy.address}:${proxyPort(proxy, pools[0])}`);
    this.#proxies.push(await startEdgeProxy(this.#hub, places, edges, this.#folder));
  }

  /** What the proxies that run now have written. */
  proxiesSaid(): string {
    return this.#proxies.map((proxy) => proxy.output()).join('');
  }

  /** Runs something while nothing answers at a proxy's address any more, as when its host is gone. */
  async withoutAddress(address: string, work: () => Promise<void>): Promise<void> {
    const change = (verb: string): Promise<unknown> =>
      execa('ip', ['-n', this.#hub, 'address', verb, `${address}/24`, 'dev', 'back0']);
    await change('delete');
    try {
      await work();
    } finally {
      await change('add');
    }
  }

  async stopProxies(): Promise<void> {
    await Promise.all(this.#proxies.splice(0).map((proxy) => proxy.stop()));
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#clients, ...this.#edges.values(), ...this.#proxies].map((daemon) => daemon.stop()),
    );
    const edges = this.plan.edges.map((edge) => this.#namespace(edge));
    for (const namespace of [...edges, this.#attacker, this.#hub]) await endNamespace(namespace);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #hub(): string {
    return `${this.#id}-hub`;
  }

  get #attacker(): string {
    return `${this.#id}-app`;
  }

  #namespace(edge: EdgeMember): string {
    return `${this.#id}-${edge.domain}`;
  }

  #home(edge: EdgeMember): string {
    return join(this.#folder, edge.name);
  }

  #paths(home: string): Record<string, string> {
    return {
      TWEMSTACK_SEED: join(home, 'seed'),
      TWEMSTACK_RUN: join(home, 'run'),
      TWEMSTACK_LIB: join(IMAGE, 'lib'),
    };
  }

  async #inHub(command: readonly string[]): Promise<{ stdout: string }> {
    return await execa('nsenter', [`--net=/run/netns/${this.#hub}`, ...command], { reject: false });
  }

  async #wire(): Promise<void> {
    const hub = ['-n', this.#hub];
    await execa('ip', ['netns', 'add', this.#hub]);
    await execa('ip', [...hub, 'link', 'set', 'lo', 'up']);
    const { front, back, proxies, edges } = this.plan;
    await this.#bridge('front0', [front.gateway, CLIENT]);
    await this.#bridge('back0', [back.gateway, ...proxies.map(({ address }) => address)]);
    for (const edge of edges) {
      await execa('ip', ['netns', 'add', this.#namespace(edge)]);
      await execa('ip', ['-n', this.#namespace(edge), 'link', 'set', 'lo', 'up']);
      // Docker promises no order of devices.
      await this.#plug(edge, 'back0', 'eth0', edge.address);
      await this.#plug(edge, 'front0', 'eth1', edge.frontAddress);
    }
  }

  async #bridge(name: string, addresses: readonly string[]): Promise<void> {
    const hub = ['-n', this.#hub];
    await execa('ip', [...hub, 'link', 'add', name, 'type', 'bridge']);
    for (const address of addresses)
      await execa('ip', [...hub, 'address', 'add', `${address}/24`, 'dev', name]);
    await execa('ip', [...hub, 'link', 'set', name, 'up']);
  }

  #plug(edge: EdgeMember, bridge: string, device: string, address: string): Promise<void> {
    return this.#plugInto(this.#namespace(edge), bridge, edge.domain, device, address);
  }

  /** A cable from a namespace's device to a bridge of the hub. */
  async #plugInto(
    namespace: string,
    bridge: string,
    owner: string,
    device: string,
    address: string,
  ): Promise<void> {
    const hub = ['-n', this.#hub];
    const here = ['-n', namespace];
    const port = `${device}-${owner}`;
    const peer = ['type', 'veth', 'peer', 'name', device, 'netns', namespace];
    await execa('ip', [...hub, 'link', 'add', port, ...peer]);
    await execa('ip', [...hub, 'link', 'set', port, 'master', bridge, 'up']);
    await execa('ip', [...here, 'address', 'add', `${address}/24`, 'dev', device]);
    await execa('ip', [...here, 'link', 'set', device, 'up']);
  }

  #seed(edge: EdgeMember): void {
    const home = this.#home(edge);
    mkdirSync(join(home, 'seed'), { recursive: true });
    mkdirSync(join(home, 'run'));
    for (const { name, content } of renderEdgeFiles(this.plan, edge, TEST_CREDENTIALS)) {
      writeFileSync(join(home, 'seed', name), content.replaceAll('/run/twemstack/', `${home}/run/`));
    }
  }
}

function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
