import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderHtml } from '../../../scripts/drill/report/html/page.ts';
import { brokeData } from '../../../scripts/drill/report/promises.ts';
import type { RoundReport } from '../../../scripts/drill/report/round.ts';
import { reportText } from '../../../scripts/drill/report/text.ts';
import { Timeline } from '../../../scripts/drill/watch/timeline.ts';
import { documentOf, hasty, roundOf } from '../../support/drill-round.ts';

const seen = (report: RoundReport, promise: string): [number | null, boolean] => {
  const found = report.promises.find((entry) => entry.promise === promise);
  assert.ok(
    found,
    `no promise "${promise}" among ${report.promises.map((entry) => entry.promise).join(', ')}`,
  );
  return [found.seen, found.kept];
};

describe('promises of a round', () => {
  test('the pause in writes is kept within the limit of the stack, or not', () => {
    const within = roundOf({ writes: [{ endedAt: 990 }, { endedAt: 3400 }, { endedAt: 3410 }] });
    assert.deepEqual(seen(within, 'no write was acknowledged for'), [2410, true]);
    const late = roundOf({ writes: [{ endedAt: 990 }, { endedAt: 3600 }, { endedAt: 3610 }] });
    assert.deepEqual(seen(late, 'no write was acknowledged for'), [2610, false]);
    assert.equal(late.passed, false);
  });

  test('writes that never came back are a broken promise, not a missing one', () => {
    assert.deepEqual(seen(roundOf({ writes: [{ endedAt: 990 }] }), 'no write was acknowledged for'), [
      null,
      false,
    ]);
  });

  test('one failed request per connection is allowed, a second one is not', () => {
    const good = [{ endedAt: 990 }, { endedAt: 2000 }];
    const failure = { endedAt: 1500, outcome: 'unknown', error: 'lost' } as const;
    const name = 'failed requests of any one connection';
    assert.deepEqual(seen(roundOf({ writes: [...good, failure] }), name), [1, true]);
    assert.deepEqual(seen(roundOf({ writes: [...good, failure, failure] }), name), [2, false]);
  });

  test('a failure on a shard that was not hit breaks the promise of the others', () => {
    const writes = [
      { endedAt: 990 },
      { endedAt: 2000 },
      { endedAt: 1500, shard: 'shard-2', outcome: 'refused', error: 'x' } as const,
    ];
    assert.deepEqual(seen(roundOf({ writes }), 'failed requests on other shards'), [1, false]);
  });

  test('where writes are impossible during the fault, the time counts from when it was taken back', () => {
    const writes = [{ endedAt: 990 }, { endedAt: 7000 }, { endedAt: 7010 }];
    const report = roundOf({ writes, drill: 'all-replicas-gone' });
    assert.deepEqual(seen(report, 'first good write after the fault was taken back'), [2000, true]);
  });

  test('when all was gone, new connections count, on every shard; old ones may wait for as long again as it lasted', () => {
    const round = (newcomer: number, old: number): RoundReport =>
      roundOf({
        drill: 'power-cycle-all',
        injected: { shard: undefined },
        writes: ['shard-1', 'shard-2'].flatMap((shard) => [
          { shard, endedAt: 990 },
          { shard, endedAt: old },
          { shard, endedAt: old + 10 },
        ]),
        besides: ({ newcomers }) => {
          newcomers.push({ shard: 'shard-1', sentAt: 5990, endedAt: 6000, ok: true });
          newcomers.push({ shard: 'shard-2', sentAt: 6100, endedAt: 6200, ok: false });
          newcomers.push({ shard: 'shard-2', sentAt: newcomer - 10, endedAt: newcomer, ok: true });
        },
      });
    const [first, old] = [
      'first good write over a new connection after the fault was taken back',
      'and over one that was there before',
    ];
    const good = round(7900, 11_900);
    assert.deepEqual(
      [seen(good, first), seen(good, old)],
      [
        [2900, true],
        [6900, true],
      ],
    );
    assert.deepEqual(seen(round(8100, 9000), first), [3100, false]);
    assert.deepEqual(seen(round(7900, 12_100), old), [7100, false]);
  });

  test('two holders of the VIP for longer than an advert are reported; a frozen one does not count', () => {
    const writes = [{ endedAt: 990 }, { endedAt: 2000 }];
    const span = (from: number, to: number, holders: string[], frozen: string[] = []) => ({
      from,
      to,
      holders,
      frozen,
    });
    const name = 'two holders of the VIP at once';
    const frozen = [span(0, 1000, ['a']), span(1000, 4000, ['b'], ['a']), span(4000, 9000, ['b'])];
    assert.deepEqual(seen(roundOf({ writes, spans: frozen }), name), [0, true]);
    const split = [span(0, 1000, ['a']), span(1000, 2000, ['a', 'b']), span(2000, 9000, ['b'])];
    assert.deepEqual(seen(roundOf({ writes, spans: split }), name), [1000, false]);
  });

  test('a read older than a write that was acknowledged before breaks the promise', () => {
    const writes = [{ endedAt: 990 }, { endedAt: 2000 }];
    const name = 'reads older than an acknowledged write';
    assert.deepEqual(seen(roundOf({ writes }), name), [0, true]);
    const stale = roundOf({ writes, reads: [{ stale: true }, { stale: false }] });
    assert.deepEqual(seen(stale, name), [1, false]);
    assert.equal(brokeData(stale.promises), true);
    assert.equal(brokeData(roundOf({ writes: [{ endedAt: 990 }] }).promises), false);
    // Without wait_replicas a read may have been of what is lost afterwards.
    assert.ok(roundOf({ writes, of: hasty }).promises.every(({ promise }) => promise !== name));
  });

  test('where nobody is to be promoted, a promotion breaks the promise; a master that returns as one is none', () => {
    const writes = [{ endedAt: 990 }, { endedAt: 1010 }, { endedAt: 1020 }];
    const round = (events: ReadonlyArray<[at: number, member: string]>): RoundReport => {
      const timeline = new Timeline();
      timeline.note('alpha-shard-1-a', 'role', 'master', 10);
      for (const [at, member] of events) timeline.note(member, 'role', 'master', at);
      return roundOf({ writes, drill: 'blind-sentinels', timeline });
    };
    assert.deepEqual(seen(round([[1500, 'alpha-shard-1-a']]), 'members promoted'), [0, true]);
    assert.deepEqual(seen(round([[1500, 'alpha-shard-1-b']]), 'members promoted'), [1, false]);
    assert.deepEqual(seen(round([[1500, 'alpha-shard-2-b']]), 'members promoted'), [0, true]);
  });

  test('a member that was not hit and ends by itself breaks the promise; one that was told to, or killed, does not', () => {
    const writes = [{ endedAt: 990 }, { endedAt: 1010 }];
    const round = (...texts: string[]): RoundReport => {
      const timeline = new Timeline();
      for (const text of texts) timeline.note('engine', 'die', text, 1500);
      return roundOf({ writes, timeline });
    };
    const name = 'members that ended by themselves';
    assert.deepEqual(seen(round('alpha-proxy-a (0)', 'alpha-proxy-b (137)', 'alpha-edge-a (143)'), name), [
      0,
      true,
    ]);
    assert.deepEqual(seen(round('alpha-proxy-a (1)', 'alpha-proxy-b (1)'), name), [2, false]);
    const [hit] = round().members;
    assert.deepEqual(seen(round(`${hit} (1)`), name), [0, true]);
  });

  test('edges whose links are cut may both hold the VIP, and a hung one for as long as it takes to be found', () => {
    const writes = [{ endedAt: 990 }, { endedAt: 2000 }];
    const spans = [
      { from: 0, to: 3500, holders: ['a', 'b'], frozen: [] },
      { from: 3500, to: 9000, holders: ['b'], frozen: [] },
    ];
    const name = 'two holders of the VIP at once';
    assert.deepEqual(seen(roundOf({ writes, spans, drill: 'hang-keepalived' }), name), [3500, true]);
    assert.ok(roundOf({ writes, spans, drill: 'nemesis' }).promises.every(({ promise }) => promise !== name));
  });

  test('a lost acknowledged write breaks the promise, whatever its time', () => {
    const writes = [{ endedAt: 990 }, { endedAt: 2000 }, { endedAt: 2010 }];
    const report = roundOf({ writes, lost: [2000, 2000] });
    assert.deepEqual(seen(report, 'acknowledged writes lost'), [1, false]);
    assert.equal(report.verdict?.lost[0].acknowledgedAt, 1000);
  });

  test('a cut-off master may lose for a while without wait_replicas; it is told all the same, and not later', () => {
    const writes = [{ endedAt: 990 }, { endedAt: 1200 }, { endedAt: 2000 }, { endedAt: 2010 }];
    const within = roundOf({ writes, drill: 'partition-master', lost: [1200, 1200], of: hasty });
    const name = 'acknowledged writes lost later than 3500 ms (without wait_replicas)';
    assert.deepEqual(seen(within, name), [0, true]);
    const document = documentOf([within]);
    assert.match(reportText(document), /1 of 4 acknowledged writes LOST/);
    assert.match(renderHtml(document), /<span class="badge bad">1<\/span>/);
    const late = roundOf({
      writes: [...writes, { endedAt: 4700 }],
      drill: 'partition-master',
      lost: [4700, 4700],
      of: hasty,
    });
    assert.deepEqual(seen(late, name), [1, false]);
  });

  test('a pause as the old master comes back is held against the drill, unless writes waited for it to come back', () => {
    const other = { endedAt: 5900, shard: 'shard-2' };
    const writes = [{ endedAt: 990 }, { endedAt: 2000 }, { endedAt: 4990 }, other, { endedAt: 6100 }];
    const name = 'no write was acknowledged for, as what was hit came back';
    assert.deepEqual(seen(roundOf({ writes }), name), [1110, false]);
    assert.deepEqual(seen(roundOf({ writes, undoneAt: 6200 }), name), [0, true]);
    const awaited = roundOf({ writes, drill: 'all-replicas-gone' });
    assert.equal(
      awaited.promises.some(({ promise }) => promise === name),
      false,
    );
  });

  test('promoted is who was not master before: not the old one that comes back, but also one that is hit next', () => {
    const timeline = new Timeline();
    timeline.note('alpha-shard-1-a', 'role', 'master', 500);
    timeline.note('alpha-shard-1-a', 'role', 'unreachable', 1001);
    timeline.note('alpha-shard-1-a', 'role', 'master', 1400);
    timeline.note('alpha-shard-1-b', 'role', 'master', 2500);
    const injected = { members: ['alpha-shard-1-a', 'alpha-shard-1-b'] };
    const report = roundOf({ writes: [{ endedAt: 990 }, { endedAt: 2000 }], timeline, injected });
    assert.equal(report.milestones.promoted, 1500);
  });

  test('latency on the other shards, before the fault and while it lasts', () => {
    const other = (sentAt: number, endedAt: number) => ({ shard: 'shard-2', sentAt, endedAt });
    const report = roundOf({
      writes: [other(900, 904), other(1100, 1130), other(6000, 6900), { endedAt: 7000 }],
    });
    const { before, during } = report.latency.otherShards ?? assert.fail();
    assert.deepEqual([before.max, during.max], [4, 30]);
    assert.equal(roundOf({ injected: { shard: undefined } }).latency.otherShards, null);
  });

  test('a stack that is not whole again breaks a promise', () => {
    const report = roundOf({ writes: [{ endedAt: 990 }, { endedAt: 2000 }], wholeAt: 90_000 });
    assert.deepEqual(seen(report, 'whole again after the fault was taken back'), [85_000, false]);
  });
});
