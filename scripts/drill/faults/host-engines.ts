import { endEngine } from '../../lab/faults.ts';
import type { Promised } from '../drill.ts';
import { lost, toWorstHost } from './host-strike.ts';

/**
 * What Docker's engine does to what it runs: all of it ends, one after the other in good order, or at once when the next
 * engine finds what the killed one left; and it is started again.
 */
const ENGINE_MS = 3000;

const ended: Promised = { ...lost, resume: { ...lost.resume, within: ENGINE_MS } };

/** Of stacks on several hosts; `restart-engine` of stacks on one is in domains.ts. */
export const restartsHostEngine = toWorstHost({
  name: 'restart-engine',
  summary: 'end the engine of the host that has most masters, and the VIP if it can be, and start it again',
  promised: ended,
  lastsMs: 6000,
  what: 'has no engine',
  act: async (_place, host) => endEngine(host, 'SIGTERM'),
});

const killsEngine = toWorstHost({
  name: 'kill-engine',
  summary:
    'kill the Docker engine of the host that has most masters, and the VIP if it can be; what it ran is ended by the next one, and comes back',
  promised: ended,
  lastsMs: 6000,
  what: 'has lost its engine',
  act: async (_place, host) => endEngine(host, 'SIGKILL'),
});

export const HOST_ENGINE_DRILLS = [killsEngine];
