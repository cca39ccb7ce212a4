import { engineAddress } from '../docker-client.ts';
import { NotSoError } from '../errors.ts';
import { tryLock } from '../process-lock.mjs';

/**
 * Keeps others on this machine from backing up or restoring a stack until this process ends.
 *
 * @throws NotSoError when another process does it already
 */
export async function holdBackups(stack: string): Promise<void> {
  if ((await tryLock(`backup of ${stack} at ${engineAddress()}`)) !== undefined) return;
  throw new NotSoError(`another process backs up or restores ${stack} at this moment`, {
    where: engineAddress(),
    remedy: 'nothing was done; wait for its end, then run the same command again',
  });
}
