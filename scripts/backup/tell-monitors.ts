import type Docker from 'dockerode';
import { renderBackupRules } from '../../monitoring/backup-rules.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { execInContainer, signalContainer } from '../observe/engine.ts';
import type { BackupRecord } from './record.ts';

/** Puts a file in its place, whole: Prometheus may read at any time. */
const PLACE = 'printf %s "$1" > /data/rules/.backup && mv /data/rules/.backup /data/rules/backup.yml';

/**
 * Tells the monitors of a stack how its backups went, for the alerts on them.
 *
 * @returns whoever could not be told, and why: a backup is none the worse for it
 */
export async function tellMonitors(
  { monitors = [] }: AnyPlan,
  engine: Docker,
  record: BackupRecord,
): Promise<string[]> {
  const rules = renderBackupRules(record.lastGood, record.lastFailure?.at);
  const told = await Promise.allSettled(
    monitors.map(async ({ name }) => {
      await execInContainer(engine, name, ['sh', '-c', PLACE, 'sh', rules]);
      await signalContainer(engine, name, 'HUP');
    }),
  );
  return told.flatMap((each, index) =>
    each.status === 'rejected' ? [`${monitors[index].name}: ${(each.reason as Error).message}`] : [],
  );
}
