import { retain, takeBackup } from '../backup/backup.ts';
import { ensureKey, keyFile } from '../backup/encryption.ts';
import { holdBackups } from '../backup/hold-backup.ts';
import { type Manifest, peekManifest } from '../backup/manifest.ts';
import { openStore } from '../backup/store/open-store.ts';
import { MANIFEST_FILE, readText } from '../backup/store/store.ts';
import { bytesText } from '../data/data-text.ts';
import { formerRouting } from '../data/routing-record.ts';
import { answeringEngine } from '../docker-client.ts';
import { EXIT, InputError } from '../errors.ts';
import { table } from '../report/table.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import type { Home } from '../stack/home.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

export interface BackupVerbOptions extends CommonOptions {
  readonly to?: string;
  readonly encrypt?: boolean;
  readonly keep?: string;
  readonly fromMaster?: boolean;
}

/** Backs up every shard from a replica; exit 1 when that cannot be done whole. */
export async function backupVerb(options: BackupVerbOptions): Promise<number> {
  const plan = loadPlan(options.file);
  const keep = keepOf(options.keep);
  const context = verbContext(options);
  const store = openStore(context.home, plan.name, options.to);
  const credentials = deployedCredentials(context.home, plan.name);
  await holdBackups(plan.name);
  await store.sweep();
  const encryption = options.encrypt === true ? await ensureKey(context.home, plan.name) : undefined;
  if (encryption?.isNew === true) {
    context.reporter.note(
      `note: a key for the backups was made: ${keyFile(context.home, plan.name)}. Keep a copy elsewhere: without it the backups are nothing`,
    );
  }
  const manifest = await takeBackup({
    plan,
    credentials,
    store,
    key: encryption?.key,
    fromMaster: options.fromMaster === true,
    reporter: context.reporter,
    signal: context.signal,
    routing: await routingNow(context.home, plan.name),
  });
  const removed = keep === undefined ? [] : await retain(store, keep);
  const where = `${store.where}/${manifest.id}`;
  if (context.json) printJson({ ...manifest, where, removed });
  else process.stdout.write(backupText(manifest, where, removed));
  return EXIT.done;
}

/** Where keys live now, as the proxies have it; undefined when there is no engine to ask. */
export async function routingNow(home: Home, stack: string): Promise<string | undefined> {
  const engine = await answeringEngine();
  return engine === undefined ? undefined : (await formerRouting(home, stack, engine))?.text;
}

/** The backups of a stack, the newest last; exit 1 when there is none. */
export async function backupListVerb(options: BackupVerbOptions): Promise<number> {
  const plan = loadPlan(options.file);
  const context = verbContext(options);
  const store = openStore(context.home, plan.name, options.to);
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
