import type { AnyPlan } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import { type HeldLock, isHeld, tryLock } from '../process-lock.mjs';
import { enginesNamed } from '../stack/engines.ts';

const backupLock = (plan: AnyPlan): string => `backup of ${plan.name} at ${enginesNamed(plan)}`;

/** Whether a stack is being backed up or restored from this machine. */
export const isBackingUp = (plan: AnyPlan): Promise<boolean> => isHeld(backupLock(plan));

/**
 * Keeps others on this machine from backing up, restoring or importing into a stack, until it is released or this process ends.
 *
 * @throws NotSoError when another process does it already
 */
export async function holdBackups(plan: AnyPlan): Promise<HeldLock> {
  const held = await tryLock(backupLock(plan));
  if (held !== undefined) return held;
  throw new NotSoError(`another process backs up, restores or imports into ${plan.name} at this moment`, {
    where: enginesNamed(plan),
    remedy: 'nothing was done; wait for its end, then run the same command again',
  });
}
