import type { Plan } from '../../topology/types.ts';
import { holdBackups } from '../backup/hold-backup.ts';
import { type Restored, restoreBackup } from '../backup/restore/restore.ts';
import { findBackup } from '../backup/stored-backup.ts';
import { movesText } from '../data/data-text.ts';
import { keyMoves } from '../data/key-moves.ts';
import { EXIT, InputError } from '../errors.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import { seconds } from '../report/steps.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import type { Home } from '../stack/home.ts';
import { loadPlan } from '../stack/load.ts';
import { placeOf, routingNow } from './backup.ts';
import type { StoredBackupOptions } from './backup-verify.ts';
import { printJson, verbContext } from './context.ts';

/** Brings the keys of a backup into the running stack; exit 1 when that did not come to its end. */
export async function restoreVerb(
  options: StoredBackupOptions & { readonly replace?: string },
  name = 'latest',
): Promise<number> {
  const plan = loadPlan(options.file);
  const { home, reporter, signal, json } = verbContext(options);
  const credentials = deployedCredentials(home, plan.name);
  const backup = await findBackup({
    home,
    stack: plan.name,
    name,
    to: placeOf(options, plan),
    keyFile: options.key,
  });
  await demandSameRing(home, plan);
  await holdBackups(plan.name);
  const begin = performance.now();
  const { replace } = options;
  const restored = await restoreBackup({ home, plan, credentials, backup, replace, reporter, signal });
  const elapsedMs = Math.round(performance.now() - begin);
  if (json) printJson({ backup: backup.where, elapsedMs, ...restored });
  else process.stdout.write(restoredText(backup.where, restored, elapsedMs));
  return EXIT.done;
}

/** Keys go where stack.yaml says, and there the proxies have to look for them. */
async function demandSameRing(home: Home, plan: Plan): Promise<void> {
  const running = await routingNow(home, plan.name);
  const moves = running === undefined ? [] : keyMoves(running, renderNutcrackerYml(plan));
  if (moves.length === 0) return;
  throw new InputError(
    `stack.yaml looks for keys elsewhere than the proxies do that run; nothing was restored\n\n${movesText(moves)}`,
    { where: `stack ${plan.name}`, remedy: 'run `twemstack up` first, or take the change back' },
  );
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
