import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { renderEdgeFiles } from '../../haproxy/files.ts';
import { proxyPort } from '../../topology/port-block.ts';
import type { HostsPlan, ProxyMember } from '../../topology/types.ts';
import { startEdgeProxy } from './edge-proxy.ts';
import { endNamespace, pidsInside } from './netns.ts';
import { killAll } from './signal-all.ts';
import { type Daemon, spawnDaemon } from './spawn-daemon.ts';
import { hostsPlanOf, TEST_CREDENTIALS } from './stack-fixture.ts';

const IMAGE = resolve('haproxy/image');
const DEVICE = 'eth0';
const CLIENT = '10.0.0.200';

/**
 * The first edge of a stack on several hosts by the image's own scripts, on its host: a network namespace with one device,
 * and the first proxy in it. The other hosts' proxies and a client are in a second one, at the other end of the cable.
 */
export class HostEdge {
  readonly #plan: HostsPlan;
  readonly #id = `tw-h${process.pid.toString(36)}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'twemstack-host-'));
  readonly #proxies: Daemon[] = [];
  #edge: Daemon | undefined;
  #others: Daemon[] = [];

  private constructor(text: string) {
    this.#plan = hostsPlanOf(text);
  }

  static async create(text: string): Promise<HostEdge> {
    const edge = new HostEdge(text);
    try {
      await edge.#wire();
      const [own] = edge.#plan.proxies;
      edge.#proxies.push(await edge.#proxy(edge.#host, [own]));
      await edge.reconnect();
      edge.#seed();
    } catch (error) {
      await edge.close();
      throw error;
    }
    return edge;
  }

  get vip(): string {
    return this.#plan.vip;
  }

  get address(): string {
    return this.#plan.edges[0].address;
  }

  /** Starts the edge, and waits for words of its supervisor. */
  async start(until: string): Promise<void> {
    this.#edge = await spawnDaemon('nsenter', [`--net=/run/netns/${this.#host}`, join(IMAGE, 'entrypoint')], {
      env: { PATH: process.env.PATH, ...this.#paths },
      ready: (output) => output.includes(until),
    });
  }

  /** What the edge said since its last start. */
  said(): string {
    return this.#edge?.output() ?? '';
  }

  async stop(): Promise<void> {
    await this.#edge?.stop();
  }

  /** Ends all of the edge's processes at once, as when its container is killed. */
  async kill(): Promise<void> {
    const own = this.#proxies.map(({ pid }) => pid);
    killAll((await pidsInside(this.#host)).filter((pid) => !own.includes(pid)));
    await this.#edge?.stop();
  }

  async hasVip(): Promise<boolean> {
    const { stdout } = await execa('ip', ['-n', this.#host, '-4', '-o', 'address', 'show', DEVICE]);
    return stdout.includes(` ${this.vip}/32 `);
  }

  async addVip(): Promise<void> {
    await execa('ip', ['-n', this.#host, 'address', 'replace', `${this.vip}/32`, 'dev', DEVICE]);
  }

  /** Whether a client on the network gets an answer from a proxy there. */
  async ask(address: string): Promise<boolean> {
    const words = [
      'timeout',
      '1',
      'redis-cli',
      '-h',
      address,
      '-p',
      String(this.#plan.pools[0].listen),
      'PING',
    ];
    return (await this.#in(this.#lan, words)).stdout.includes('PONG');
  }

  /** First line of the answer of the ops port. */
  async http(path: string): Promise<string> {
    const { address, opsPort } = this.#plan.edges[0];
    const script = `exec 3<>/dev/tcp/${address}/${opsPort}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3`;
    return (await this.#in(this.#lan, ['timeout', '2', 'bash', '-c', script])).stdout.trim();
  }

  /** The container's healthcheck. */
  async health(): Promise<{ exitCode?: number; stdout: string }> {
    return await this.#in(this.#host, [join(IMAGE, 'healthcheck')]);
  }

  /** Pids of a program on the host. */
  async running(program: string): Promise<number[]> {
    return (await pidsInside(this.#host)).filter((pid) => commandOf(pid) === program);
  }

  /** The proxies of the other hosts are gone. */
  async cutOff(): Promise<void> {
    await Promise.all(this.#others.splice(0).map((proxy) => proxy.stop()));
  }

  async reconnect(): Promise<void> {
    const [, ...others] = this.#plan.proxies;
    this.#others = [await this.#proxy(this.#lan, others)];
  }

  async close(): Promise<void> {
    await this.#edge?.stop();
    await Promise.all([...this.#proxies, ...this.#others].map((proxy) => proxy.stop()));
    for (const namespace of [this.#host, this.#lan]) await endNamespace(namespace);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #host(): string {
    return `${this.#id}-a`;
  }

  get #lan(): string {
    return `${this.#id}-lan`;
  }

  get #paths(): Record<string, string> {
    return {
      TWEMSTACK_SEED: join(this.#folder, 'seed'),
      TWEMSTACK_RUN: join(this.#folder, 'run'),
      TWEMSTACK_LIB: join(IMAGE, 'lib'),
    };
  }

  async #wire(): Promise<void> {
    for (const namespace of [this.#lan, this.#host]) {
      await execa('ip', ['netns', 'add', namespace]);
      await execa('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    }
    const peer = ['type', 'veth', 'peer', 'name', DEVICE, 'netns', this.#host];
    await execa('ip', ['-n', this.#lan, 'link', 'add', DEVICE, ...peer]);
    const others = this.#plan.domains.slice(1).map(({ host }) => host.address);
    for (const [namespace, addresses] of [
      [this.#host, [this.address]],
      [this.#lan, [CLIENT, ...others]],
    ] as const) {
      for (const address of addresses)
        await execa('ip', ['-n', namespace, 'address', 'add', `${address}/24`, 'dev', DEVICE]);
      await execa('ip', ['-n', namespace, 'link', 'set', DEVICE, 'up']);
    }
  }

  #proxy(namespace: string, proxies: readonly ProxyMember[]): Promise<Daemon> {
    const { edges, pools } = this.#plan;
    const places = proxies.map((proxy) => `${proxy.address}:${proxyPort(proxy, pools[0])}`);
    const addresses = edges.map(({ address }) => address);
    return startEdgeProxy(namespace, places, addresses, this.#folder);
  }

  #seed(): void {
    mkdirSync(join(this.#folder, 'seed'));
    mkdirSync(join(this.#folder, 'run'));
    for (const { name, content } of renderEdgeFiles(this.#plan, this.#plan.edges[0], TEST_CREDENTIALS))
      writeFileSync(
        join(this.#folder, 'seed', name),
        content.replaceAll('/run/twemstack/', `${this.#folder}/run/`),
      );
  }

  async #in(namespace: string, command: readonly string[]): Promise<{ exitCode?: number; stdout: string }> {
    return await execa('nsenter', [`--net=/run/netns/${namespace}`, ...command], {
      reject: false,
      env: this.#paths,
    });
  }
}

function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
