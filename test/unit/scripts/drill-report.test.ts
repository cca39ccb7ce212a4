import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DRILLS, findDrill } from '../../../scripts/drill/catalogue.ts';
import type { Injected } from '../../../scripts/drill/drill.ts';
import { Ledger, type WriteRecord } from '../../../scripts/drill/load/ledger.ts';
import { drawDrill } from '../../../scripts/drill/random.ts';
import { makeDocument, percentile } from '../../../scripts/drill/report/document.ts';
import { renderHtml } from '../../../scripts/drill/report/html/page.ts';
import { makeRound, type RoundReport } from '../../../scripts/drill/report/round.ts';
import { makeSeries } from '../../../scripts/drill/report/series.ts';
import { reportText } from '../../../scripts/drill/report/text.ts';
import { UndoStack } from '../../../scripts/drill/undo-stack.ts';
import { parseServerStates } from '../../../scripts/drill/watch/haproxy-states.ts';
import { edgeNews, proxyNews } from '../../../scripts/drill/watch/logs.ts';
import { Timeline } from '../../../scripts/drill/watch/timeline.ts';
import { hasLocalAddress, holderTimes } from '../../../scripts/drill/watch/vip.ts';
import { InputError } from '../../../scripts/errors.ts';
import { planOf } from '../../support/stack-fixture.ts';

const plan = planOf('name: alpha\nvip: 198.18.0.100\n');
/** The same, and the master's word is enough for an acknowledgement. */
const hasty = planOf('name: alpha\nvip: 198.18.0.100\npools: { alpha: { wait_replicas: 0 } }\n');
const killMaster = DRILLS.find(({ name }) => name === 'kill-master') ?? assert.fail();

interface Case {
  readonly writes?: ReadonlyArray<Partial<WriteRecord>>;
  readonly spans?: Parameters<typeof makeRound>[0]['spans'];
  readonly drill?: string;
  readonly wholeAt?: number;
  readonly undoneAt?: number;
  readonly injected?: Partial<Injected>;
  /** Acknowledged writes that end from here to there are not found afterwards. */
  readonly lost?: readonly [number, number];
  readonly of?: typeof plan;
}

/** A round with the fault at 1000 ms, of which a test says only what it is about. */
function roundOf({
  writes = [],
  spans,
  drill = 'kill-master',
  wholeAt = 6000,
  undoneAt = 5000,
  injected,
  lost,
  of = plan,
}: Case): RoundReport {
  const ledger = new Ledger();
  const values = new Map<string, string>();
  for (const [n, change] of writes.entries()) {
    const write: WriteRecord = {
      kind: 'set',
      shard: 'shard-1',
      connection: `${change.shard ?? 'shard-1'}/w0`,
      key: `k${n}`,
      id: `i${n}`,
      sentAt: (change.endedAt ?? 0) - 1,
      endedAt: 0,
      outcome: 'acknowledged',
      ...change,
    };
    ledger.writes.push(write);
    ledger.servedAt.set(write.connection, write.endedAt);
    const isLost = lost !== undefined && write.endedAt >= lost[0] && write.endedAt <= lost[1];
    if (write.outcome === 'acknowledged' && !isLost) values.set(write.key, write.id);
  }
  ledger.endedAt = (writes.at(-1)?.endedAt ?? 0) + 1;
  const found = DRILLS.find(({ name }) => name === drill) ?? assert.fail();
  return makeRound({
    drill: found,
    plan: of,
    round: 1,
    startedAt: new Date(0),
    ledger,
    timeline: new Timeline(),
    readBack: { masters: { values, lists: new Map(), counters: new Map() }, differing: [] },
    spans,
    injected: { at: 1000, members: ['alpha-shard-1-a'], shard: 'shard-1', ...injected },
    undoneAt,
    wholeAt,
    interrupted: false,
    stall: 3,
  });
}

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
    const document = makeDocument({
      stack: 'alpha',
      startedAt: new Date(0),
      seed: null,
      interrupted: false,
      rounds: [within],
      summaries: new Map(),
    });
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

  test('a stack that is not whole again breaks a promise', () => {
    const report = roundOf({ writes: [{ endedAt: 990 }, { endedAt: 2000 }], wholeAt: 90_000 });
    assert.deepEqual(seen(report, 'whole again after the fault was taken back'), [85_000, false]);
  });
});

describe('the report of a call', () => {
  const rounds = [2000, 2400, 9000].map((end) => roundOf({ writes: [{ endedAt: 990 }, { endedAt: end }] }));
  const document = makeDocument({
    stack: 'alpha',
    startedAt: new Date(0),
    seed: null,
    interrupted: false,
    rounds,
    summaries: new Map([['kill-master', 'what <it> does']]),
  });

  test('figures over the rounds: p50, p95 and max, and how often a promise was kept', () => {
    const [first] = document.drills[0].promises;
    assert.deepEqual([first.p50, first.p95, first.max, first.kept, first.rounds], [1410, 8010, 8010, 2, 3]);
    assert.deepEqual([document.passed, document.drills[0].passed], [false, 2]);
  });

  test('percentiles are values that were seen', () => {
    assert.equal(percentile([], 0.5), null);
    assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
    assert.equal(percentile([1, 2, 3, 4], 0.95), 4);
  });

  test('the text names the broken promise', () => {
    assert.match(
      reportText(document),
      /no write was acknowledged for +<= 2500 ms +1410 +8010 +8010 +BROKEN in 1/,
    );
  });

  test('the page needs nothing from elsewhere, and shows text as text', () => {
    const page = renderHtml(document);
    assert.doesNotMatch(page, /<script|https?:|src=|@import|url\(/);
    assert.match(page, /what &lt;it&gt; does/);
    assert.equal(page.match(/<svg /g)?.length, 3);
    assert.equal(page.match(/<figure>/g)?.length, page.match(/<\/figure>/g)?.length);
  });

  test('no rounds at all, as after an interruption before the first, is a page and not a pass', () => {
    const empty = makeDocument({
      ...document,
      startedAt: new Date(0),
      rounds: [],
      interrupted: true,
      summaries: new Map(),
    });
    assert.equal(empty.passed, false);
    assert.match(renderHtml(empty), /partial/);
  });
});

describe('what is written per step', () => {
  test('each write is counted once, in the step it ended in, under its outcome', () => {
    const ledger = new Ledger();
    const write = (endedAt: number, outcome: WriteRecord['outcome']): WriteRecord => ({
      kind: 'set',
      shard: 's',
      connection: 's/w0',
      key: 'k',
      id: 'i',
      sentAt: endedAt - 7,
      endedAt,
      outcome,
    });
    ledger.writes.push(write(930, 'acknowledged'), write(1010, 'refused'), write(1060, 'unknown'));
    const { from, shards } = makeSeries(ledger, ['s'], 1000);
    assert.equal(from, -100);
    assert.deepEqual(shards[0].acknowledged, [1, 0, 0, 0]);
    assert.deepEqual(shards[0].refused, [0, 0, 1, 0]);
    assert.deepEqual(shards[0].unknown, [0, 0, 0, 1]);
    assert.deepEqual(shards[0].latency, [7, 0, 0, 0]);
  });
});

describe('what the watchers read', () => {
  test('an address counts as held only when it is a local one', () => {
    const trie = '  |-- 198.18.0.100\n     /32 host LOCAL\n  |-- 198.18.0.0\n     /24 link UNICAST\n';
    assert.equal(hasLocalAddress(trie, '198.18.0.100'), true);
    assert.equal(hasLocalAddress(trie, '198.18.0.0'), false);
    assert.equal(hasLocalAddress(trie, '198.18.0.10'), false);
  });

  test('overlaps before the fault are not held against it', () => {
    const spans = [
      { from: 0, to: 500, holders: ['a', 'b'], frozen: [] },
      { from: 500, to: 2000, holders: ['a'], frozen: [] },
      { from: 2000, to: 2300, holders: [], frozen: [] },
    ];
    assert.deepEqual(holderTimes(spans, 1000), { several: 0, none: 300 });
  });

  test('HAProxy states by server, without its own sums', () => {
    const csv =
      '# pxname,svname,status\nproxies,p-a,UP\nproxies,p-b,DOWN\nproxies,BACKEND,UP\npool,FRONTEND,OPEN\n';
    assert.deepEqual(
      [...parseServerStates(csv)],
      [
        ['p-a', 'UP'],
        ['p-b', 'DOWN'],
      ],
    );
  });

  test('log lines that tell something, and those that do not', () => {
    assert.deepEqual(edgeNews('twemstack-vrrp 1795428438166 MASTER'), {
      event: 'vrrp',
      text: 'MASTER',
      at: 1795428438166,
    });
    assert.equal(edgeNews('[WARNING] something else'), undefined);
    assert.deepEqual(proxyNews("[2026-11-23 10:07:19.038] 'shard-1' is at 198.18.0.34:6379 now"), {
      event: 'decision',
      text: "'shard-1' is at 198.18.0.34:6379 now",
    });
    assert.equal(proxyNews('[2026-11-23 10:07:19.038] listening'), undefined);
  });
});

describe('choosing drills', () => {
  test('an unknown name is answered with all that are known', () => {
    assert.throws(
      () => findDrill('kill-everything'),
      (error) => error instanceof InputError && DRILLS.every(({ name }) => error.format().includes(name)),
    );
  });

  test('names are unique, and every drill says what it does', () => {
    assert.equal(new Set(DRILLS.map(({ name }) => name)).size, DRILLS.length);
    assert.ok(DRILLS.every(({ summary }) => summary.length > 20));
    assert.ok(DRILLS.length >= 22);
  });

  test('the same seed draws the same faults, another one others, and all of them come up', () => {
    const draw = (seed: number): string[] =>
      Array.from({ length: 200 }, (_, round) => drawDrill(DRILLS, seed, round + 1).name);
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
    assert.equal(new Set(draw(7)).size, DRILLS.length);
  });

  test('a shorter down_after tightens what is promised', () => {
    const fast = planOf('name: alpha\nvip: 198.18.0.100\nsentinel: { down_after: 500ms }\n');
    assert.equal(killMaster.promised(fast).resume.within, 2000);
    assert.equal(killMaster.promised(plan).resume.within, plan.sentinel.downAfterMs + 1500);
  });
});

describe('taking faults back', () => {
  test('every fault is taken back once, also when one of them cannot be', async () => {
    const undone: string[] = [];
    const stack = new UndoStack();
    stack.push(async () => void undone.push('first'));
    stack.push(() => Promise.reject(new Error('engine is gone')));
    stack.push(async () => void undone.push('third'));
    await assert.rejects(stack.undoAll(), /engine is gone/);
    await stack.undoAll();
    assert.deepEqual(undone.sort(), ['first', 'third']);
  });
});
