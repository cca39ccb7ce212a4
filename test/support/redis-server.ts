import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/loopback-ports.ts';
import { type Daemon, spawnDaemon } from './spawn-daemon.ts';

/** A redis-server without persistence on a port of its own. */
export interface RedisServer {
  readonly port: number;
  readonly daemon: Daemon;
  /** A client that gives up at once when the server is gone. */
  readonly client: Redis;
  stop(): Promise<void>;
}

/** Starts a real redis-server on loopback. @param program another one than Debian's */
export async function startRedis(
  settings: readonly string[] = [],
  onPort?: number,
  program = 'redis-server',
): Promise<RedisServer> {
  const port = onPort ?? (await freePort());
  // of its own: a replica leaves a dump behind that the next one would load
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-redis-'));
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    ...settings,
  ];
  const daemon = await spawnDaemon(program, args, {
    cwd: folder,
    ready: (output) => output.includes('Ready to accept connections'),
  });
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  return {
    port,
    daemon,
    client,
    async stop() {
      client.disconnect();
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
