import { holdBackups } from '../backup/hold-backup.ts';
import { type Restored, restoreBackup } from '../backup/restore/restore.ts';
import { EXIT } from '../errors.ts';
import { seconds } from '../report/steps.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { chosenBackup, type StoredBackupOptions } from './backup-verify.ts';
import { printJson, verbContext } from './context.ts';
import { demandSameRing } from './same-ring.ts';

/** Brings the keys of a backup into the running stack; exit 1 when that did not come to its end. */
export async function restoreVerb(
  options: StoredBackupOptions & { readonly replace?: string },
  name = 'latest',
): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home, reporter, signal, json } = verbContext(options);
  const credentials = deployedCredentials(home, plan.name);
  const backup = await chosenBackup(options, name, plan, home);
  await demandSameRing(home, plan, options.file, 'nothing was restored');
  await holdBackups(plan);
  const begin = performance.now();
  const { replace } = options;
  const restored = await restoreBackup({ home, plan, credentials, backup, replace, reporter, signal });
  const elapsedMs = Math.round(performance.now() - begin);
  if (json) printJson({ backup: backup.where, elapsedMs, ...restored });
  else process.stdout.write(restoredText(backup.where, restored, elapsedMs));
  return EXIT.done;
}

function restoredText(where: string, restored: Restored, elapsedMs: number): string {
  const { shards, expired, leftOut, before } = restored;
  const written = Object.values(shards).reduce((sum, keys) => sum + keys, 0);
  const parts = [
    `${written} keys (${Object.entries(shards)
      .map(([shard, keys]) => `${shard}: ${keys}`)
      .join(', ')})`,
    ...(before > 0 ? [`${before} were done before`] : []),
    ...(expired > 0 ? [`${expired} have expired since`] : []),
    ...(leftOut > 0
      ? [`${leftOut} were left out: no pool found them where they stood, and they have no place now`]
      : []),
  ];
  return `restored from ${where} in ${seconds(elapsedMs)}: ${parts.join('; ')}\n`;
}
