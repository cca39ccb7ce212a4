/**
 * The guard of one redis: `guard SEED DATA PID VERDICT`. Runs beside redis-server for as long as PID lives.
 * VERDICT is what the entrypoint found out, `master` or `replica`.
 */
import { readFileSync, statSync } from 'node:fs';
import { type GuardConfig, readConfig } from './config.ts';
import { Guard } from './guard.ts';
import { GuardServer } from './link/server.ts';
import { MemoryFile } from './memory-file.ts';
import { parseQuestion } from './messages.ts';

/** How often the own redis is looked for, and the files. Milliseconds. */
const ALIVE_MS = 100;
const FILES_MS = 1000;
const RETRY_MS = 50;

const [seed, data, pidText, verdict] = process.argv.slice(2);
if (seed === undefined || data === undefined || !/^\d+$/.test(pidText ?? '')) {
  process.stderr.write('usage: guard SEED DATA PID master|replica\n');
  process.exit(2);
}
const pid = Number(pidText);

function lives(): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** guard.json, read anew when it was replaced: passwords change while a member runs. */
class ConfigFile {
  private stamp = 0;
  private current: GuardConfig;

  constructor() {
    this.current = readConfig(seed);
    this.stamp = statSync(`${seed}/guard.json`).mtimeMs;
  }

  read = (): GuardConfig => this.current;

  refresh(log: (text: string) => void): void {
    try {
      const { mtimeMs } = statSync(`${seed}/guard.json`);
      if (mtimeMs === this.stamp) return;
      this.current = readConfig(seed);
      this.stamp = mtimeMs;
    } catch (error) {
      log(`guard.json: ${(error as Error).message}; going on with what it said before`);
    }
  }
}

const files = new ConfigFile();
const { name, address, guardPort, peers } = files.read();
const log = (text: string): void => {
  process.stdout.write(`twemstack-guard ${Date.now()} ${name}: ${text}\n`);
};

setInterval(() => {
  if (!lives()) process.exit(0);
}, ALIVE_MS);
setInterval(() => files.refresh(log), FILES_MS);

/** One guard a redis: the one before may still be about to end, and the port is what it holds until then. */
async function listening(server: GuardServer): Promise<void> {
  for (;;) {
    try {
      await server.listen();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}

let guard: Guard | undefined;
await listening(
  new GuardServer({
    name,
    address,
    port: guardPort,
    peers: peers.map((peer) => peer.address),
    secrets: () => files.read().passwords,
    answer: async (from, value) => {
      const question = parseQuestion(value);
      if (question === undefined || guard === undefined) throw new Error('nothing that can be answered');
      return await guard.answer(from, question);
    },
  }),
);
guard = new Guard({
  config: files.read,
  memory: new MemoryFile(`${data}/live/guard.json`, log),
  startsAsMaster: verdict === 'master',
  hollow: `${data}/live/hollow`,
  log,
  killRedis: () => process.kill(pid, 'SIGKILL'),
  endRedis: () => {
    if (lives()) process.kill(pid, 'SIGTERM');
  },
  flushes: () => /^appendfsync (\w+)$/m.exec(readFileSync(`${seed}/redis.conf`, 'utf8'))?.[1] ?? '',
});
guard.start();
