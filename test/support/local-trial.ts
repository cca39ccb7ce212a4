import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { TRIAL_SETTINGS, type TrialRedis } from '../../scripts/backup/trial/trial-redis.ts';
import { type Daemon, spawnDaemon } from './spawn-daemon.ts';

/** What `backup verify` restores into, as a process instead of a container. */
export async function localTrial(): Promise<TrialRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-trial-'));
  let daemon: Daemon | undefined;
  return {
    async load(rdb) {
      await pipeline(rdb, createWriteStream(join(folder, 'dump.rdb')));
      const settings = TRIAL_SETTINGS.split(' ').map((word) => (word === '""' ? '' : word));
      daemon = await spawnDaemon('redis-server', settings, {
        cwd: folder,
        ready: (output) => output.includes('eady to accept connections'),
      });
    },
    async ask(commands) {
      const socket = join(folder, 'redis.sock');
      const { stdout } = await execa('redis-cli', ['-s', socket], { input: `${commands.join('\n')}\n` });
      return stdout.split('\n');
    },
    async end() {
      await daemon?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
