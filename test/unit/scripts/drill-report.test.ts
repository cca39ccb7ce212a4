import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Docker from 'dockerode';
import { DRILLS, drillsFor, findDrill, findRefused } from '../../../scripts/drill/catalogue.ts';
import { Ledger, type WriteRecord } from '../../../scripts/drill/load/ledger.ts';
import { drawDrill, drawShard } from '../../../scripts/drill/random.ts';
import { percentile } from '../../../scripts/drill/report/document.ts';
import { renderHtml } from '../../../scripts/drill/report/html/page.ts';
import { makeSeries } from '../../../scripts/drill/report/series.ts';
import { reportText } from '../../../scripts/drill/report/text.ts';
import { UndoStack } from '../../../scripts/drill/undo-stack.ts';
import { parseServerStates } from '../../../scripts/drill/watch/haproxy-states.ts';
import { edgeNews, proxyNews } from '../../../scripts/drill/watch/logs.ts';
import { Timeline } from '../../../scripts/drill/watch/timeline.ts';
import { holderTimes } from '../../../scripts/drill/watch/vip.ts';
import { InputError } from '../../../scripts/errors.ts';
import { hasLocalAddress } from '../../../scripts/observe/local-addresses.ts';
import { documentOf, plan, roundOf } from '../../support/drill-round.ts';
import { hostsPlanOf, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

describe('the report of a call', () => {
  const rounds = [2000, 2400, 9000].map((end) => roundOf({ writes: [{ endedAt: 990 }, { endedAt: end }] }));
  const document = documentOf(rounds, {
    drills: [{ name: 'kill-master', summary: 'what <it> does', alerts: ['RedisDown'] }],
  });

  test('figures over the rounds: p50, p95 and max, and how often a promise was kept', () => {
    const [first] = document.drills[0].promises;
    assert.deepEqual([first.p50, first.p95, first.max, first.kept, first.rounds], [1410, 8010, 8010, 2, 3]);
    assert.deepEqual([document.passed, document.drills[0].passed], [false, 2]);
  });

  test('a promise of 95 of 100 rounds is held against 20 rounds or more', () => {
    const ofMany = (slow: number, rounds: number) =>
      documentOf(
        Array.from({ length: rounds }, (_, i) =>
          roundOf({ writes: [{ endedAt: 990 }, { endedAt: i < slow ? 3300 : 2400 }] }),
        ),
      );
    const [kept, broken] = [ofMany(1, 20), ofMany(2, 20)];
    const row = (document: typeof kept) => document.drills[0].promises[1];
    assert.deepEqual(
      [row(kept).promise, row(kept).limit, row(kept).kept, row(kept).p95],
      ['no write was acknowledged for, in 95 of 100 rounds', 2000, 20, 1410],
    );
    assert.deepEqual([row(broken).kept, row(broken).p95], [18, 2310]);
    assert.deepEqual([kept.passed, broken.passed, ofMany(2, 19).passed], [true, false, true]);
    assert.match(reportText(broken), /in 95 of 100 rounds +<= 2000 ms +1410 +2310 +2310 +BROKEN in 2/);
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
    assert.equal(page.match(/<figure /g)?.length, page.match(/<\/figure>/g)?.length);
  });

  test('no rounds at all, as after an interruption before the first, is a page and not a pass', () => {
    const empty = documentOf([], { interrupted: true });
    assert.equal(empty.passed, false);
    assert.match(renderHtml(empty), /partial/);
  });

  test('what could not run here is named; what ended the call early is, too, and is not a pass', () => {
    const rest = documentOf(rounds.slice(0, 2), {
      leftOut: [{ drill: 'restart-engine', reason: 'it needs <root>' }],
      problem: 'the stack is not whole',
    });
    assert.equal(rest.passed, false);
    assert.match(reportText(rest), /left out: restart-engine: it needs <root>/);
    assert.match(reportText(rest), /ended early: the stack is not whole/);
    assert.match(renderHtml(rest), /restart-engine<\/b>: it needs &lt;root&gt;/);
    assert.match(renderHtml(rest), /Ended early.*the stack is not whole/);
  });
});

test('every host has a lane, which says what became of it and until when', () => {
  const timeline = new Timeline();
  for (const host of ['host a', 'host b']) timeline.note(host, 'host', 'up', 0);
  timeline.note('host a', 'host', 'lost its power', 1000);
  timeline.note('host a', 'host', 'up', 5000);
  const writes = Array.from({ length: 60 }, (_, n) => ({ endedAt: 90 + 100 * n }));
  const page = renderHtml(documentOf([roundOf({ writes, timeline, drill: 'kill-host' })]));
  assert.match(page, /<text class="lane hit"[^>]*>host a</);
  assert.match(page, /<text class="lane"[^>]*>host b</);
  assert.equal(page.match(/<title>host a: up/g)?.length, 2);
  assert.equal(page.match(/<title>host a: lost its power/g)?.length, 1);
  assert.equal(page.match(/<title>host b: up/g)?.length, 1);
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
    assert.deepEqual(proxyNews("[2026-11-23 10:07:19.038] '/etc/twemstack/nutcracker.yml' is in force"), {
      event: 'reload',
      text: "'/etc/twemstack/nutcracker.yml' is in force",
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

  test('what cannot run here is found with its reason; a drill that needs nothing never is', async () => {
    const [first, second, third] = DRILLS;
    const asked = [
      { ...first, refused: async () => 'it needs root' },
      { ...second, refused: async () => undefined },
      { ...third, refused: undefined },
    ];
    const surroundings = { plan, engine: new Docker({ socketPath: '/nowhere' }) };
    assert.deepEqual(await findRefused(asked, surroundings), [
      { drill: first.name, reason: 'it needs root' },
    ]);
  });

  test('a stack on several hosts has drills of machines, one on an engine all others; the wrong kind is refused in words', async () => {
    const hosts = hostsPlanOf(THREE_HOSTS);
    const [ofEngine, ofHosts] = [drillsFor(plan), drillsFor(hosts)];
    assert.deepEqual(
      ofHosts.map(({ name }) => name),
      [
        ...['restart-engine', 'switchover', 'rolling-upgrade'],
        ...['kill-host', 'cable-pulled', 'partition-host', 'half-cut', 'pause-host', 'freeze-host'],
        ...['slow-host', 'power-cycle-all', 'kill-engine', 'replace-host'],
      ],
    );
    const ofBoth = ofEngine.filter((drill) => ofHosts.includes(drill));
    assert.equal(ofEngine.length + ofHosts.length - ofBoth.length, DRILLS.length);
    const engine = new Docker({ socketPath: '/nowhere' });
    const killHost = ofHosts.filter(({ name }) => name === 'kill-host');
    const [here] = await findRefused(killHost, { plan, engine });
    assert.match(here.reason, /the domains of this stack have none of their own/);
    const [there] = await findRefused([ofEngine[0]], { plan: hosts, engine });
    assert.match(there.reason, /it is for stacks on one engine/);
    // Machines that are no lab's are nobody's to break.
    const refused = await findRefused(ofHosts, { plan: hosts, engine });
    assert.deepEqual(
      ofHosts.map(({ name }) => name).filter((name) => refused.every(({ drill }) => drill !== name)),
      ['switchover', 'rolling-upgrade'],
    );
    for (const { reason } of refused) assert.match(reason, /it needs root|none of a `twemstack lab`/);
  });

  test('the same seed draws the same faults, another one others, and all of them come up', () => {
    const draw = (seed: number): string[] =>
      Array.from({ length: 500 }, (_, round) => drawDrill(DRILLS, seed, round + 1).name);
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
    assert.equal(new Set(draw(7)).size, DRILLS.length);
  });

  test('the seed says which shard is hit, too, and every shard has its turn', () => {
    const draw = (seed: number): string[] =>
      Array.from({ length: 50 }, (_, round) => drawShard(plan, seed, round + 1));
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
    assert.deepEqual(
      [...new Set(draw(7))].sort(),
      plan.shards.map(({ name }) => name),
    );
  });

  test('a shorter down_after tightens what is promised', () => {
    const fast = planOf('name: alpha\nvip: 198.18.0.100\nsentinel: { down_after: 500ms }\n');
    const killMaster = DRILLS.find(({ name }) => name === 'kill-master') ?? assert.fail();
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
