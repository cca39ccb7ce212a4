import type { AnyPlan } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import { tryLock } from '../process-lock.mjs';
import { enginesNamed } from './engines.ts';

/**
 * Keeps others from deploying or removing a stack until this process ends: two at once would take each other's work for
 * left-overs.
 *
 * @throws NotSoError when another process does it already
 */
export async function holdDeployment(plan: AnyPlan): Promise<void> {
  const { name } = plan;
  const place = enginesNamed(plan);
  if ((await tryLock(`deploy ${name} at ${place}`)) !== undefined) return;
  throw new NotSoError(`stack ${name} is being deployed or removed by another process`, {
    where: place,
    remedy: 'nothing was changed; wait for its end, then run the same command again',
  });
}
