import type { AnyPlan } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import { isHeld, tryLock } from '../process-lock.mjs';
import { enginesNamed } from './engines.ts';

const deploymentLock = (plan: AnyPlan): string => `deploy ${plan.name} at ${enginesNamed(plan)}`;

/** Whether a stack is being deployed, upgraded or removed from this machine. */
export const isDeploying = (plan: AnyPlan): Promise<boolean> => isHeld(deploymentLock(plan));

/**
 * Keeps others from deploying or removing a stack until this process ends: two at once would take each other's work for
 * left-overs.
 *
 * @throws NotSoError when another process does it already
 */
export async function holdDeployment(plan: AnyPlan): Promise<void> {
  if ((await tryLock(deploymentLock(plan))) !== undefined) return;
  throw new NotSoError(`stack ${plan.name} is being deployed or removed by another process`, {
    where: enginesNamed(plan),
    remedy: 'nothing was changed; wait for its end, then run the same command again',
  });
}
