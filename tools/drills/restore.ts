import { NotSoError } from '../../scripts/errors.ts';
import type { Reporter } from '../../scripts/report/steps.ts';
import { table } from '../../scripts/report/table.ts';
import { readCredentials } from '../../scripts/stack/credentials.ts';
import type { Home } from '../../scripts/stack/home.ts';
import type { Plan } from '../../topology/types.ts';
import { DrilledKeys, type Found } from './keys.ts';
import { type Ended, twemstack } from './twemstack.ts';

/** From the loss of everything to the last key read back, without what it takes to notice. */
const WITHIN_MS = 10 * 60_000;

/** A stack that was lost with all its data, and got back. */
export interface RestoreDrill {
  /** Keys that the backup holds. */
  readonly keys: number;
  /** Those that were not restored, and those that nobody finds where applications look. */
  readonly lost: number;
  /** Those that have another value, or another expiry. */
  readonly changed: number;
  /** Milliseconds. */
  readonly steps: { readonly backup: number; readonly up: number; readonly restore: number };
  /** From when all was gone until every key was back and the stack whole. */
  readonly withoutMs: number;
  readonly passed: boolean;
}

interface RestoreDrillOptions {
  readonly plan: Plan;
  readonly home: Home;
  /** How many keys there are to be lost. */
  readonly keys: number;
  readonly reporter: Reporter;
}

/**
 * Fills a stack, backs it up, removes it with its volumes and passwords, makes it again and restores it.
 *
 * @throws NotSoError when a step of it does not succeed
 */
export async function drillRestore({
  plan,
  home,
  keys,
  reporter,
}: RestoreDrillOptions): Promise<RestoreDrill> {
  const drilled = new DrilledKeys(keys, plan);
  await reporter.step(`write ${keys} keys`, (step) =>
    drilled.write(passwordOf(home, plan), (written) => step.progress(`${written} of ${keys}`)),
  );
  const backup = await timed(reporter, 'backup', '--json');
  const { shards } = JSON.parse(backup.stdout) as BackupDocument;
  const held = sum(shards.flatMap(({ databases }) => Object.values(databases).map((each) => each.keys)));
  await timed(reporter, 'down', '--volumes');
  const lostAt = performance.now();
  const up = await timed(reporter, 'up');
  const restore = await timed(reporter, 'restore', '--json');
  const { shards: written, expired } = JSON.parse(restore.stdout) as RestoreDocument;
  await timed(reporter, 'status');
  const found = await reporter.step('read every key back', (step) =>
    drilled.find(passwordOf(home, plan), (read) => step.progress(`${read} of ${keys}`)),
  );
  const withoutMs = Math.round(performance.now() - lostAt);
  return judgeRestore({
    keys: held,
    restored: sum(Object.values(written)),
    expired,
    found,
    steps: { backup: backup.ms, up: up.ms, restore: restore.ms },
    withoutMs,
  });
}

interface Seen extends Pick<RestoreDrill, 'keys' | 'steps' | 'withoutMs'> {
  readonly restored: number;
  /** Keys whose time was over when they were restored. */
  readonly expired: number;
  readonly found: Found;
}

/** Holds what was seen against what is promised. Pure. */
export function judgeRestore({ keys, restored, expired, found, steps, withoutMs }: Seen): RestoreDrill {
  const lost = Math.max(keys - restored - expired, found.missing);
  const { changed } = found;
  const passed = lost === 0 && changed === 0 && withoutMs <= WITHIN_MS;
  return { keys, lost, changed, steps, withoutMs, passed };
}

/** For a terminal, as reports of drills are. */
export function restoreText({ keys, lost, changed, steps, withoutMs, passed }: RestoreDrill): string {
  const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`;
  const verdict = (isKept: boolean): string => (isKept ? 'kept' : 'BROKEN');
  const rows = [
    ['keys of the backup lost', 'none', String(lost), verdict(lost === 0)],
    ['keys that came back another', 'none', String(changed), verdict(changed === 0)],
    [
      'from nothing to whole, with every key',
      `<= ${minutes(WITHIN_MS)}`,
      minutes(withoutMs),
      verdict(withoutMs <= WITHIN_MS),
    ],
  ];
  const times = Object.entries(steps).map(([step, ms]) => `${step} ${minutes(ms)}`);
  return `\nrestore: ${passed ? 'passed' : 'MISSED'}, ${keys} keys in the backup; ${times.join(', ')}\n${table(['promise', 'limit', 'seen', ''], rows)}`;
}

interface BackupDocument {
  readonly shards: ReadonlyArray<{
    readonly databases: Readonly<Record<string, { readonly keys: number }>>;
  }>;
}

interface RestoreDocument {
  readonly shards: Readonly<Record<string, number>>;
  readonly expired: number;
}

/** A verb as an operator types it, which has to succeed. */
async function timed(
  reporter: Reporter,
  ...words: string[]
): Promise<Pick<Ended, 'stdout'> & { readonly ms: number }> {
  const began = performance.now();
  const line = `twemstack ${words.join(' ')}`;
  const { exitCode, stdout, stderr } = await reporter.step(line, () => twemstack(words));
  if (exitCode !== 0) throw new NotSoError(`${line} ended with ${exitCode}:\n${stdout}${stderr}`);
  return { stdout, ms: Math.round(performance.now() - began) };
}

/** Who made the stack again has new ones. */
function passwordOf(home: Home, { name }: Plan): string {
  const credentials = readCredentials(home, name);
  if (credentials === undefined)
    throw new NotSoError(`stack ${name} has no passwords`, { where: home.stack(name) });
  return credentials.application;
}

const sum = (figures: readonly number[]): number => figures.reduce((all, figure) => all + figure, 0);
