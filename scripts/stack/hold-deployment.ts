import { engineAddress } from '../docker-client.ts';
import { NotSoError } from '../errors.ts';
import { tryLock } from '../process-lock.mjs';

/**
 * Keeps others from deploying or removing a stack until this process ends: two at once would take each other's work for
 * left-overs.
 *
 * @throws NotSoError when another process does it already
 */
export async function holdDeployment(stack: string): Promise<void> {
  if ((await tryLock(`deploy ${stack} at ${engineAddress()}`)) !== undefined) return;
  throw new NotSoError(`stack ${stack} is being deployed or removed by another process`, {
    where: engineAddress(),
    remedy: 'nothing was changed; wait for its end, then run the same command again',
  });
}
