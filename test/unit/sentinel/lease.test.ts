import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REPLICAS_LEASE, SENTINELS_LEASE } from '../../../proxy/topology/master-lease.ts';
import { leaseLeft, REPLICAS_LEASE_MS, SENTINELS_LEASE_MS } from '../../../sentinel/guard/core/lease.ts';

/*
 * A master, its two replicas, a proxy that asks the master again and again for their word, and guards that look at their
 * redis ten times a second. Every delay is any; the proxy and the guards have no clock in common.
 */

const LOOK_MS = 100;

interface Scene {
  /** When the proxy asks, and how long each question takes to each replica. */
  readonly questions: ReadonlyArray<{ at: number; delays: readonly [number, number] }>;
  /** When each replica votes, when its guard looks (phase), and how long its ballot takes. */
  readonly voters: readonly [Voter, Voter];
}
interface Voter {
  readonly votesAt: number;
  readonly phase: number;
  readonly ballotTakes: number;
}

const voter = fc.record({
  votesAt: fc.integer({ min: 1000, max: 2000 }),
  phase: fc.integer({ min: 0, max: LOOK_MS - 1 }),
  ballotTakes: fc.integer({ min: 0, max: 500 }),
});
const scenes: fc.Arbitrary<Scene> = fc.record({
  questions: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 2500 }),
      delays: fc.tuple(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 700 })),
    }),
    { maxLength: 20 },
  ),
  voters: fc.tuple(voter, voter),
});

/** For how long before its vote a guard has not seen the data of its redis grow, as it looks: at least that was silence. */
function silentMs({ questions, voters }: Scene, index: 0 | 1): number {
  const { votesAt, phase } = voters[index];
  const grew = questions
    .map(({ at, delays }) => at + delays[index])
    .filter((at) => at <= votesAt)
    .map((at) => Math.min(votesAt, Math.ceil((at - phase) / LOOK_MS) * LOOK_MS + phase));
  return votesAt - Math.max(0, ...grew);
}

/** When the last lease ends that one of them gave: each confirms what it gets until it votes. */
function lastLease({ questions, voters }: Scene): number {
  const given = questions.filter(({ at, delays }) =>
    delays.some((delay, index) => at + delay <= voters[index].votesAt),
  );
  return Math.max(0, ...given.map(({ at }) => at + REPLICAS_LEASE));
}

/** When the new master begins, whose guard has both votes; its own needs no ballot. */
function begins(scene: Scene, left: typeof leaseLeft): number {
  const [own, other] = scene.voters;
  const counted = Math.max(own.votesAt, other.votesAt + other.ballotTakes);
  const votes = [{ silentMs: silentMs(scene, 0) }, { silentMs: silentMs(scene, 1) }];
  return counted + left(votes, Number.POSITIVE_INFINITY);
}

describe('no proxy holds a lease when the new master begins', () => {
  const holds = (left: typeof leaseLeft): fc.IProperty<[Scene]> =>
    fc.property(scenes, (scene) => begins(scene, left) >= lastLease(scene));

  test('whatever is late, and whoever votes when', () => {
    fc.assert(holds(leaseLeft), { numRuns: 5000 });
  });

  test('and does without the wait, or if only the candidate’s own silence counted: the model can tell', () => {
    const ownOnly: typeof leaseLeft = ([own], ...rest) => leaseLeft([own], ...rest);
    for (const broken of [() => 0, ownOnly]) assert.ok(fc.check(holds(broken), { numRuns: 5000 }).failed);
  });

  test('it begins at once where the old master was silent for long, or has cut its clients itself', () => {
    assert.equal(leaseLeft([{ silentMs: 1000 }, { silentMs: 900 }], 1000), 0);
    assert.equal(leaseLeft([{ silentMs: 0 }, { cut: true }], 0), 0);
  });

  test('a guard of an older version, which does not tell, may have confirmed just now', () => {
    assert.equal(leaseLeft([{ silentMs: 1000 }, {}], 1000), REPLICAS_LEASE_MS);
  });

  test('sentinels that had not lost the master a moment ago may still speak for it', () => {
    assert.equal(leaseLeft([{ silentMs: 1000 }], 50), SENTINELS_LEASE_MS - 50);
  });

  test('both sides go by the same times', () => {
    assert.deepEqual([REPLICAS_LEASE, SENTINELS_LEASE], [REPLICAS_LEASE_MS, SENTINELS_LEASE_MS]);
  });
});
