import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildProxy } from '../../proxy/build.ts';
import { accepts, freePorts } from '../../scripts/loopback-ports.ts';
import { CHECKOUT } from '../../scripts/stack/home.ts';

/** Of the pool, for a server that hangs. */
const TIMEOUT_MS = 1000;
const STARTS_WITHIN_MS = 20_000;
/** Of what the proxy said, in characters. */
const LAST_WORDS = 4000;

/** The shipped proxy before real redis-servers that keep what they acknowledged when they are killed. */
export class SoakRig {
  /** @param settings more lines of the pool's section */
  constructor(
    readonly serverCount = 3,
    private readonly settings: readonly string[] = [],
  ) {}

  private readonly folder = mkdtempSync(join(tmpdir(), 'twemstack-soak-'));
  private readonly servers: (ChildProcess | undefined)[] = [];
  private ports: number[] = [];
  private proxy: ChildProcess | undefined;

  get proxyPort(): number {
    return this.ports[this.serverCount];
  }

  get serverPorts(): readonly number[] {
    return this.ports.slice(0, this.serverCount);
  }

  async start(): Promise<void> {
    const executable = join(CHECKOUT, 'dist', 'nutcracker');
    buildProxy(executable);
    this.ports = await freePorts(this.serverCount + 2);
    for (let i = 0; i < this.serverCount; i++) await this.startServer(i);
    const conf = this.writeFile(TIMEOUT_MS);
    const statsPort = String(this.ports[this.serverCount + 1]);
    this.proxy = spawn(executable, ['-c', conf, '-s', statsPort, '-a', '127.0.0.1'], {
      stdio: ['ignore', 'ignore', openSync(this.logFile, 'w')],
    });
    await accepting(this.proxyPort, this.proxy);
  }

  /** @returns where the pool's file is */
  private writeFile(timeout: number): string {
    const conf = join(this.folder, 'nutcracker.yml');
    const list = this.serverPorts.map((port, i) => `  - 127.0.0.1:${port}:1 server${i}\n`);
    const more = this.settings.map((line) => `  ${line}\n`).join('');
    const head = `soak:\n  listen: 127.0.0.1:${this.proxyPort}\n  redis: true\n  timeout: ${timeout}\n${more}  servers:\n`;
    writeFileSync(conf, head + list.join(''));
    return conf;
  }

  /** Has the proxy read its file again. @param timeout in which this stands now, so that every client is let go */
  reload(timeout = TIMEOUT_MS): void {
    this.writeFile(timeout);
    this.proxy?.kill('SIGUSR1');
  }

  async startServer(i: number): Promise<void> {
    const dir = join(this.folder, `server${i}`);
    mkdirSync(dir, { recursive: true });
    // written before it is acknowledged; that it reaches the disk matters only when the machine goes
    const keep = ['--appendonly', 'yes', '--appendfsync', 'no', '--save', ''];
    const args = ['--port', String(this.ports[i]), '--bind', '127.0.0.1', '--dir', dir, ...keep];
    const server = spawn('redis-server', args, { stdio: 'ignore' });
    this.servers[i] = server;
    await accepting(this.ports[i], server);
  }

  /** SIGKILL. */
  async killServer(i: number): Promise<void> {
    await ended(this.servers[i]);
    this.servers[i] = undefined;
  }

  async restartServer(i: number): Promise<void> {
    await this.killServer(i);
    await this.startServer(i);
  }

  signal(i: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.servers[i]?.kill(signal);
  }

  private get logFile(): string {
    return join(this.folder, 'log');
  }

  /** What became of the proxy, for whoever meets an error. */
  get proxyState(): string {
    const { exitCode, signalCode } = this.proxy ?? {};
    const ended = exitCode ?? signalCode ?? null;
    return `the proxy ${ended === null ? 'runs' : `ended with ${ended}`}; its last words:\n${readFileSync(this.logFile, 'utf8').slice(-LAST_WORDS)}`;
  }

  /** Resident memory of the proxy in MB, NaN when it is gone. */
  get proxyMb(): number {
    try {
      const status = readFileSync(`/proc/${this.proxy?.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
    } catch {
      return Number.NaN;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.proxy, ...this.servers].map(ended));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + STARTS_WITHIN_MS; Date.now() < until; await sleep(20)) {
    if (child.exitCode !== null) break;
    if (await accepts(port)) return;
  }
  throw new Error(`${child.spawnfile} does not listen on ${port}`);
}
