import type { PoolServer } from '../../server/server.ts';
import type { PoolContext } from '../session.ts';

/** All that one master's death does to those who wait there comes within this many milliseconds. */
const TOGETHER = 100;

/** What became of an element that the server gave when its answer was lost: those who kept a copy find it there. */
function whereabouts(command: string): string {
  if (/^(blmove|brpoplpush)$/.test(command)) return 'what it moved just then lies at its destination';
  if (command === 'xreadgroup') return 'what it gave just then is pending for its consumer';
  return 'what it popped just then is lost';
}

/** In words, for a client whose request will not be asked again. */
export const inDoubt = (command: string): string => `if it was answered, ${whereabouts(command)}`;

interface Lost {
  readonly why: string;
  readonly counts: Map<string, number>;
}

const lately = new WeakMap<PoolServer, Lost>();

/**
 * A request that takes something was on its way when its connection was lost, and is asked again: counts it, and soon says so
 * for all of that server in one line.
 */
export function noteInDoubt(pool: PoolContext, server: PoolServer, command: string, why: string): void {
  pool.stats.inDoubt++;
  let lost = lately.get(server);
  if (lost === undefined) {
    const first: Lost = { why, counts: new Map() };
    lost = first;
    lately.set(server, first);
    setTimeout(() => {
      lately.delete(server);
      pool.warn(lineOf(server.name, first));
    }, TOGETHER).unref();
  }
  lost.counts.set(command, (lost.counts.get(command) ?? 0) + 1);
}

function lineOf(server: string, { counts, why }: Lost): string {
  const each = [...counts].map(([command, count]) => `'${command}' (${count} ×; ${inDoubt(command)})`);
  return `the connection to '${server}' was lost (${why}) while clients waited there in ${each.join(', ')}: asked again`;
}
