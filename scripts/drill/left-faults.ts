import { engineAddress } from '../docker-client.ts';
import { type HeldLock, isHeld, tryLock } from '../process-lock.mjs';
import type { Home } from '../stack/home.ts';
import { type NotedFault, readFaults } from './noted-faults.ts';

/** What is known of drills and of what they left behind; apart from what takes it back, so that whoever only looks need not load that. */

const drillLock = (stack: string): string => `drill ${stack} at ${engineAddress()}`;

/** Two drills at once would find each other's faults. undefined: one is running. */
export const holdDrills = (stack: string): Promise<HeldLock | undefined> => tryLock(drillLock(stack));

/** Whether a drill of a stack is running. */
export const isDrilling = (stack: string): Promise<boolean> => isHeld(drillLock(stack));

/** Faults of a drill that is over, and did not take them back; none while one is running. */
export async function faultsLeftBehind(home: Home, stack: string): Promise<readonly NotedFault[]> {
  const faults = readFaults(home, stack);
  return faults.length === 0 || (await isDrilling(stack)) ? [] : faults;
}

/** A fault in words. */
export const describeFault = ({ drill, since, what }: NotedFault): string =>
  `drill ${drill}, at ${since}, was cut off and left this: ${what}`;
