import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { findBackup, type StoredBackup } from '../backup/stored-backup.ts';
import { trialEngine, trialInContainer } from '../backup/trial/container.ts';
import { verifyBackup } from '../backup/verify.ts';
import { dockerClient } from '../docker-client.ts';
import { EXIT } from '../errors.ts';
import { connectEngines } from '../stack/engines.ts';
import { type Home, stackFolder } from '../stack/home.ts';
import { readInstance } from '../stack/instance.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { placeOf } from './backup.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Options of the verbs that read a backup. */
export interface StoredBackupOptions extends CommonOptions {
  readonly to?: string;
  readonly key?: string;
}

/** The backup that somebody named. @throws as `findBackup` */
export const chosenBackup = (
  options: StoredBackupOptions,
  name: string,
  plan: AnyPlan,
  home: Home,
): Promise<StoredBackup> =>
  findBackup({ home, stack: plan.name, name, to: placeOf(options, plan), keyFile: options.key });

/** Restores a backup into containers of its own and compares; exit 1 when something is not as it was. */
export async function backupVerifyVerb(options: StoredBackupOptions, name = 'latest'): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home, reporter, signal, json } = verbContext(options);
  const backup = await chosenBackup(options, name, plan, home);
  const engine = isOnHosts(plan)
    ? await trialEngine(await connectEngines(plan, stackFolder(options.file)))
    : await dockerClient();
  const instance = readInstance(home, plan.name);
  const trial = () => trialInContainer(engine, plan.name, instance);
  const shards = await verifyBackup(backup, trial, reporter, signal);
  const keys = shards.reduce((sum, shard) => sum + shard.keys, 0);
  if (json) printJson({ backup: backup.where, keys, shards });
  else {
    const samples = shards.reduce((sum, shard) => sum + shard.samples, 0);
    process.stdout.write(
      `${backup.where}: comes back as it was, ${keys} keys of ${shards.length} shards; ${samples} values compared\n`,
    );
  }
  return EXIT.done;
}
