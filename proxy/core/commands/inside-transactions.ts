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

/** How its family finds the keys of a command; undefined when that is not the family's business. */
export function keysByFamily(command: number): Extract<Queued, { keys: unknown }>['keys'] | undefined {
  const queued = byId[command];
  return queued !== undefined && 'keys' in queued ? queued.keys : undefined;
}
