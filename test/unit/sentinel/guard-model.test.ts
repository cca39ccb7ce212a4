import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, type Outcome, rulesFor, type Vote } from '../../../sentinel/guard/core/election.ts';
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

/** The first walk that loses a write. */
function breach(mechanism: Mechanism, from: number, walks: number): World | undefined {
  for (let seed = from; seed < from + walks; seed++) {
    const world = walk(mechanism, seed);
    if (world.broken !== undefined) return world;
  }
  return undefined;
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

const enough = (others: readonly Vote[], votes: number): boolean => others.length + 1 >= votes;
const WAIT: Outcome = { kind: 'wait', reason: 'too few' };

/** What is left out, and a walk from which on it is found to matter. */
const MUTANTS: ReadonlyArray<[name: string, mechanism: Mechanism, from: number]> = [
  ['one vote less than N - W + 1', { ...SOUND, rules: { ...SOUND.rules, votes: 1 } }, 1],
  ['voters that go on following', { ...SOUND, fences: false }, 1],
  ['votes that a restart forgets', { ...SOUND, persistsVotes: false }, 24_000],
  ['a restart forgets whom a redis was pointed at', { ...SOUND, persistsFollowing: false }, 69_500],
  ['members that go back to an older master', { ...SOUND, refusesOlderMasters: false }, 4000],
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
    1,
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

describe('the model finds what each part of the rule is for', () => {
  for (const [name, mechanism, from] of MUTANTS) {
    test(name, () => {
      const world = breach(mechanism, from, 60_000);
      assert.ok(world !== undefined, 'no walk loses a write');
    });
  }
});
