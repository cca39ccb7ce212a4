import type { ContainerState } from '../observe/engine.ts';

/** A member that has run for so long has come to itself. Milliseconds. */
const SETTLED_MS = 60_000;
const FEW = 3;

/** Whether a container ends again and again soon after its start. */
export const isLooping = ({ status, restarts, startedAt }: ContainerState, now: number): boolean =>
  status === 'restarting' || (status === 'running' && restarts >= FEW && now - startedAt < SETTLED_MS);
