import { dirname, resolve } from 'node:path';
import { isOnHosts } from '../../topology/plan.ts';
import { backupRate } from '../../topology/rules-backup.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { retain, takeBackup } from '../backup/backup.ts';
import { ensureKey, keyFile } from '../backup/encryption.ts';
import { holdBackups } from '../backup/hold-backup.ts';
import { type Manifest, peekManifest } from '../backup/manifest.ts';
import { type BackupRecord, noteFailure, noteGood } from '../backup/record.ts';
import { keepSchedule } from '../backup/schedule.ts';
import { standBack } from '../backup/stand-back.ts';
import { openStore } from '../backup/store/open-store.ts';
import { MANIFEST_FILE, readText } from '../backup/store/store.ts';
import { tellMonitors } from '../backup/tell-monitors.ts';
import { bytesText } from '../data/data-text.ts';
import { formerRouting } from '../data/routing-record.ts';
import { answeringEngine } from '../docker-client.ts';
import { EXIT, InputError } from '../errors.ts';
import { table } from '../report/table.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { connectEngines } from '../stack/engines.ts';
import { type Home, stackFilePath, stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, type VerbContext, verbContext } from './context.ts';

export interface BackupVerbOptions extends CommonOptions {
  readonly to?: string;
  readonly encrypt?: boolean;
  readonly keep?: string;
  readonly rate?: string;
  readonly fromMaster?: boolean;
  readonly schedule?: boolean;
}

/** Backs up every shard from a replica; exit 1 when that cannot be done whole. */
export async function backupVerb(options: BackupVerbOptions): Promise<number> {
  // Before anything is waited for: as part of each backup, a mistake here would be one to try again for ever.
  const given = { ...options, keep: keepOf(options.keep), rateMb: rateOf(options.rate) };
  const context = verbContext(options);
  if (options.schedule !== true) return takeOne(given, context);
  await keepSchedule({
    signal: context.signal,
    state: async () => {
      const plan = loadAnyPlan(options.file);
      const { everyMs } = plan.backup;
      if (everyMs === 0) {
        throw new InputError('stack.yaml does not say how often', {
          where: 'backup.every',
          remedy: 'write backup: { every: 1h }',
        });
      }
      const store = openStore(context.home, plan.name, placeOf(options, plan));
      return { everyMs, newest: (await store.ids()).at(-1) };
    },
    take: () => takeOne(given, context),
    tell: (sentence) => void process.stderr.write(`${sentence}\n`),
  });
  return EXIT.done;
}

/** Options as they were understood. */
interface Given extends Omit<BackupVerbOptions, 'keep' | 'rate'> {
  readonly keep: number | undefined;
  readonly rateMb: number | undefined;
}

async function takeOne(options: Given, context: VerbContext): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { keep = plan.backup.keep, rateMb = plan.backup.rateMb } = options;
  const store = openStore(context.home, plan.name, placeOf(options, plan));
  const credentials = deployedCredentials(context.home, plan.name);
  const held = await holdBackups(plan);
  try {
    await store.sweep();
    standBack();
    const isEncrypted = options.encrypt ?? plan.backup.encrypt;
    const manifest = await takeBackup({
      plan,
      credentials,
      store,
      key: isEncrypted ? await keyOf(context, plan.name) : undefined,
      fromMaster: options.fromMaster === true,
      rateMb,
      reporter: context.reporter,
      signal: context.signal,
      routing: await routingNow(context.home, plan, options.file),
    });
    await tell(context, plan, noteGood(context.home, plan.name, Date.now()));
    const removed = keep === 0 ? [] : await retain(store, keep);
    const where = `${store.where}/${manifest.id}`;
    if (context.json) printJson({ ...manifest, where, removed });
    else process.stdout.write(backupText(manifest, where, removed));
    return EXIT.done;
  } catch (error) {
    // One that a person broke off has not failed.
    if (!context.signal.aborted)
      await tell(context, plan, noteFailure(context.home, plan.name, Date.now(), (error as Error).message));
    throw error;
  } finally {
    await held.release();
  }
}

/** Whoever watches the stack hears how it went; that somebody could not be told is no reason to fail. */
async function tell({ reporter }: VerbContext, plan: AnyPlan, record: BackupRecord): Promise<void> {
  if (plan.monitors === undefined) return;
  const engine = await answeringEngine();
  const deaf = engine === undefined ? ['no engine answers'] : await tellMonitors(plan, engine, record);
  for (const why of deaf) reporter.note(`note: a monitor could not be told of the backup: ${why}`);
}

async function keyOf({ home, reporter }: VerbContext, stack: string): Promise<string> {
  const { key, isNew } = await ensureKey(home, stack);
  if (isNew) {
    reporter.note(
      `note: a key for the backups was made: ${keyFile(home, stack)}. Keep a copy elsewhere: without it the backups are nothing`,
    );
  }
  return key;
}

/** Where backups are kept: as the option says, else as stack.yaml does, whose folders begin where it lies. */
export function placeOf(
  { to, file }: { to?: string; file?: string },
  { backup }: AnyPlan,
): string | undefined {
  if (to !== undefined || backup.to === '') return to;
  return backup.to.startsWith('s3://') ? backup.to : resolve(dirname(stackFilePath(file)), backup.to);
}

/** Where keys live now, as the proxies have it; undefined when there is no engine to ask. */
export async function routingNow(
  home: Home,
  plan: AnyPlan,
  file: string | undefined,
): Promise<string | undefined> {
  const engine = isOnHosts(plan)
    ? (await connectEngines(plan, stackFolder(file))).client
    : await answeringEngine();
  return engine === undefined ? undefined : (await formerRouting(home, plan.name, engine))?.text;
}

/** The backups of a stack, the newest last; exit 1 when there is none. */
export async function backupListVerb(options: BackupVerbOptions): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const context = verbContext(options);
  const store = openStore(context.home, plan.name, placeOf(options, plan));
  const backups = await Promise.all(
    (await store.ids()).map(async (id) =>
      peekManifest(await readText(store, id, MANIFEST_FILE), `${store.where}/${id}/${MANIFEST_FILE}`),
    ),
  );
  if (context.json) printJson({ where: store.where, backups });
  else if (backups.length === 0) process.stdout.write(`no backup of ${plan.name} in ${store.where}\n`);
  else {
    const rows = backups.map((manifest) => [
      manifest.id,
      String(keysOf(manifest)),
      bytesText(bytesOf(manifest)),
      String(manifest.shards.length),
      manifest.encrypted ? 'encrypted' : '',
    ]);
    process.stdout.write(`${store.where}\n\n${table(['backup', 'keys', 'size', 'shards', ''], rows)}`);
  }
  return backups.length === 0 ? EXIT.notSo : EXIT.done;
}

function keepOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InputError(`--keep ${text}: this is no number of backups`, {
    where: '--keep',
    remedy: 'a number from 1 to 999999: how many are kept, this one included',
  });
}

/** MB a second, by the rule of backup.rate. */
export function rateOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const read = backupRate(text);
  if ('ok' in read) return read.ok;
  throw new InputError(`--rate ${text}: this ${read.rule}`, { where: '--rate', remedy: read.remedy });
}

const keysOf = ({ shards }: Manifest): number =>
  shards
    .flatMap(({ databases }) => Object.values(databases))
    .reduce((sum, database) => sum + database.keys, 0);

const bytesOf = ({ shards }: Manifest): number => shards.reduce((sum, { bytes }) => sum + bytes, 0);

function backupText(manifest: Manifest, where: string, removed: readonly string[]): string {
  const gone = removed.length === 0 ? '' : `older ones removed: ${removed.join(', ')}\n`;
  const count = keysOf(manifest);
  return `backup ${manifest.id}: ${count} keys of ${manifest.shards.length} shards, ${bytesText(bytesOf(manifest))}\n${where}\n${gone}`;
}
