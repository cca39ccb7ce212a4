import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seconds } from '../../scripts/report/steps.ts';
import type { Group } from './groups.ts';
import { type GroupResult, runGroup } from './run-group.ts';

/** Groups that go on at the same time, the one that is shown while it runs first. */
export function turnsOf(groups: readonly Group[]): Group[][] {
  const turns: Group[][] = [];
  for (const group of groups) {
    const last = turns.at(-1);
    if (last !== undefined && last[0].name === group.beside) last.push(group);
    else turns.push([group]);
  }
  return turns;
}

/**
 * Runs the groups of a turn at once. What the first prints is seen as it comes, what the others print one after the other behind it.
 *
 * @param output file descriptor of what is printed
 */
export async function runTurn(
  [shown, ...beside]: readonly Group[],
  signal: AbortSignal,
  output: number,
): Promise<GroupResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-tests-'));
  const tell = (result: GroupResult): GroupResult => {
    writeSync(
      output,
      `== ${result.group}: ${result.complaint ?? 'good'} (${seconds(result.milliseconds)})\n`,
    );
    return result;
  };
  try {
    const others = beside.map((group) => {
      const file = join(folder, group.name);
      const own = openSync(file, 'w');
      return { group, file, ended: runGroup(group, signal, own).finally(() => closeSync(own)) };
    });
    writeSync(output, `\n== ${shown.name}: ${shown.about}\n`);
    const results = [tell(await runGroup(shown, signal, output))];
    for (const { group, file, ended } of others) {
      const result = await ended;
      writeSync(output, `\n== ${group.name}, beside ${shown.name}: ${group.about}\n`);
      writeSync(output, readFileSync(file));
      results.push(tell(result));
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
