import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, Ledger, longestOutage, type WriteRecord } from '../../../scripts/drill/ledger.ts';

function write(change: Partial<WriteRecord>): WriteRecord {
  return {
    kind: 'set',
    shard: 'shard-1',
    writer: 0,
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

describe('judging a run', () => {
  test('an acknowledged write that is not there is lost, also when another value stands in its place', () => {
    const ledger = ledgerOf(write({ id: 'a' }), write({ id: 'b' }), write({ id: 'c' }));
    const found = {
      values: new Map([
        ['key-a', 'a'],
        ['key-c', 'other'],
      ]),
      lists: new Map(),
    };
    assert.deepEqual(judge(ledger, found).lost, ['b', 'c']);
  });

  test('an unknown outcome is never lost; whether it was applied is counted', () => {
    const ledger = ledgerOf(write({ id: 'a', outcome: 'unknown' }), write({ id: 'b', outcome: 'unknown' }));
    const verdict = judge(ledger, { values: new Map([['key-a', 'a']]), lists: new Map() });
    assert.deepEqual([verdict.lost, verdict.unknown, verdict.unknownApplied], [[], 2, 1]);
  });

  test('a write the application was told was refused, but which is there, is reported', () => {
    const verdict = judge(ledgerOf(write({ id: 'a', outcome: 'refused' })), {
      values: new Map([['key-a', 'a']]),
      lists: new Map(),
    });
    assert.deepEqual(verdict.refusedApplied, ['a']);
  });

  test('elements that stand twice in a list are duplicated; acknowledged ones out of order are reordered', () => {
    const append = (id: string): WriteRecord => write({ kind: 'append', key: 'list', id });
    const verdict = judge(ledgerOf(append('1'), append('2'), append('3')), {
      values: new Map(),
      lists: new Map([['list', ['1', '3', '2', '1']]]),
    });
    assert.deepEqual(verdict.duplicated, ['1']);
    assert.equal(verdict.reordered.length > 0, true);
    assert.deepEqual(verdict.lost, []);
  });
});

describe('outage of a shard', () => {
  test('it is the longest pause between acknowledged writes that ends after the fault', () => {
    const at = (endedAt: number): WriteRecord => write({ id: String(endedAt), endedAt });
    const ledger = ledgerOf(at(0), at(500), at(990), at(1005), at(3300), at(3310), at(3400));
    assert.deepEqual(longestOutage(ledger, 'shard-1', 1000), { lastBefore: 5, firstAfter: 2300 });
  });

  test('writes of other shards, and writes that failed, do not count', () => {
    const ledger = ledgerOf(
      write({ id: '1', endedAt: 10 }),
      write({ id: '2', endedAt: 200, shard: 'shard-2' }),
      write({ id: '3', endedAt: 300, outcome: 'unknown' }),
      write({ id: '4', endedAt: 400 }),
    );
    assert.deepEqual(longestOutage(ledger, 'shard-1', 100), { lastBefore: -90, firstAfter: 300 });
  });
});
