import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseAttacks, loadAttacks } from '../../../tools/attack/catalogue.ts';
import { attackText } from '../../../tools/attack/report.ts';
import { LIMITS, type Seen, settled, successes } from '../../../tools/attack/verdict.ts';

const MB = 1024 * 1024;
const resources = (memory: number, descriptors = 20) =>
  new Map([['proxy-a', { memory: memory * MB, descriptors }]]);

/** An attack that nobody felt. */
const harmless: Seen = {
  outcome: { did: 'was refused', got: [] },
  endedByForce: false,
  pauseMs: 40,
  newcomerMs: 120,
  failures: 0,
  cut: 0,
  events: [],
  promoted: [],
  before: resources(100),
  after: resources(110),
  data: {
    acknowledged: 500,
    refused: 0,
    unknown: 0,
    lost: [],
    unknownApplied: 0,
    unknownAppliedLate: [],
    unknownNotApplied: 0,
    refusedApplied: [],
    duplicated: [],
    reordered: [],
    reads: 100,
    failedReads: 0,
    staleReads: 0,
    backwardsReads: 0,
    transactions: {
      acknowledged: 0,
      refused: 0,
      unknown: 0,
      lost: [],
      unknownApplied: 0,
      refusedApplied: [],
      twice: [],
      inPart: [],
    },
    jobs: {
      acknowledged: 0,
      refused: 0,
      unknown: 0,
      handled: 0,
      waiting: 0,
      recovered: 0,
      lost: [],
      reportedUnknown: 0,
      twice: [],
      refusedHandled: [],
    },
  },
  changedKeys: [],
  disclosed: [],
};
const judged = (change: Partial<Seen>, room = 1): string[] =>
  successes({ ...harmless, ...change }, LIMITS, room);

describe('whether an attack succeeded', () => {
  test('nobody felt it, and it got nothing: beaten off', () => {
    assert.deepEqual(judged({}), []);
  });

  test('each thing that others feel, or that does not come back, is a success', () => {
    assert.deepEqual(judged({ pauseMs: 2500 }), ['others waited for 2500 ms']);
    assert.deepEqual(judged({ newcomerMs: Number.POSITIVE_INFINITY }), [
      'newcomers were not served for the rest of the time',
    ]);
    assert.deepEqual(judged({ failures: 3, cut: 1 }), [
      '3 requests of others failed',
      '1 connections of others were cut',
    ]);
    assert.deepEqual(judged({ events: ['oom shard-1-a', 'die shard-1-a (137)', 'oom shard-1-a'] }), [
      'oom shard-1-a',
      'die shard-1-a (137)',
    ]);
    assert.deepEqual(judged({ promoted: ['shard-1-b'] }), ['shard-1-b was made master']);
    assert.deepEqual(judged({ changedKeys: ['bystander:1'] }), ['1 keys of others changed']);
    assert.deepEqual(judged({ disclosed: ['sentinel'] }), ['the password of sentinel was disclosed']);
    assert.deepEqual(judged({ notWhole: 'shard-1 has no master', data: undefined }), [
      'the writes of others could not be read back',
      'not whole by itself: shard-1 has no master',
    ]);
    assert.deepEqual(judged({ outcome: { did: 'x', got: ['reads everything'] } }), ['reads everything']);
    assert.deepEqual(judged({ endedByForce: true }), ['the attack did not end in its time']);
  });

  test('a busy machine is given room in time, and in nothing else', () => {
    assert.deepEqual(judged({ pauseMs: 7000, newcomerMs: 7900 }, 4), []);
    assert.equal(judged({ pauseMs: 8100 }, 4).length, 1);
    assert.equal(judged({ failures: 1 }, 4).length, 1);
  });

  test('memory and descriptors come back to near what they were', () => {
    assert.deepEqual(settled({ before: resources(100), after: resources(163) }), []);
    assert.deepEqual(settled({ before: resources(100), after: resources(180) }), ['proxy-a keeps 80 MB']);
    assert.deepEqual(settled({ before: resources(400), after: resources(590) }), []);
    assert.deepEqual(settled({ before: resources(100), after: resources(100, 90) }), [
      'proxy-a keeps 70 descriptors',
    ]);
    // Made anew meanwhile, which is seen elsewhere.
    assert.deepEqual(settled({ before: new Map(), after: resources(900) }), []);
  });
});

describe('the catalogue of attacks', () => {
  test('each is bounded, says what it tries, and is named as an option can be', async () => {
    const all = await loadAttacks();
    assert.ok(all.length >= 30, `${all.length}`);
    for (const { name, tries, as, seconds } of all) {
      assert.match(name, /^[a-z][a-z-]+$/);
      assert.ok(tries.length > 12 && as.length > 0 && seconds <= 60, name);
    }
  });

  test('what is chosen by name, and what npm test runs; an unknown name is answered with the known ones', async () => {
    const all = await loadAttacks();
    assert.deepEqual(
      chooseAttacks(all, ['forged-hello', 'port-scan'], false).map(({ name }) => name),
      ['forged-hello', 'port-scan'],
    );
    const thin = chooseAttacks(all, [], true);
    assert.ok(thin.length > 5 && thin.every(({ seconds }) => seconds <= 20));
    assert.throws(() => chooseAttacks(all, ['ask-nicely'], false), /there is no attack "ask-nicely"/);
  });

  test('the table says which succeeded, and in what', () => {
    const report = {
      attack: 'a-b',
      tries: 'something',
      as: 'nobody',
      did: 'was kept out',
      memoryLeft: 0,
      elapsedMs: 1,
    } as const;
    const text = attackText({
      schema: 1,
      passed: false,
      problem: null,
      attacks: [
        { ...report, succeeded: [], pauseMs: 20, newcomerMs: 30 },
        { ...report, attack: 'c-d', succeeded: ['oom shard-1-a'], pauseMs: null, newcomerMs: 30 },
      ],
    });
    assert.match(text, /^a-b +nobody +beaten off +20 ms +30 ms +was kept out$/m);
    assert.match(text, /^c-d +nobody +SUCCEEDED +for ever/m);
    assert.match(text, /c-d as nobody: something\n {2}oom shard-1-a\n/);
    assert.match(text, /1 of 2 attacks beaten off/);
  });
});
