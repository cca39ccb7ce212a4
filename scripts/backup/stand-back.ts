import { constants, setPriority } from 'node:os';

/**
 * Has this process take what processor time others leave, from here on: a backup has time, and on a machine that holds a stack
 * its clients have not.
 */
export function standBack(): void {
  setPriority(constants.priority.PRIORITY_LOW);
}
