import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnyPlan } from '../../topology/types.ts';
import type { Reporter } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';
import { stackOrder } from './synth.ts';

/** As long as terraform itself waits for another one's lock on a state. */
const PATIENCE_MS = 120_000;
const POLL_MS = 100;
const PROGRAMS: readonly string[] = ['terraform', 'tofu'];

/**
 * Waits for every terraform that is at work in a folder of the stack. Whoever holds the deployment has not started one yet: it is of a run
 * that was killed outright, which it outlives, and a stack that it has not begun to make is in no state and would be passed over.
 *
 * @param patienceMs then things take their course: terraform's own lock still keeps two from one state
 * @throws the signal's reason
 */
export async function awaitLeftTerraform(
  {
    home,
    reporter,
    signal,
  }: { readonly home: Home; readonly reporter: Reporter; readonly signal: AbortSignal },
  plan: AnyPlan,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const folders = new Set(stackOrder(plan).flatMap((stack) => realPath(home.terraformDir(stack))));
  if (workingIn(folders).length === 0) return;
  await reporter.step('terraform of a run that was killed', async (step) => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const working = workingIn(folders);
      if (working.length === 0) return step.outcome('is at its end');
      if (performance.now() > deadline) return step.outcome(`still at work in ${working.join(', ')}`);
      step.progress(`waiting for its end in ${working.join(', ')}`);
      await delay(POLL_MS);
      signal.throwIfAborted();
    }
  });
}

/** Names of those of the folders that a terraform works in. */
function workingIn(folders: ReadonlySet<string>): string[] {
  const found = readdirSync('/proc').flatMap((pid) => (/^\d+$/.test(pid) ? terraformFolder(pid) : []));
  return [...new Set(found.filter((folder) => folders.has(folder)).map((folder) => basename(folder)))];
}

function terraformFolder(pid: string): string[] {
  try {
    const program = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    return PROGRAMS.includes(program) ? [readlinkSync(`/proc/${pid}/cwd`)] : [];
  } catch {
    // It has ended meanwhile, or is somebody else's.
    return [];
  }
}

function realPath(folder: string): string[] {
  try {
    return [realpathSync(folder)];
  } catch {
    // Never synthesised: nobody works there.
    return [];
  }
}
