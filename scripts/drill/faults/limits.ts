import type { AnyPlan } from '../../../topology/types.ts';
import type { Promised } from '../drill.ts';
import { KEEP_ALIVE_MS } from '../load/application.ts';
import { drilledPool } from '../load/drilled-pool.ts';

/**
 * Milliseconds from a master's death to the first write on its successor: election and promotion take 0.5 s after
 * `down_after`. A replica follows at once (its guard, docs/durability.md); should that fail, Sentinel tells it about 1 s
 * later (failover reference, section 0), and the promise is to hold then, too.
 */
export const failoverLimit = (plan: AnyPlan): number => plan.sentinel.downAfterMs + 1500;

/**
 * And in 95 of 100 rounds: the second that is left for the rest is twice what was measured for it (docs/connect.md), so that
 * whatever makes failovers slower is noticed, though not a single round of a busy machine.
 */
const failoverUsually = (plan: AnyPlan): number => plan.sentinel.downAfterMs + 1000;

/** A hung master is noticed up to one ping period (1 s at most) later than a dead one. */
export const hangLimit = (plan: AnyPlan): number => plan.sentinel.downAfterMs + 3000;

/**
 * Milliseconds after which a client that only listens knows that its connection is gone without a word: the kernel asks after
 * a second of silence, and once a second from then on.
 */
export const UNHEARD_MS = 2 * KEEP_ALIVE_MS;

/** A master fails over: requests not yet sent wait, those under way may fail, one a connection. */
export const failover = (within: number): Promised => ({
  resume: { within, of: 'shard', since: 'fault' },
  failures: 1,
  readsNeverFail: true,
});

/** A master is dead: nobody has to find out first whether it is. */
export const deadMaster = (plan: AnyPlan): Promised => {
  const promised = failover(failoverLimit(plan));
  return { ...promised, resume: { ...promised.resume, usually: failoverUsually(plan) } };
};

/** Nobody notices. A pause below this is a busy machine, not a fault. */
export const unnoticed: Promised = {
  resume: { within: 1000, of: 'connection', since: 'fault' },
  failures: 0,
};

/** Every connection is cut once, and served again in time. */
export const cutOnce = (within: number, of: Promised['resume']['of']): Promised => ({
  resume: { within, of, since: 'fault' },
  failures: 1,
});

/** Whether the pool under load acknowledges a write only when a replica has it. */
export function waitsForReplicas(plan: AnyPlan): boolean {
  return drilledPool(plan).waitReplicas > 0;
}
