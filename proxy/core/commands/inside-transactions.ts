import type { Queued } from './session.ts';

const byId: (Queued | undefined)[] = [];

/** Notes what becomes of a family's command between MULTI and EXEC. */
export function noteQueued(command: number, queued: Queued | undefined): void {
  byId[command] = queued;
}

/** What its family says becomes of a command between MULTI and EXEC; undefined when nothing. */
export function queuedByFamily(command: number): Queued | undefined {
  return byId[command];
}
