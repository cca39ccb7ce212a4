import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { accepts, freePort, freePorts } from '../../../scripts/loopback-ports.ts';
import type { CandidateName, Programs } from './candidates.ts';
import type { Layout } from './layout.ts';
import { cpuOf } from './process-cpu.ts';

const START_LIMIT_MS = 10_000;
/** redis-benchmark tries for ever when nobody answers. */
const RUN_LIMIT_MS = 120_000;
/** Keys that the loads ask for. */
export const KEYS = 10_000;
const LARGE_VALUE = 1000;

/** How a proxy is set up for a load. */
export interface Setup {
  /** Entries in the list of servers; they are spread over the redis-servers that run. */
  readonly servers?: number;
  /** Pools, each with a port of its own; the load goes to the first. */
  readonly pools?: number;
  /** More lines of every pool's section. */
  readonly settings?: readonly string[];
}

/** A process that is up. */
export interface Running {
  readonly pid: number;
  readonly port: number;
  /** Milliseconds from its start until it accepted a connection. */
  readonly startedIn: number;
  /** Ends it in order; resolves with the milliseconds that it took. */
  stop(): Promise<number>;
}

/** Redis-servers and the proxies before them, each pinned to a CPU. */
export class Rig {
  private readonly folder = mkdtempSync(join(tmpdir(), 'twemstack-bench-'));
  private readonly servers: Running[] = [];
  private readonly replicas: Running[] = [];
  private readonly proxies = new Map<string, Running>();

  private readonly alive = new Set<ChildProcess>();
  private readonly abandon = (): void => {
    for (const child of this.alive) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  };

  constructor(
    private readonly programs: Programs,
    readonly layout: Layout,
  ) {
    process.once('exit', this.abandon);
  }

  /** Starts redis-servers. @param replicas of each */
  async start(servers = 2, replicas = 0): Promise<void> {
    for (let i = 0; i < servers; i++) {
      const master = await this.startRedis([]);
      this.servers.push(master);
      for (let r = 0; r < replicas; r++) {
        this.replicas.push(await this.startRedis(['--replicaof', `127.0.0.1 ${master.port}`]));
      }
      await replicasFollow(master.port, replicas);
    }
  }

  private async startRedis(args: readonly string[]): Promise<Running> {
    const port = await freePort();
    const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', this.folder];
    words.push('--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0');
    return launch(this.layout.otherCpu, ['redis-server', ...words, ...args], port, this.alive);
  }

  get redisPorts(): number[] {
    return this.servers.map((each) => each.port);
  }

  proxy(label: string): Running {
    const found = this.proxies.get(label);
    if (found === undefined) throw new Error(`no proxy ${label} runs`);
    return found;
  }

  /** A fresh proxy in the place of an older one of that label: the original gets slower with age. */
  async fresh(label: string, candidate: CandidateName, setup: Setup = {}): Promise<Running> {
    await this.proxies.get(label)?.stop();
    this.proxies.delete(label);
    const [statsPort, ...ports] = await freePorts(1 + (setup.pools ?? 1));
    const conf = join(this.folder, `${label}.yml`);
    writeFileSync(conf, poolFile(ports, this.redisPorts, setup));
    const log = join(this.folder, `${label}.log`);
    const command = [...this.programs[candidate], '-c', conf, '-o', log, '-s', String(statsPort)];
    const proxy = await launch(this.layout.proxyCpu, [...command, '-a', '127.0.0.1'], ports[0], this.alive);
    this.proxies.set(label, proxy);
    return proxy;
  }

  async stopProxies(): Promise<void> {
    for (const proxy of this.proxies.values()) await proxy.stop();
    this.proxies.clear();
  }

  /** Fills every key that the loads ask for. */
  async populate(label: string, valueSize: number): Promise<void> {
    for (const port of this.redisPorts) await execa('redis-cli', ['-p', String(port), 'FLUSHALL']);
    const pipeline = valueSize > LARGE_VALUE ? '1' : '16';
    const words = ['-n', '60000', '-c', '20', '-P', pipeline, '-r', String(KEYS)];
    await this.generate(label, [...words, 'SET', 'key:__rand_int__', 'x'.repeat(valueSize)]);
  }

  /** Runs redis-benchmark to its end; returns its CSV. @throws Error on any error reply */
  async generate(label: string, args: readonly string[]): Promise<string> {
    const { port } = this.proxy(label);
    const [nice, ...words] = pinned(this.layout.otherCpu, ['redis-benchmark', '-p', String(port), '--csv']);
    const { stdout, stderr } = await execa(nice, [...words, ...args], { timeout: RUN_LIMIT_MS });
    const complaint = /^.*error.*$/im.exec(`${stdout}\n${stderr}`);
    if (complaint !== null) throw new Error(`redis-benchmark through ${label}: ${complaint[0]}`);
    return stdout;
  }

  /** CPU seconds of everything that belongs to the rig and still runs. */
  cpuSeconds(): number {
    const all = [...this.proxies.values(), ...this.servers, ...this.replicas];
    return all.reduce((sum, { pid }) => sum + cpuOf(pid), 0) / 1e9;
  }

  async stop(): Promise<void> {
    await this.stopProxies();
    for (const each of [...this.replicas, ...this.servers]) await each.stop();
    process.off('exit', this.abandon);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** On one CPU, before all others there if the rights suffice (`nice` goes on without). */
export function pinned(cpu: number, command: readonly string[]): string[] {
  return ['nice', '-n', '-20', 'taskset', '-c', String(cpu), ...command];
}

async function replicasFollow(port: number, replicas: number): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const { stdout } = await execa('redis-cli', ['-p', String(port), 'INFO', 'replication']);
    if (stdout.split('state=online').length - 1 === replicas) return;
    if (performance.now() > deadline) throw new Error(`the replicas of 127.0.0.1:${port} do not follow it`);
    await sleep(50);
  }
}

async function launch(
  cpu: number,
  command: string[],
  port: number,
  alive: Set<ChildProcess>,
): Promise<Running> {
  const begun = performance.now();
  const [nice, ...words] = pinned(cpu, command);
  const child = spawn(nice, words, { stdio: 'ignore' });
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() - begun > START_LIMIT_MS) {
      child.kill('SIGKILL');
      throw new Error(`it does not listen on ${port}: ${command.join(' ')}`);
    }
    await sleep(1);
  }
  const startedIn = performance.now() - begun;
  return { pid: child.pid ?? -1, port, startedIn, stop: () => end(child, ended) };
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<number> {
  const begun = performance.now();
  child.kill('SIGTERM');
  await ended;
  return performance.now() - begun;
}

function poolFile(ports: readonly number[], redisPorts: readonly number[], setup: Setup): string {
  const { servers = redisPorts.length, settings = [] } = setup;
  const entries = Array.from(
    { length: servers },
    (_, i) => `   - 127.0.0.1:${redisPorts[i % redisPorts.length]}:1 server${i}`,
  );
  const pool = (port: number, i: number): string[] => [
    `pool${i}:`,
    `  listen: 127.0.0.1:${port}`,
    '  hash: fnv1a_64',
    '  distribution: ketama',
    '  redis: true',
    '  timeout: 10000',
    ...settings.map((line) => `  ${line}`),
    '  servers:',
    ...entries,
  ];
  return `${ports.flatMap(pool).join('\n')}\n`;
}
