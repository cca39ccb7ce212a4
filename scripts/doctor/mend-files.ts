import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { routingFile, usableRouting } from '../data/routing-record.ts';
import { inForceFile, parseInForce } from '../deploy/in-force.ts';
import { faultsFile, parseFaults } from '../drill/noted-faults.ts';
import { environmentFile, readEnvironment } from '../prepare/environment.ts';
import { parsePlaced, recordFile } from '../stack/former-hosts.ts';
import type { Home } from '../stack/home.ts';
import { readInstance } from '../stack/instance.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';
import { isReadableState, stateFiles } from '../stack/terraform-state.ts';

/** A file that is damaged, and that twemstack can do without, at a price. */
export interface DamagedFile {
  readonly path: string;
  /** What becomes of its loss, as the end of a sentence. */
  readonly outcome: string;
  /** What takes its place. */
  readonly before?: string;
}

interface Expendable extends DamagedFile {
  readonly isGood: (text: string) => boolean;
}

/**
 * Sets aside what is damaged of a stack's files, and can be made anew or done without. Credentials are not among them:
 * they are nowhere else (`secret adopt`).
 *
 * @returns a sentence for each
 */
export function mendFiles(home: Home, stack: string): string[] {
  return damagedFiles(home, stack).map(({ path, outcome, before }) => {
    renameSync(path, `${path}.damaged`);
    if (before !== undefined) writePrivate(path, before);
    return `${path} was damaged (kept as *.damaged): ${outcome}`;
  });
}

/** What `mendFiles` would set aside. Changes nothing. */
export function damagedFiles(home: Home, stack: string): DamagedFile[] {
  const expendable: Expendable[] = [
    {
      path: environmentFile(home),
      isGood: () => readEnvironment(home) !== undefined,
      outcome: 'what it kept is found out again',
    },
    {
      path: inForceFile(home, stack),
      isGood: (text) => parseInForce(text) !== undefined,
      outcome: 'every member that was reloaded before is told its files once more',
    },
    {
      path: routingFile(home, stack),
      isGood: (text) => usableRouting(text) !== undefined,
      outcome: 'the proxies are asked where keys live',
    },
    {
      path: recordFile(home, stack),
      isGood: (text) => parsePlaced(text) !== undefined,
      outcome: 'a machine that the stack file has no longer is not asked what it still has of the stack',
    },
    {
      path: faultsFile(home, stack),
      isGood: (text) => parseFaults(text) !== undefined,
      outcome:
        'what a drill that was cut off left broken is not known; `twemstack status` shows how members stand',
    },
    {
      path: join(home.stack(stack), 'instance'),
      isGood: (text) => text.trim() === readInstance(home, stack),
      outcome: 'it is read from terraform’s states',
    },
  ];
  const states = stateFiles(home, stack).map((path): Expendable => {
    // A state is as good as the one before it: terraform looks at what is there anyway.
    const backup = readIfPresent(`${path}.backup`);
    const before =
      backup !== undefined && backup.trim() !== '' && isReadableState(backup) ? backup : undefined;
    const outcome =
      before === undefined
        ? 'what it knew is made anew, data volumes are taken as they are'
        : 'the one before it is taken';
    return { path, isGood: isReadableState, outcome, before };
  });
  return [...expendable, ...states].filter(({ path, isGood }) => {
    const text = readIfPresent(path);
    return text !== undefined && !isGood(text);
  });
}
