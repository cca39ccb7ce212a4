import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildProxy, findBun } from '../../proxy/build.ts';
import { accepts, freePorts } from '../../scripts/loopback-ports.ts';
import { type Daemon, spawnDaemon } from './spawn-daemon.ts';

/** Which proxy: ours on Bun, ours on Bun as one executable (as shipped), ours on Node, or Debian's nutcracker. */
export type ProxyKind = 'bun' | 'executable' | 'node' | 'original';

/** A proxy that a test started. */
export interface RunningProxy {
  /** One for each pool of the file, in the order asked for. */
  readonly ports: readonly number[];
  readonly statsPort: number;
  readonly daemon: Daemon;
  /** The pool file; rewrite it and send SIGUSR1 to reload. */
  readonly confFile: string;
  /** Ends it and starts another on the same ports. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a proxy and waits until every pool accepts connections.
 * @param pools how many ports are needed
 * @param conf the pool file, given the ports
 * @param openFiles its limit on open files, soft and hard
 */
export async function startProxy(
  kind: ProxyKind,
  pools: number,
  conf: (ports: readonly number[]) => string,
  flags: readonly string[] = [],
  openFiles?: number,
): Promise<RunningProxy> {
  const [statsPort, ...ports] = await freePorts(pools + 1);
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-proxy-'));
  const confFile = join(folder, 'nutcracker.yml');
  writeFileSync(confFile, conf(ports));
  const [program, args] = commandOf(kind);
  const log = kind === 'original' ? ['-o', join(folder, 'log')] : [];
  const words = [...args, '-c', confFile, '-s', String(statsPort), '-a', '127.0.0.1', ...log, ...flags];
  const limited = ['-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', program, ...words];
  const start = (): Promise<Daemon> =>
    spawnDaemon(openFiles === undefined ? program : 'sh', openFiles === undefined ? words : limited, {
      ready: async () => (await Promise.all(ports.map(accepts))).every(Boolean),
    });
  let daemon = await start();
  return {
    ports,
    statsPort,
    get daemon() {
      return daemon;
    },
    confFile,
    async restart() {
      await daemon.stop();
      daemon = await start();
    },
    async stop() {
      const ended = daemon.ended();
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
      // Clients that connect again, and whoever restarts what ended, would hide it.
      if (kind !== 'original' && ended === 1)
        throw new Error(`the proxy had ended by itself:\n${daemon.output()}`);
    },
  };
}

/** A pool file for `startProxy` with one pool, `alpha`, of these redis-servers and with nothing else set. */
export function poolOf(...servers: readonly { readonly port: number }[]) {
  const list = servers.map(({ port }, i) => `  - 127.0.0.1:${port}:1 server${i}\n`).join('');
  return ([port]: readonly number[]): string =>
    `alpha:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n${list}`;
}

/** Program and leading arguments of a kind. */
export function commandOf(kind: ProxyKind): [program: string, args: string[]] {
  const script = resolve('proxy/nutcracker.ts');
  // by its full path: npx puts our own `nutcracker` first
  if (kind === 'original') return ['/usr/sbin/nutcracker', []];
  if (kind === 'bun') return [findBun(), [script]];
  if (kind === 'executable') {
    const executable = resolve('dist/nutcracker');
    buildProxy(executable);
    return [executable, []];
  }
  return [process.execPath, ['--import', import.meta.resolve('tsx'), script]];
}
