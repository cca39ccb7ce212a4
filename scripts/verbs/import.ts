import type { AnyPlan } from '../../topology/types.ts';
import { vipsOf } from '../../topology/vips.ts';
import { holdBackups } from '../backup/hold-backup.ts';
import { EXIT, InputError } from '../errors.ts';
import { importKeys } from '../import/import.ts';
import type { Imported, Wish } from '../import/options.ts';
import { isUrl } from '../import/source-address.ts';
import { type PasswordOptions, sourcePassword } from '../import/source-password.ts';
import { sourcesOf } from '../import/sources.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';
import { demandSameRing } from './same-ring.ts';

export interface ImportVerbOptions extends CommonOptions, PasswordOptions {
  readonly from: string;
  readonly pool?: string;
  readonly merge?: boolean;
  readonly cutOver?: boolean;
  readonly writersStopped?: boolean;
  readonly ca?: string;
}

/** Brings the keys of other Redises into the running stack, and takes their place; exit 1 when that did not come to its end. */
export async function importVerb(options: ImportVerbOptions): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home, reporter, signal, json } = verbContext(options);
  if (options.cutOver === true && options.writersStopped === true) {
    throw new InputError('--cut-over closes the sources, and --writers-stopped leaves them alone', {
      where: '--cut-over --writers-stopped',
      remedy: 'give one of them',
    });
  }
  const credentials = deployedCredentials(home, plan.name);
  const sources = await sourcesOf({
    from: options.from,
    pool: options.pool,
    password: await sourcePassword(options),
    caFile: options.ca,
    plan,
  });
  await demandSameRing(home, plan, options.file, 'nothing was imported');
  await holdBackups(plan);
  const imported = await importKeys({
    home,
    plan,
    credentials,
    // A URL may have a password.
    from: isUrl(options.from) ? sources[0].at.name : options.from,
    sources,
    merge: options.merge === true,
    wish: wishOf(options, json ? undefined : (sentence) => reporter.note(sentence)),
    reporter,
    signal,
  });
  if (json) printJson({ ...imported, use: usesOf(imported.pools, plan) });
  else process.stdout.write(importedText(imported, plan));
  return EXIT.done;
}

/** What the options say from the beginning; else Enter, where there is a terminal. */
function wishOf(
  { cutOver, writersStopped }: ImportVerbOptions,
  tell: ((sentence: string) => void) | undefined,
): () => Wish {
  let wish: Wish = cutOver === true ? 'close' : writersStopped === true ? 'stopped' : 'follow';
  if (wish === 'follow' && process.stdin.isTTY === true) {
    tell?.('Enter cuts over; Ctrl-C ends without');
    process.stdin.once('data', () => {
      wish = 'close';
      process.stdin.pause();
    });
    // Who does not press it must not keep the program from ending.
    process.stdin.unref();
  } else if (wish === 'follow')
    tell?.('follows until it is interrupted; --cut-over cuts over when it is level');
  return () => wish;
}

/** Where applications find their keys now: at each virtual IP, at the ports of these pools. */
export const usesOf = (pools: readonly string[], plan: AnyPlan): string[] =>
  plan.pools
    .filter(({ name }) => pools.includes(name))
    .flatMap(({ listen }) => vipsOf(plan).map(({ address }) => `${address}:${listen}`));

function importedText(imported: Imported, plan: AnyPlan): string {
  const { sources, compared, closed, notes, pausedMs } = imported;
  const counted =
    compared.keys === undefined ? '' : `${compared.keys} keys without an expiry on both sides, `;
  return [
    ...sources.map(
      ({ source, scanned, written, astray }) =>
        `${source}: ${scanned} keys, ${written} values written${astray === 0 ? '' : `; ${astray} left behind: nobody looks for them where they stand`}`,
    ),
    `cut over: nobody could write for ${pausedMs} ms; ${counted}${compared.samples} values compared`,
    '',
    `applications use from now on: ${usesOf(imported.pools, plan).join(', ')}`,
    'with the password of `npx twemstack secret application`',
    ...closed.map(
      ({ source, reopen }) =>
        `${source} takes no more writes (until it is started anew); if it must again: redis-cli ${reopen}`,
    ),
    ...notes.map((note) => `note: ${note}`),
    '',
  ].join('\n');
}
