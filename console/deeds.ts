import { isBackingUp } from '../scripts/backup/hold-backup.ts';
import { isDrilling } from '../scripts/drill/left-faults.ts';
import { isDeploying } from '../scripts/stack/hold-deployment.ts';
import type { AnyPlan } from '../topology/types.ts';

/** What is being done to a stack from this machine now, in words; whoever does it is asked nothing, and is not held up. */
export async function deedsUnderWay(plan: AnyPlan): Promise<readonly string[]> {
  const deeds: ReadonlyArray<readonly [deed: string, isDone: Promise<boolean>]> = [
    ['a drill', isDrilling(plan.name)],
    ['a deployment', isDeploying(plan)],
    ['a backup or restore', isBackingUp(plan)],
  ];
  const found = await Promise.all(deeds.map(async ([deed, isDone]) => ((await isDone) ? [deed] : [])));
  return found.flat();
}
