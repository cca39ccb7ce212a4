import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeCounter } from '../../../scripts/drill/load/counters.ts';
import { longestGap, newcomerGap, shardGap, worstConnectionGap } from '../../../scripts/drill/load/gaps.ts';
import { differences, judge } from '../../../scripts/drill/load/judge.ts';
import { type Found, Ledger, type Outcome, type WriteRecord } from '../../../scripts/drill/load/ledger.ts';
import { outcomeOf, reasonOf } from '../../../scripts/drill/load/outcome.ts';

function write(change: Partial<WriteRecord>): WriteRecord {
  return {
    kind: 'set',
    shard: 'shard-1',
    connection: 'shard-1/w0',
    key: `key-${change.id}`,
    id: 'id',
    sentAt: 0,
    endedAt: 1,
    outcome: 'acknowledged',
    ...change,
  };
}

function ledgerOf(...writes: WriteRecord[]): Ledger {
  const ledger = new Ledger();
  ledger.writes.push(...writes);
  return ledger;
}

function found(parts: { values?: object; lists?: Record<string, string[]>; counters?: object }): Found {
  return {
    values: new Map(Object.entries(parts.values ?? {})),
    lists: new Map(Object.entries(parts.lists ?? {})),
    counters: new Map(Object.entries(parts.counters ?? {})),
  };
}

describe('judging a run', () => {
  test('an acknowledged write that is not there is lost, also when another value stands in its place', () => {
    const ledger = ledgerOf(write({ id: 'a' }), write({ id: 'b' }), write({ id: 'c', endedAt: 7 }));
    const { lost } = judge(ledger, found({ values: { 'key-a': 'a', 'key-c': 'other' } }));
    assert.deepEqual(
      lost.map(({ id }) => id),
      ['b', 'c'],
    );
    assert.deepEqual(lost[1], { id: 'c', key: 'key-c', shard: 'shard-1', acknowledgedAt: 7 });
  });

  test('an unknown outcome is never lost; whether it was applied is counted', () => {
    const ledger = ledgerOf(write({ id: 'a', outcome: 'unknown' }), write({ id: 'b', outcome: 'unknown' }));
    const verdict = judge(ledger, found({ values: { 'key-a': 'a' } }));
    assert.deepEqual(
      [verdict.lost, verdict.unknown, verdict.unknownApplied, verdict.unknownNotApplied],
      [[], 2, 1, 1],
    );
  });

  test('a write the application was told was refused, but which is there, is reported', () => {
    const verdict = judge(
      ledgerOf(write({ id: 'a', outcome: 'refused' })),
      found({ values: { 'key-a': 'a' } }),
    );
    assert.deepEqual(verdict.refusedApplied, ['a']);
  });

  const append = (id: string, sentAt: number, outcome: Outcome = 'acknowledged'): WriteRecord =>
    write({ kind: 'append', key: 'list', id, sentAt, outcome });

  test('elements that stand twice in a list are duplicated; acknowledged ones out of order are reordered', () => {
    const verdict = judge(
      ledgerOf(append('1', 1), append('2', 2), append('3', 3)),
      found({ lists: { list: ['1', '3', '2', '1'] } }),
    );
    assert.deepEqual(verdict.duplicated, ['1']);
    assert.deepEqual(verdict.reordered, ['1', '2']);
    assert.deepEqual(verdict.lost, []);
  });

  test('a write of unknown outcome that was carried out behind a later one is told, and is not reordered', () => {
    const verdict = judge(
      ledgerOf(append('1', 1), append('2', 2, 'unknown'), append('3', 3), append('4', 4, 'unknown')),
      found({ lists: { list: ['1', '3', '2', '4'] } }),
    );
    assert.deepEqual([verdict.unknownAppliedLate, verdict.reordered], [['2'], []]);
    assert.equal(verdict.unknownApplied, 2);
  });

  test('counters are judged by writer, and their losses and duplicates are in the same lists', () => {
    const increment = (key: string, id: string, reply: number): WriteRecord =>
      write({ kind: 'increment', key, id, reply, sentAt: reply });
    const verdict = judge(
      ledgerOf(increment('x', 'x1', 1), increment('x', 'x2', 2), increment('y', 'y1', 2)),
      found({ counters: { x: 1, y: 2 } }),
    );
    assert.deepEqual(
      verdict.lost.map(({ id }) => id),
      ['x2'],
    );
    assert.deepEqual(verdict.duplicated, ['y']);
  });
});

describe('what the application is told', () => {
  test('a clear no is a refusal; whatever leaves it open is an unknown outcome', () => {
    const refused = [
      "READONLY You can't write against a read only replica.",
      'NOREPLICAS Not enough good replicas to write.',
      'MISCONF Errors writing to the AOF file: No space left on device',
      "ERR no master of 'shard-1' within 3000 ms (last: Connection refused); not executed",
      "ERR 1048576 bytes already wait for a master of 'shard-1'; not executed",
    ];
    const open = [
      "ERR the outcome of this write is unknown: sent to 'shard-1' and not answered",
      'ERR written on the master, not confirmed by replicas: 0 of 1 within 1000 ms',
      'Command timed out',
      'ERR Connection refused',
    ];
    for (const reason of refused) assert.equal(outcomeOf(reason), 'refused', reason);
    for (const reason of open) assert.equal(outcomeOf(reason), 'unknown', reason);
  });

  test('a lost connection is told in words of the service, not of the client library', () => {
    const lost =
      'Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest" option';
    assert.equal(reasonOf(new Error(lost)), 'the connection was lost before the answer');
    assert.equal(reasonOf(new Error('Connection is closed.')), 'the connection was lost before the answer');
    assert.equal(reasonOf(new Error('LOADING Redis is loading')), 'LOADING Redis is loading');
  });
});

describe('judging a counter', () => {
  const acknowledged = (id: string, reply: number): WriteRecord => write({ kind: 'increment', id, reply });
  const unknown = (id: string): WriteRecord => write({ kind: 'increment', id, outcome: 'unknown' });

  test('each acknowledged increment counted once is what must be', () => {
    const verdict = judgeCounter([acknowledged('a', 1), acknowledged('b', 2)], 2);
    assert.deepEqual(verdict, { lost: [], duplicated: 0, unknownApplied: 0 });
  });

  test('an unknown increment may have been carried out or not, but only once', () => {
    const applied = judgeCounter([acknowledged('a', 1), unknown('u'), acknowledged('b', 3)], 3);
    assert.deepEqual(applied, { lost: [], duplicated: 0, unknownApplied: 1 });
    const not = judgeCounter([acknowledged('a', 1), unknown('u'), acknowledged('b', 2)], 2);
    assert.deepEqual(not, { lost: [], duplicated: 0, unknownApplied: 0 });
    const twice = judgeCounter([acknowledged('a', 1), unknown('u'), acknowledged('b', 4)], 4);
    assert.deepEqual(twice, { lost: [], duplicated: 1, unknownApplied: 1 });
  });

  test('an unknown increment that was carried out late, out of a buffer, is no duplicate', () => {
    const late = judgeCounter(
      [acknowledged('a', 1), unknown('u'), acknowledged('b', 2), acknowledged('c', 4)],
      4,
    );
    assert.deepEqual(late, { lost: [], duplicated: 0, unknownApplied: 1 });
  });

  test('an unknown increment at the very end is seen in the final value', () => {
    assert.equal(judgeCounter([acknowledged('a', 1), unknown('u')], 2).unknownApplied, 1);
  });

  test('a counter that goes back has lost the acknowledged increments above', () => {
    const verdict = judgeCounter(
      [acknowledged('a', 1), acknowledged('b', 2), acknowledged('c', 3), acknowledged('d', 2)],
      2,
    );
    assert.deepEqual([...verdict.lost].sort(), ['b', 'c']);
  });

  test('a final value below the last reply, or no counter at all, is a loss', () => {
    assert.deepEqual(judgeCounter([acknowledged('a', 1), acknowledged('b', 2)], 1).lost, ['b']);
    assert.deepEqual(judgeCounter([acknowledged('a', 1)], undefined).lost, ['a']);
  });
});

describe('comparing a replica with its master', () => {
  test('a missing key, a shorter list and another count are told by key', () => {
    const master = found({ values: { a: '1', b: '2' }, lists: { l: ['x', 'y'] }, counters: { c: 3 } });
    const replica = found({ values: { a: '1' }, lists: { l: ['x'] }, counters: { c: 2 } });
    assert.deepEqual(differences(master, replica), ['b', 'l', 'c']);
    assert.deepEqual(differences(master, master), []);
  });
});

describe('pauses', () => {
  const after = (from: number) => ({ from, until: from + 10_000, end: 1000 });

  test('one that begins after the fault was taken back does not count, an endless one does', () => {
    const moments = [0, 100, 200, 900];
    assert.deepEqual(longestGap(moments, { from: 50, until: 150, end: 950 }), {
      lastBefore: -50,
      firstAfter: 50,
    });
    const silent = longestGap(moments, { from: 50, until: 5000, end: 9000 });
    assert.deepEqual(silent, { lastBefore: 850, firstAfter: Number.POSITIVE_INFINITY });
  });

  test('the longest one counts, if it ends after the fault', () => {
    assert.deepEqual(longestGap([0, 500, 600, 900, 950], after(550)), { lastBefore: 50, firstAfter: 350 });
    assert.equal(longestGap([0, 500], after(500)), undefined);
  });

  test('a shard is served when anybody is; a connection only when it is itself', () => {
    const at = (connection: string, endedAt: number): WriteRecord => write({ connection, endedAt });
    const ledger = ledgerOf(
      at('shard-1/w0', 100),
      at('shard-1/w1', 110),
      at('shard-1/w1', 200),
      at('shard-1/w1', 300),
      at('shard-1/w0', 400),
    );
    assert.deepEqual(shardGap(ledger, 'shard-1', after(105)), { lastBefore: 95, firstAfter: 195 });
    assert.deepEqual(worstConnectionGap(ledger, ['shard-1'], after(105)), {
      connection: 'shard-1/w0',
      lastBefore: -5,
      firstAfter: 295,
    });
    assert.equal(shardGap(ledger, 'shard-2', after(105)), undefined);
    const read = (endedAt: number) =>
      ({
        shard: 'shard-1',
        connection: 'shard-1/r0',
        sentAt: 0,
        endedAt,
        ok: true,
        stale: false,
        backwards: false,
      }) as const;
    ledger.reads.push(read(100), read(900));
    assert.equal(worstConnectionGap(ledger, ['shard-1'], after(105))?.connection, 'shard-1/r0');
  });

  test('a refused write is no service, and a failed newcomer none either', () => {
    const ledger = ledgerOf(
      write({ endedAt: 100 }),
      write({ endedAt: 150, outcome: 'refused' }),
      write({ endedAt: 400 }),
    );
    assert.deepEqual(shardGap(ledger, 'shard-1', after(100)), { lastBefore: 0, firstAfter: 300 });
    ledger.newcomers.push(
      { shard: 'shard-1', sentAt: 0, endedAt: 90, ok: true },
      { shard: 'shard-1', sentAt: 100, endedAt: 200, ok: false },
      { shard: 'shard-1', sentAt: 300, endedAt: 310, ok: true },
    );
    assert.deepEqual(newcomerGap(ledger, after(100)), { lastBefore: -10, firstAfter: 210 });
  });
});
