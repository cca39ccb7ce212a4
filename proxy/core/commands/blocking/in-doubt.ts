import type { PoolServer } from '../../server/server.ts';
import type { PoolContext } from '../session.ts';

/** All that one master's death does to those who wait there comes within this many milliseconds. */
const TOGETHER = 100;

/** Whether a command answers with what it moved, which lies at its destination then. */
export const moves = (command: string): boolean => command === 'blmove' || command === 'brpoplpush';

/** What the server gave without its answer's arriving is kept there for who asked. */
export const isKept = (command: string): boolean => moves(command) || command === 'xreadgroup';

/** What became of an element that the server gave when its answer was lost: those who kept a copy find it there. */
function whereabouts(command: string): string {
  if (moves(command)) return 'what it moved just then lies at its destination';
  if (command === 'xreadgroup') return 'what it gave just then is pending for its consumer';
  return 'what it popped just then is lost';
}

/** In words, for a client whose request will not be asked again. */
export const inDoubt = (command: string): string => `if it was answered, ${whereabouts(command)}`;

/** What comes of a client whose request is in doubt. */
export type Consequence = 'asked again' | 'their connections were closed';

interface Lost {
  readonly why: string;
  readonly consequence: Consequence;
  readonly counts: Map<string, number>;
}

const lately: Record<Consequence, WeakMap<PoolServer, Lost>> = {
  'asked again': new WeakMap(),
  'their connections were closed': new WeakMap(),
};

/**
 * A request that takes something was on its way when its connection was lost: counts it, and soon says so for all of that
 * server in one line.
 */
export function noteInDoubt(
  pool: PoolContext,
  server: PoolServer,
  command: string,
  why: string,
  consequence: Consequence,
): void {
  pool.stats.inDoubt++;
  const known = lately[consequence];
  let lost = known.get(server);
  if (lost === undefined) {
    const first: Lost = { why, consequence, counts: new Map() };
    lost = first;
    known.set(server, first);
    setTimeout(() => {
      known.delete(server);
      pool.warn(lineOf(server.name, first));
    }, TOGETHER).unref();
  }
  lost.counts.set(command, (lost.counts.get(command) ?? 0) + 1);
}

function lineOf(server: string, { consequence, counts, why }: Lost): string {
  const each = [...counts].map(([command, count]) => `'${command}' (${count} ×; ${inDoubt(command)})`);
  return `the connection to '${server}' was lost (${why}) while clients waited there in ${each.join(', ')}: ${consequence}`;
}
