import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Attempt, JobRecord, Ledger, TakeRecord } from '../../../scripts/drill/load/ledger.ts';
import { outcomeOf, reasonOf } from '../../../scripts/drill/load/outcome.ts';
import { renderHtml } from '../../../scripts/drill/report/html/page.ts';
import { brokeData } from '../../../scripts/drill/report/promises.ts';
import type { RoundReport } from '../../../scripts/drill/report/round.ts';
import { reportText } from '../../../scripts/drill/report/text.ts';
import { documentOf, hasty, type RoundCase, roundOf } from '../../support/drill-round.ts';

/* The histories that break each promise of transactions, queues and subscribers. The fault is at 1000 ms. */

const WRITES = ['shard-1', 'shard-2'].flatMap((shard) =>
  Array.from({ length: 70 }, (_, n) => ({ shard, endedAt: 90 + 100 * n })),
);

function attempt(connection: string, change: Partial<Attempt> = {}): Attempt {
  return { shard: 'shard-1', connection, sentAt: 1999, endedAt: 2000, outcome: 'acknowledged', ...change };
}

type Besides = NonNullable<RoundCase['besides']>;

const roundWith = (besides: Besides, change: RoundCase = {}): RoundReport =>
  roundOf({ writes: WRITES, besides, ...change });

const seen = (report: RoundReport, promise: string): [number | null, boolean] => {
  const found = report.promises.find((entry) => entry.promise === promise);
  assert.ok(found, `no "${promise}" among ${report.promises.map((entry) => entry.promise).join(', ')}`);
  return [found.seen, found.kept];
};

/** The promise is broken, the round has not passed, and the report says so in every form. */
function assertBroken(report: RoundReport, promise: string, times: number | null): void {
  assert.deepEqual(seen(report, promise), [times, false]);
  assert.equal(report.passed, false);
  const document = documentOf([report]);
  assert.equal(document.passed, false);
  assert.match(reportText(document), new RegExp(`${promise.replace(/[()]/g, '.')}.*BROKEN in 1`));
  assert.ok(renderHtml(document).includes(promise));
}

describe('transactions under a fault', () => {
  const keys = { lists: ['one', 'other'], counter: 'count' } as const;
  const transactions =
    (outcomes: Record<string, Attempt['outcome']>, lists: [string[], string[]], count: number): Besides =>
    (ledger, found) => {
      for (const [id, outcome] of Object.entries(outcomes))
        ledger.transactions.push({ id, keys, ...attempt('shard-1/t0', { outcome }) });
      found.lists.set('one', lists[0]).set('other', lists[1]);
      found.counters.set('count', count);
    };
  const whole = 'transactions carried out twice or in part';

  test('all of each acknowledged one is there once, of an unknown one all or nothing', () => {
    const report = roundWith(
      transactions(
        { a: 'acknowledged', b: 'unknown', c: 'unknown' },
        [
          ['a', 'b'],
          ['a', 'b'],
        ],
        2,
      ),
    );
    assert.deepEqual(seen(report, whole), [0, true]);
    assert.deepEqual(seen(report, 'acknowledged transactions lost'), [0, true]);
    assert.deepEqual(report.passed, true);
    assert.equal(report.verdict?.transactions.unknownApplied, 1);
    assert.match(renderHtml(documentOf([report])), /1 transactions acknowledged, 0 refused, 2 of unknown/);
  });

  test('half of one breaks the promise, whichever half, acknowledged or not', () => {
    for (const outcome of ['acknowledged', 'unknown'] as const) {
      const half = roundWith(transactions({ a: outcome }, [['a'], []], 1));
      assertBroken(half, whole, 1);
      assert.equal(brokeData(half.promises), true);
    }
    assertBroken(roundWith(transactions({ a: 'unknown' }, [['a'], ['a']], 0)), whole, 1);
  });

  test('one that was carried out twice breaks it, too', () => {
    assertBroken(
      roundWith(
        transactions(
          { a: 'acknowledged' },
          [
            ['a', 'a'],
            ['a', 'a'],
          ],
          2,
        ),
      ),
      whole,
      1,
    );
  });

  test('an acknowledged one of which nothing is there is lost', () => {
    const report = roundWith(transactions({ a: 'acknowledged' }, [[], []], 0));
    assertBroken(report, 'acknowledged transactions lost', 1);
    assert.equal(report.verdict?.transactions.lost[0].acknowledgedAt, 1000);
    assert.match(reportText(documentOf([report])), /1 of 1 acknowledged transactions LOST/);
  });

  test('one that was refused, and is there, breaks the promise of refusals', () => {
    const report = roundWith(transactions({ a: 'refused' }, [['a'], ['a']], 1));
    assertBroken(report, 'writes refused and yet carried out', 1);
  });

  test('EXECABORT is a clear no; a transaction whose connection went is unknown', () => {
    assert.equal(outcomeOf('EXECABORT Transaction discarded because of: OOM command not allowed'), 'refused');
    const lost = reasonOf(new Error('Command aborted due to connection close'));
    assert.equal(lost, 'the connection was lost before the answer');
    assert.equal(outcomeOf(lost), 'unknown');
  });
});

describe('queues under a fault', () => {
  const job = (id: string, change: Partial<JobRecord> = {}): JobRecord => ({
    id,
    queue: 'queue',
    ...attempt('shard-1/q0'),
    ...change,
  });
  const take = (id: string | undefined, change: Partial<TakeRecord> = {}): TakeRecord => ({
    queue: 'queue',
    job: id,
    askedAgain: false,
    ...attempt('shard-1/b0'),
    ...change,
  });
  const moved = (id: string | undefined, change: Partial<TakeRecord> = {}): TakeRecord =>
    take(id, { processing: 'mine', ...change });
  const round = (
    jobs: readonly JobRecord[],
    takes: readonly TakeRecord[],
    lists: Record<string, string[]> = {},
    change: RoundCase = {},
  ): RoundReport =>
    roundWith((ledger, found) => {
      ledger.jobs.push(...jobs);
      ledger.takes.push(...takes);
      for (const [key, list] of Object.entries(lists)) found.lists.set(key, list);
    }, change);

  test('given once, or still waiting: what must be', () => {
    const report = round([job('a'), job('b'), job('c')], [take('a'), moved('b'), take(undefined)], {
      queue: ['c'],
      mine: ['b'],
    });
    assert.deepEqual(
      [seen(report, 'jobs lost'), seen(report, 'jobs handled twice')],
      [
        [0, true],
        [0, true],
      ],
    );
    assert.deepEqual(
      [report.verdict?.jobs.handled, report.verdict?.jobs.waiting, report.passed],
      [2, 1, true],
    );
  });

  test('a job that is nowhere is lost', () => {
    const report = round([job('a'), job('b')], [take('b')]);
    assertBroken(report, 'jobs lost', 1);
    assert.equal(brokeData(report.promises), true);
    assert.match(reportText(documentOf([report])), /1 of 2 acknowledged jobs LOST/);
  });

  test('a BLPOP without an answer may have taken one job, and no more', () => {
    const unknown = take(undefined, { outcome: 'unknown', error: 'the connection was lost' });
    const one = round([job('a')], [unknown]);
    assert.deepEqual(seen(one, 'jobs lost'), [0, true]);
    assert.equal(one.verdict?.jobs.reportedUnknown, 1);
    assertBroken(round([job('a'), job('b')], [unknown]), 'jobs lost', 1);
  });

  test('nor may one that the client asked again by itself have taken more', () => {
    const again = take('b', { askedAgain: true });
    assert.equal(round([job('a'), job('b')], [again]).verdict?.jobs.reportedUnknown, 1);
    assertBroken(round([job('a'), job('b'), job('c')], [again]), 'jobs lost', 1);
  });

  test('what BLMOVE took without an answer is in the list of its consumer, or it is lost', () => {
    const unknown = moved(undefined, { outcome: 'unknown', error: 'the connection was lost' });
    const there = round([job('a')], [unknown], { mine: ['a'] });
    assert.deepEqual([seen(there, 'jobs lost'), there.verdict?.jobs.recovered], [[0, true], 1]);
    assertBroken(round([job('a')], [unknown]), 'jobs lost', 1);
  });

  test('a job that BLMOVE gave, and that its list has no more, is lost', () => {
    assertBroken(round([job('a')], [moved('a')]), 'jobs lost', 1);
  });

  test('a job that two consumers got is handled twice', () => {
    const report = round([job('a')], [take('a'), take('a')]);
    assertBroken(report, 'jobs handled twice', 1);
    assert.match(renderHtml(documentOf([report])), /jobs handled twice: 1/);
  });

  test('so is one that is there to be taken again after it was given, or that is in two places', () => {
    assertBroken(round([job('a')], [take('a')], { queue: ['a'] }), 'jobs handled twice', 1);
    assertBroken(round([job('a')], [moved('a')], { queue: ['a'], mine: [] }), 'jobs handled twice', 1);
    assertBroken(round([job('a')], [moved('a')], { mine: ['a', 'a'] }), 'jobs handled twice', 1);
  });

  test('a job of unknown outcome may be there or not; a refused one may not', () => {
    const report = round([job('a', { outcome: 'unknown' }), job('b', { outcome: 'unknown' })], [take('a')]);
    assert.deepEqual(
      [seen(report, 'jobs lost'), seen(report, 'jobs handled twice')],
      [
        [0, true],
        [0, true],
      ],
    );
    const refused = round([job('a', { outcome: 'refused' })], [take('a')]);
    assertBroken(refused, 'writes refused and yet carried out', 1);
  });

  test('without wait_replicas a job may be lost, or come again, right after such a fault, and not later', () => {
    const promise = 'jobs lost later than 3500 ms (without wait_replicas)';
    const of = { of: hasty, drill: 'partition-master' };
    assert.deepEqual(seen(round([job('a', { endedAt: 1500 })], [], {}, of), promise), [0, true]);
    assertBroken(round([job('a', { endedAt: 4600 })], [], {}, of), promise, 1);
  });

  test('a consumer that is told of errors has its share in the failures of one connection', () => {
    const failed = take(undefined, { outcome: 'unknown', error: 'x' });
    const report = roundWith((ledger) => {
      ledger.reconnects.set('shard-1/b0', 1);
      ledger.takes.push(failed, failed);
    });
    assertBroken(report, 'failed requests of any one connection', 2);
    assert.deepEqual(report.errors, [{ shard: 'shard-1', error: 'x', count: 2 }]);
  });
});

describe('subscribers under a fault', () => {
  const silence = 'a subscriber heard nothing for';
  /** Messages that one subscriber heard at these moments, and another one all the time. */
  const hearing =
    (moments: readonly number[], numbers = moments): Besides =>
    (ledger: Ledger) => {
      const hear = (subscriber: string, at: number, number: number): void => {
        ledger.heard.push({ subscriber, channel: 'news', number, at });
      };
      for (const subscriber of ['all/s0', 'all/s1'])
        ledger.subscriptions.push({ subscriber, channel: 'news', shard: 'shard-1' });
      for (let at = 0; at <= 7000; at += 50) hear('all/s0', at, at);
      for (const [index, at] of moments.entries()) hear('all/s1', at, numbers[index]);
    };
  const every = (from: number, to: number): number[] =>
    Array.from({ length: Math.floor((to - from) / 50) + 1 }, (_, n) => from + 50 * n);

  test('one that hears again soon enough after the fault', () => {
    const report = roundWith(hearing([...every(0, 1000), ...every(3500, 6950)]));
    assert.deepEqual(seen(report, silence), [2500, true]);
    assert.deepEqual(report.passed, true);
    assert.match(renderHtml(documentOf([report])), /<td>all\/s1<\/td>.*<td class="number">2500 ms<\/td>/);
  });

  test('too late is broken, and the limit is that of writes and what subscribing takes', () => {
    assertBroken(roundWith(hearing([...every(0, 1000), ...every(4050, 6950)])), silence, 3050);
  });

  test('one that never hears again breaks it, however soon the drill ended', () => {
    assertBroken(roundWith(hearing(every(0, 1000))), silence, null);
    assertBroken(roundWith(hearing(every(0, 5900))), silence, null);
    assertBroken(roundWith(hearing([])), silence, null);
  });

  test('where writes are impossible during the fault, it counts from when it was taken back', () => {
    const report = roundWith(hearing([...every(0, 1000), ...every(6000, 6950)]), {
      drill: 'all-replicas-gone',
    });
    assert.deepEqual(seen(report, silence), [1000, true]);
    assertBroken(roundWith(hearing(every(0, 5900)), { drill: 'all-replicas-gone' }), silence, null);
  });

  test('a client that only listens may need longer to find that its entrance is gone', () => {
    const late = hearing([...every(0, 1000), ...every(4900, 6950)]);
    assert.deepEqual(seen(roundWith(late, { drill: 'kill-edge' }), silence), [3900, true]);
    assert.deepEqual(seen(roundWith(late, { drill: 'kill-domain' }), silence), [3900, true]);
    assert.deepEqual(seen(roundWith(late, { drill: 'kill-proxy' }), silence), [3900, false]);
  });

  test('a message that comes twice breaks a promise of the data', () => {
    const moments = every(0, 6950);
    const report = roundWith(
      hearing(
        moments,
        moments.map((at) => (at === 3000 ? 2950 : at)),
      ),
    );
    assertBroken(report, 'messages heard twice', 1);
    assert.equal(brokeData(report.promises), true);
  });
});
