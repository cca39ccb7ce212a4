import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { routingFile, usableRouting } from '../data/routing-record.ts';
import { inForceFile, parseInForce } from '../deploy/in-force.ts';
import { isReadableState, stateFiles } from '../deploy/state.ts';
import { faultsFile, parseFaults } from '../drill/noted-faults.ts';
import { environmentFile, readEnvironment } from '../prepare/environment.ts';
import type { Home } from './home.ts';
import { readInstance } from './instance.ts';
import { readIfPresent, writePrivate } from './private-file.ts';

/** A file that twemstack can do without, at a price. */
interface Expendable {
  readonly path: string;
  readonly isGood: (text: string) => boolean;
  /** What becomes of its loss, as the end of a sentence. */
  readonly outcome: string;
}

/**
 * Sets aside what is damaged of a stack's files, and can be made anew or done without. Credentials are not among them:
 * they are nowhere else (`secret adopt`).
 *
 * @returns a sentence for each
 */
export function mendFiles(home: Home, stack: string): string[] {
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
  return [
    ...expendable.flatMap((file) => setAside(file)),
    ...stateFiles(home, stack).flatMap((path) => mendState(path)),
  ];
}

function setAside({ path, isGood, outcome }: Expendable): string[] {
  const text = readIfPresent(path);
  if (text === undefined || isGood(text)) return [];
  renameSync(path, `${path}.damaged`);
  return [`${path} was damaged (kept as *.damaged): ${outcome}`];
}

/** A state is as good as the one before it: terraform looks at what is there anyway. */
function mendState(path: string): string[] {
  const before = readIfPresent(`${path}.backup`);
  const hasBackup = before !== undefined && before.trim() !== '' && isReadableState(before);
  const outcome = hasBackup
    ? 'the one before it is taken'
    : 'what it knew is made anew, data volumes are taken as they are';
  const said = setAside({ path, isGood: isReadableState, outcome });
  if (said.length > 0 && hasBackup) writePrivate(path, before);
  return said;
}
