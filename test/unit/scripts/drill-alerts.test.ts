import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import Docker from 'dockerode';
import { parse } from 'yaml';
import { ALERT_NAMES } from '../../../monitoring/alert-names.ts';
import { renderRules } from '../../../monitoring/rules.ts';
import { DRILLS, drillsFor, findRefused } from '../../../scripts/drill/catalogue.ts';
import type { Drill } from '../../../scripts/drill/drill.ts';
import { listDrills, listText } from '../../../scripts/drill/list.ts';
import { namedAlerts } from '../../../scripts/drill/report/alerts.ts';
import { renderHtml } from '../../../scripts/drill/report/html/page.ts';
import type { RoundReport } from '../../../scripts/drill/report/round.ts';
import { reportText } from '../../../scripts/drill/report/text.ts';
import { AlertWatch, watchAlerts } from '../../../scripts/drill/watch/alerts.ts';
import { Timeline } from '../../../scripts/drill/watch/timeline.ts';
import { InputError } from '../../../scripts/errors.ts';
import { drillVerb } from '../../../scripts/verbs/drill.ts';
import type { Plan } from '../../../topology/types.ts';
import { documentOf, type RoundCase, roundOf } from '../../support/drill-round.ts';
import { inTemporaryFolder, planOf } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\nbackup: { every: 1h }\n';
const watched = planOf(`${HEAD}monitoring: on\n`);
const drillOf = (name: string): Drill => DRILLS.find((drill) => drill.name === name) ?? assert.fail(name);

describe('the alerts that drills name', () => {
  test('are rules of a stack that is monitored, each named once', () => {
    const { groups } = parse(renderRules(watched)) as {
      groups: Array<{ rules: Array<{ alert: string }> }>;
    };
    const rules = groups.flatMap(({ rules: each }) => each.map(({ alert }) => alert));
    assert.deepEqual([...rules].sort(), [...ALERT_NAMES].sort());
    for (const { name, alerts } of DRILLS) {
      assert.deepEqual(
        alerts.filter((alert) => !rules.includes(alert)),
        [],
        name,
      );
      assert.equal(new Set(alerts).size, alerts.length, name);
    }
  });

  test('about replicas go for stacks that have some', () => {
    assert.deepEqual(namedAlerts(drillOf('kill-master'), watched), ['RedisDown', 'ReplicaMissing']);
    const alone = planOf(`${HEAD}replicas: 0\nmonitoring: on\n`);
    assert.deepEqual(namedAlerts(drillOf('kill-master'), alone), ['RedisDown']);
  });

  test('are listed, and stand in docs/drill-report.md as they are', () => {
    const text = listText(listDrills());
    assert.match(text, /\nkill-proxy +ProxyDown +kill -9 one proxy/);
    assert.match(text, /\nswitchover +- +hand a shard over/);
    const page = readFileSync('docs/drill-report.md', 'utf8');
    const rows = [...page.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \| ((?:`[A-Z]\w+`(?:, )?)+|none) \|$/gm)];
    const shown = new Map(
      rows.flatMap(([, drills, alerts]) =>
        words(drills).map((drill) => [drill, alerts === 'none' ? [] : words(alerts)] as const),
      ),
    );
    assert.deepEqual(
      Object.fromEntries(DRILLS.map(({ name }) => [name, shown.get(name)])),
      Object.fromEntries(DRILLS.map(({ name, alerts }) => [name, [...alerts]])),
    );
    assert.equal(shown.size, DRILLS.length);
  });

  test('are waited for only in a stack that has them', async () => {
    const engine = new Docker({ socketPath: '/nowhere' });
    const [refused] = await findRefused([drillOf('alerts')], { plan: planOf(HEAD), engine });
    assert.match(refused.reason, /`monitoring: on`/);
    assert.deepEqual(await findRefused([drillOf('alerts')], { plan: watched, engine }), []);
    assert.ok(drillsFor(watched).includes(drillOf('alerts')));
    await inTemporaryFolder((folder) => {
      const file = `${folder}/stack.yaml`;
      writeFileSync(file, HEAD);
      return assert.rejects(
        drillVerb({ file, hold: true }, ['kill-master']),
        (error) => error instanceof InputError && /write `monitoring: on`/.test(error.format()),
      );
    });
  });
});

const words = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word);

describe('what a round tells of alerts', () => {
  const writes = [{ endedAt: 990 }, { endedAt: 2000 }, { endedAt: 2010 }];
  /** kill-proxy at 1000 ms, taken back at 30 s. */
  const round = (change: RoundCase): RoundReport =>
    roundOf({ drill: 'kill-proxy', writes, undoneAt: 30_000, wholeAt: 31_000, of: watched, ...change });
  const alertPromises = ({ promises }: RoundReport): Array<[string, number | null, boolean]> =>
    promises
      .filter(({ promise }) => /^[A-Z]\w+ was /.test(promise))
      .map(({ promise, seen, kept }) => [promise.split(',')[0], seen, kept]);
  const proxyDown = { alert: 'ProxyDown', raised: 21_000, over: 36_000 };

  test('a stack that is not monitored tells nothing', () => {
    const report = round({ of: undefined });
    assert.equal(report.alerts, null);
    assert.doesNotMatch(reportText(documentOf([report])), /alerts/);
  });

  test('which of them came and went, from the fault on, and whether the drill names them', () => {
    const report = round({
      alerts: [
        { alert: 'BackupMissing', raised: 10 },
        proxyDown,
        { alert: 'LatencyBudgetBurnt', raised: 9000 },
      ],
    });
    assert.deepEqual(report.alerts, [
      { alert: 'ProxyDown', named: true, raised: 20_000, over: 35_000 },
      { alert: 'LatencyBudgetBurnt', named: false, raised: 8000, over: null },
    ]);
    assert.deepEqual(alertPromises(report), []);
    const text = reportText(documentOf([report]));
    assert.match(
      text,
      /^alerts: ProxyDown raised at 20\.0 s, over at 35\.0 s; LatencyBudgetBurnt raised at 8\.0 s, and not over yet \(not named by the drill\)$/m,
    );
    assert.match(renderHtml(documentOf([report])), /ProxyDown raised at 20\.0 s/);
    const page = renderHtml(documentOf([report], { drills: DRILLS }));
    assert.match(page, /Alerts while it lasts: ProxyDown\./);
  });

  test('are drawn beside what applications saw, however long they took', () => {
    const long = { writes: [...writes, { endedAt: 90_000 }], undoneAt: 61_000, wholeAt: 66_000, held: true };
    const page = renderHtml(documentOf([round({ ...long, alerts: [{ ...proxyDown, over: 68_000 }] })]));
    assert.match(page, /class="alert" [^>]*><title>ProxyDown raised at 20\.0 s, over at 67\.0 s</);
    for (const flag of ['fault taken back 60.0 s', 'whole again 65.0 s'])
      assert.ok(page.includes(flag), flag);
    assert.match(page, /<\/i>alert raised</);
    const unwatched = renderHtml(documentOf([round({ ...long, of: undefined })]));
    assert.doesNotMatch(unwatched, /alert raised|fault taken back 60/);
  });

  test('a drill that did not wait for them is not held to them', () => {
    const report = round({ alerts: [] });
    assert.deepEqual(report.alerts, [{ alert: 'ProxyDown', named: true, raised: null, over: null }]);
    assert.deepEqual(alertPromises(report), []);
  });

  test('one that waited is: each has to come, and to go when all is well again', () => {
    assert.deepEqual(alertPromises(round({ held: true, alerts: [proxyDown] })), [
      ['ProxyDown was raised after', 20_000, true],
      ['ProxyDown was over', 6000, true],
    ]);
    for (const [alerts, kept] of [
      [[], [false, false]],
      [[{ ...proxyDown, over: undefined }], [true, false]],
      [[{ ...proxyDown, raised: 70_000 }], [false, true]],
      [[{ ...proxyDown, over: 120_000 }], [true, false]],
    ] as const) {
      const report = round({ held: true, alerts });
      assert.deepEqual(
        alertPromises(report).map(([, , each]) => each),
        kept,
        JSON.stringify(alerts),
      );
      assert.equal(report.passed, false);
    }
  });

  test('nobody is left to tell of a fault that hit every monitor', () => {
    const members = (watched.monitors ?? []).map(({ name }) => name);
    assert.deepEqual(alertPromises(round({ held: true, alerts: [], injected: { members } })), []);
  });
});

describe('watching alerts', () => {
  interface Monitor {
    readonly server: Server;
    /** undefined = it does not answer. */
    alerts: Array<{ state: string; labels: Record<string, string> }> | undefined;
  }
  const monitors: Monitor[] = [];

  before(async () => {
    for (let i = 0; i < 2; i++) {
      const monitor: Monitor = {
        alerts: [],
        server: createServer(({ url }, response) => {
          assert.equal(url, '/api/v1/alerts');
          response.statusCode = monitor.alerts === undefined ? 503 : 200;
          response.end(JSON.stringify({ data: { alerts: monitor.alerts } }));
        }),
      };
      await new Promise<void>((done) => monitor.server.listen(0, '127.0.0.1', done));
      monitors.push(monitor);
    }
  });
  after(() => {
    for (const { server } of monitors) {
      server.closeAllConnections();
      server.close();
    }
  });

  const planOfBoth = (): Plan => {
    const [monitor] = watched.monitors ?? assert.fail();
    return {
      ...watched,
      monitors: monitors.map(({ server }) => ({
        ...monitor,
        address: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
      })),
    };
  };

  test('what any monitor raises counts, what is only pending does not, and while nobody answers nothing is over', async () => {
    const timeline = new Timeline();
    const [first, second] = monitors;
    const firing = (member: string) => ({ state: 'firing', labels: { alertname: 'RedisDown', member } });
    first.alerts = [firing('r1'), firing('r2'), { state: 'pending', labels: { alertname: 'ProxyDown' } }];
    const watching = await watchAlerts({ plan: planOfBoth(), timeline });
    assert.ok(watching);
    const { watch, end } = watching;
    try {
      assert.ok(watch.isRaised('RedisDown'));
      assert.ok(!watch.isRaised('ProxyDown'));
      // The first one goes, and the other one still tells.
      second.alerts = [firing('r1')];
      first.alerts = undefined;
      const asked = timeline.next(({ text }) => text.startsWith('EdgeDown'), 10_000);
      second.alerts = [firing('r1'), { state: 'firing', labels: { alertname: 'EdgeDown', member: 'e1' } }];
      await asked;
      assert.ok(watch.isRaised('RedisDown'));
      // Nobody answers, and then all is well.
      second.alerts = undefined;
      let refused = 0;
      second.server.on('request', () => {
        refused += 1;
      });
      await waitUntil('two answers that say nothing', () => refused > 1);
      assert.ok(watch.isRaised('RedisDown'));
      first.alerts = [];
      await waitUntil('it to be over', () => !watch.isRaised('RedisDown'));
    } finally {
      end();
    }
    const told = timeline.events.map(({ event, text }) => `${event} ${text}`);
    assert.deepEqual(told, [
      'raised RedisDown r1, r2',
      'raised EdgeDown e1',
      'over RedisDown',
      'over EdgeDown',
    ]);
    assert.ok(watch.seen.every(({ raised, over }) => over !== undefined && over >= raised));
  });

  test('one that comes twice is there twice', () => {
    const watch = new AlertWatch();
    const up = new Map([['RedisDown', 'r1']]);
    for (const [at, raised] of [up, up, new Map(), up].entries()) watch.take(raised, at, () => undefined);
    assert.deepEqual(watch.seen, [
      { alert: 'RedisDown', raised: 0, over: 2 },
      { alert: 'RedisDown', raised: 3 },
    ]);
  });

  test('a stack without monitors is not asked', async () => {
    assert.equal(await watchAlerts({ plan: planOf(HEAD), timeline: new Timeline() }), undefined);
  });
});
