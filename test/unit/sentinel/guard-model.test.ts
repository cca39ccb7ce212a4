import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, type Outcome, rulesFor, type Vote } from '../../../sentinel/guard/core/election.ts';
import { explore, type Scope } from './model/explore.ts';
import { type Mechanism, soundMechanism } from './model/mechanism.ts';
import type { Choose } from './model/replication.ts';
import { World } from './model/world.ts';

/** Random walks through the model (mulberry32, so that a seed names a walk). */
function chooser(seed: number): Choose {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * bound);
  };
}

const STEPS = 300;

function walk(mechanism: Mechanism, seed: number): World {
  const choose = chooser(seed);
  const world = new World(mechanism);
  for (let step = 0; step < STEPS && world.broken === undefined; step++) world.step(choose);
  return world;
}

describe('whatever fails, an acknowledged write is with every later master', () => {
  for (const [members, waitReplicas] of [
    [3, 1],
    [3, 2],
    [2, 1],
    [4, 2],
    [5, 2],
  ]) {
    test(`${members} members, wait_replicas ${waitReplicas}`, () => {
      const mechanism = soundMechanism(rulesFor(members, waitReplicas, true));
      let [acknowledged, masters] = [0, 0];
      for (let seed = 1; seed <= 4000; seed++) {
        const world = walk(mechanism, seed);
        assert.equal(world.broken, undefined, `walk ${seed}\n${world.trace.join('\n')}`);
        acknowledged += world.acknowledged.length;
        masters += world.trace.filter((line) => line.includes(' is master in ')).length - 1;
      }
      // A model in which nothing happens proves nothing.
      assert.ok(acknowledged > 1000 && masters > 500, `${acknowledged} writes, ${masters} elections`);
    });
  }
});

const SOUND = soundMechanism(rulesFor(3, 1, true));
const SOUND_OF = { 2: soundMechanism(rulesFor(2, 1, true)), 3: SOUND };

const enough = (others: readonly Vote[], votes: number): boolean => others.length + 1 >= votes;
const WAIT: Outcome = { kind: 'wait', reason: 'too few' };

/** What is left out; with how many stops of members that is found to matter, and whether after a failover of before. */
const MUTANTS: ReadonlyArray<[name: string, mechanism: Mechanism, stops: number, isLater?: true]> = [
  ['one vote less than N - W + 1', { ...SOUND, rules: { ...SOUND.rules, votes: 1 } }, 0],
  ['voters that go on following', { ...SOUND, fences: false }, 0],
  ['votes that a restart forgets', { ...SOUND, persistsVotes: false }, 1],
  ['a restart forgets whom a redis was pointed at', { ...SOUND, persistsFollowing: false }, 1, true],
  ['members that go back to an older master', { ...SOUND, refusesOlderMasters: false }, 0],
  [
    'the larger offset wins, whatever history it counts in',
    {
      ...SOUND,
      judge: (own, others, { votes }) =>
        enough(others, votes) && others.every(({ stand }) => own.stand.offset >= stand.offset)
          ? { kind: 'promote' }
          : WAIT,
    },
    1,
  ],
  [
    'whoever has the votes is promoted, whatever it has',
    { ...SOUND, judge: (_own, others, { votes }) => (enough(others, votes) ? { kind: 'promote' } : WAIT) },
    0,
  ],
  [
    'restarted voters count as if they had nothing',
    { ...SOUND, judge: (own, others, rules) => judge(own, others.map(forgetful), rules) },
    1,
  ],
];

const forgetful = (vote: Vote): Vote => ({
  ...vote,
  stand: { ...vote.stand, from: null, upTo: null, complete: null },
});

/** One write and one election, in every order with all that they take. */
const ONE_OF_EACH: Scope = { writes: 1, elections: 1, stops: 0, losses: 0 };

/** So far from the beginning where not all is visited, as far as a mutant needs; MODEL_STEPS=12 looks further. */
const MOST_STEPS = Number(process.env.MODEL_STEPS ?? 9);

const elect = (world: World): void => world.elect();

describe('in whatever order things happen, an acknowledged write is with every later master', () => {
  for (const [what, members, scope, most, begin] of [
    ['one stop', 2, { ...ONE_OF_EACH, stops: 1 }, Number.POSITIVE_INFINITY, undefined],
    ['one lost vote', 3, { ...ONE_OF_EACH, losses: 1 }, Number.POSITIVE_INFINITY, undefined],
    ['one stop', 3, { ...ONE_OF_EACH, stops: 1 }, MOST_STEPS, undefined],
    ['one stop, after a failover', 3, { ...ONE_OF_EACH, stops: 1 }, MOST_STEPS - 1, elect],
    ['another election', 3, { ...ONE_OF_EACH, elections: 2 }, MOST_STEPS - 2, undefined],
  ] as const) {
    test(`${members} members: a write, an election, ${what}`, (t) => {
      const { breach, isAll, states, steps } = explore(SOUND_OF[members], scope, most, begin);
      assert.equal(breach, undefined, breach?.join('\n'));
      t.diagnostic(
        `${states} states, ${isAll ? 'all there are, ' : ''}up to ${steps} steps from the beginning`,
      );
      // A model in which nothing happens proves nothing.
      assert.ok(states > 3000, `${states} states`);
    });
  }
});

describe('the model finds what each part of the rule is for', () => {
  for (const [name, mechanism, stops, isLater] of MUTANTS) {
    test(name, (t) => {
      const found = explore(mechanism, { ...ONE_OF_EACH, stops }, MOST_STEPS, isLater && elect);
      assert.ok(found.breach !== undefined, `no order of ${MOST_STEPS} steps loses a write`);
      t.diagnostic(`${found.steps} steps, ${found.states} states: ${found.breach.join(', ')}`);
    });
  }
});
