/** Takes a backup each time it is told to: a process of its own, as whoever takes one is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { takeBackup } from '../../scripts/backup/backup.ts';
import { standBack } from '../../scripts/backup/stand-back.ts';
import { DirectoryStore } from '../../scripts/backup/store/directory.ts';
import { SILENT } from '../../scripts/report/steps.ts';
import type { Credentials, Plan } from '../../topology/types.ts';

/** What it is told: how one is to be taken, now. */
export interface Order {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly folder: string;
  /** As in `BackupOptions`. */
  readonly rateMb: number;
}

/** What it tells when it is whole. */
export interface Taken {
  readonly bytes: number;
  /** Processor time of this process, milliseconds. */
  readonly cpuMs: number;
}

async function take({ plan, credentials, folder, rateMb }: Order, signal: AbortSignal): Promise<Taken> {
  // A store of its own: two of one second would have to wait for each other.
  const own = mkdtempSync(join(folder, 'backup-'));
  const before = process.cpuUsage();
  const { shards } = await takeBackup({
    plan,
    credentials,
    store: new DirectoryStore(own, plan.name),
    key: undefined,
    fromMaster: false,
    rateMb,
    reporter: SILENT,
    signal,
  });
  rmSync(own, { recursive: true });
  const { user, system } = process.cpuUsage(before);
  return { bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0), cpuMs: (user + system) / 1000 };
}

standBack();
const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort());
process.on('message', (order: Order) => {
  take(order, stopped.signal).then(
    (taken) => process.send?.(taken),
    (error: Error) => {
      if (!stopped.signal.aborted) process.stderr.write(`${error.message}\n`);
      process.exit(stopped.signal.aborted ? 0 : 1);
    },
  );
});
process.once('disconnect', () => process.exit(0));
