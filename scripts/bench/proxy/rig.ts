import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePorts } from './ports.ts';

export const CANDIDATES = ['original', 'ours'] as const;
export type Candidate = (typeof CANDIDATES)[number];

interface Started {
  pid: number;
  stop(): Promise<void>;
}

/** Two redis-servers and both proxies before them, everything pinned to one CPU. */
export class Rig {
  private readonly folder = mkdtempSync(join(tmpdir(), 'twemstack-bench-'));
  private readonly started: Started[] = [];
  private readonly proxies = new Map<Candidate, Started>();
  private ports: Record<Candidate, number> = { original: 0, ours: 0 };
  private statsPorts: Record<Candidate, number> = { original: 0, ours: 0 };
  redisPorts: number[] = [];

  constructor(private readonly cpu: string) {}

  async start(): Promise<void> {
    const [a, b, original, ours, statsOriginal, statsOurs] = await freePorts(6);
    this.redisPorts = [a, b];
    this.ports = { original, ours };
    this.statsPorts = { original: statsOriginal, ours: statsOurs };
    for (const port of this.redisPorts) {
      const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
      this.started.push(await this.launch('redis-server', args, port));
    }
  }

  portOf(candidate: Candidate): number {
    return this.ports[candidate];
  }

  pidOf(candidate: Candidate): number {
    return this.proxies.get(candidate)?.pid ?? -1;
  }

  /** Fresh proxies: the original gets slower with age. */
  async restartProxies(): Promise<void> {
    for (const candidate of CANDIDATES) {
      await this.proxies.get(candidate)?.stop();
      const port = this.ports[candidate];
      const conf = join(this.folder, `${candidate}.yml`);
      writeFileSync(conf, poolFile(port, this.redisPorts));
      const program = candidate === 'ours' ? resolve('dist/nutcracker') : '/usr/sbin/nutcracker';
      const log = join(this.folder, `${candidate}.log`);
      const args = ['-c', conf, '-o', log, '-s', String(this.statsPorts[candidate]), '-a', '127.0.0.1'];
      this.proxies.set(candidate, await this.launch(program, args, port));
    }
  }

  /** Fills every key that the loads ask for. */
  async populate(valueSize: number): Promise<void> {
    for (const port of this.redisPorts) await execa('redis-cli', ['-p', String(port), 'FLUSHALL']);
    const args = [
      '-p',
      String(this.ports.original),
      '-n',
      '60000',
      '-c',
      '20',
      '-P',
      valueSize > 1000 ? '1' : '16',
    ];
    await execa('redis-benchmark', [
      ...args,
      '-r',
      '10000',
      '-q',
      'SET',
      'key:__rand_int__',
      'x'.repeat(valueSize),
    ]);
  }

  async run(candidate: Candidate, requests: number, args: readonly string[]): Promise<string> {
    const words = ['-p', String(this.ports[candidate]), '-n', String(requests), '--csv', ...args];
    const { stdout } = await execa('taskset', ['-c', this.cpu, 'redis-benchmark', ...words]);
    if (/error/i.test(stdout)) throw new Error(`${candidate}: ${stdout}`);
    return stdout;
  }

  async stop(): Promise<void> {
    for (const each of [...this.proxies.values(), ...this.started]) await each.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async launch(program: string, args: string[], port: number): Promise<Started> {
    const child = spawn('taskset', ['-c', this.cpu, program, ...args], { stdio: 'ignore' });
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      await gone;
    };
    for (let attempt = 0; !(await accepts(port)); attempt++) {
      if (attempt > 200) throw new Error(`${program} does not listen on ${port}`);
      await sleep(25);
    }
    return { pid: child.pid ?? -1, stop };
  }
}

function poolFile(port: number, servers: readonly number[]): string {
  const lines = [
    'bench:',
    `  listen: 127.0.0.1:${port}`,
    '  hash: fnv1a_64',
    '  distribution: ketama',
    '  redis: true',
  ];
  return [
    ...lines,
    '  timeout: 10000',
    '  servers:',
    ...servers.map((each) => `   - 127.0.0.1:${each}:1`),
    '',
  ].join('\n');
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}
