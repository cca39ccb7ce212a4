import { engineAddress } from '../docker-client.ts';
import { NotSoError } from '../errors.ts';
import { type HeldLock, isHeld, tryLock } from '../process-lock.mjs';

const backupLock = (stack: string): string => `backup of ${stack} at ${engineAddress()}`;

/** Whether a stack is being backed up or restored from this machine. */
export const isBackingUp = (stack: string): Promise<boolean> => isHeld(backupLock(stack));

/**
 * Keeps others on this machine from backing up, restoring or importing into a stack, until it is released or this process ends.
 *
 * @throws NotSoError when another process does it already
 */
export async function holdBackups(stack: string): Promise<HeldLock> {
  const held = await tryLock(backupLock(stack));
  if (held !== undefined) return held;
  throw new NotSoError(`another process backs up, restores or imports into ${stack} at this moment`, {
    where: engineAddress(),
    remedy: 'nothing was done; wait for its end, then run the same command again',
  });
}
