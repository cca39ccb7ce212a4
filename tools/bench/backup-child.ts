/** Takes backups one after the other until it is told to end: a process of its own, as whoever takes one is. */
import { retain, takeBackup } from '../../scripts/backup/backup.ts';
import { DirectoryStore } from '../../scripts/backup/store/directory.ts';
import { SILENT } from '../../scripts/report/steps.ts';
import type { Credentials, Plan } from '../../topology/types.ts';

/** What it is told at the beginning. */
export interface Order {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly folder: string;
  /** As in `BackupOptions`. */
  readonly rateMb: number;
}

/** What it tells of each that is whole. */
export interface Taken {
  readonly bytes: number;
}

async function takeAll({ plan, credentials, folder, rateMb }: Order, signal: AbortSignal): Promise<void> {
  const store = new DirectoryStore(folder, plan.name);
  while (!signal.aborted) {
    const given = {
      plan,
      credentials,
      store,
      key: undefined,
      fromMaster: false,
      rateMb,
      reporter: SILENT,
      signal,
    };
    const { shards } = await takeBackup(given);
    const taken: Taken = { bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0) };
    process.send?.(taken);
    await retain(store, 1);
  }
}

const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort());
process.once('message', (order: Order) => {
  takeAll(order, stopped.signal).then(
    () => process.exit(0),
    (error: Error) => {
      if (!stopped.signal.aborted) process.stderr.write(`${error.message}\n`);
      process.exit(stopped.signal.aborted ? 0 : 1);
    },
  );
});
