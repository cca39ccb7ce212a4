import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { alertsOf } from '../../../monitoring/alerts.ts';
import { CHARTS, renderDashboard } from '../../../monitoring/dashboard.ts';
import { renderMembers } from '../../../scripts/render/member-files.ts';
import { containerOptions } from '../../../topology/container-options.ts';
import type { AlertSecrets, Plan } from '../../../topology/types.ts';
import { defaultPlan, planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\n';
const watched = (settings = 'on'): Plan => planOf(`${HEAD}monitoring: ${settings}\n`);

const filesOf = (plan: Plan, member: string, secrets: AlertSecrets = {}): Map<string, string> =>
  new Map(
    renderMembers(plan, TEST_CREDENTIALS, {}, secrets)
      .get(member)
      ?.map(({ name, content }) => [name, content]),
  );

interface Job {
  readonly job_name: string;
  readonly static_configs: ReadonlyArray<{ targets: string[]; labels: Record<string, string> }>;
}

describe('a stack with monitors', () => {
  test('`on`, `true` and an empty wish are the same; `off` and `false` are a stack without', () => {
    assert.deepEqual(watched('true'), watched());
    assert.deepEqual(watched('{ retention: 360h }'), watched());
    for (const off of ['off', 'false']) assert.deepEqual(watched(off), defaultPlan());
  });

  test('has one in the third domain, at an address that nobody had, and moves nobody else', () => {
    const plan = watched();
    assert.deepEqual(plan.monitors, [
      {
        name: 'alpha-monitor-c',
        role: 'monitor',
        domain: 'c',
        address: '198.18.128.4',
        port: 9090,
      },
    ]);
    assert.equal(plan.out, undefined, 'nothing is sent, so nothing leads out');
    const others = plan.members.filter(({ role }) => role !== 'monitor');
    assert.deepEqual(others, defaultPlan().members);
  });

  test('whatever the number of domains and shards, it stays where it is', () => {
    const more = planOf(`${HEAD}domains: [a, b, c, d, e]\nshards: 5\nmonitoring: on\n`);
    assert.deepEqual(more.monitors, watched().monitors);
  });

  test('has a way out only if alerts are sent', () => {
    const plan = watched('{ domains: [a, c], webhook: "http://x.example/" }');
    assert.equal(plan.out?.subnet, '198.18.64.0/28');
    assert.deepEqual(
      plan.monitors?.map(({ outAddress }) => outAddress),
      ['198.18.64.2', '198.18.64.4'],
    );
  });

  test('asks every member, and says whose each figure is', () => {
    const plan = watched();
    const { scrape_configs: jobs } = parse(filesOf(plan, 'alpha-monitor-c').get('prometheus.yml') ?? '') as {
      scrape_configs: Job[];
    };
    const membersOf = (name: string): (string | undefined)[] =>
      jobs.find(({ job_name }) => job_name === name)?.static_configs.map(({ labels }) => labels.member) ?? [];
    const asked = ['proxy', 'edge', 'redis', 'sentinel', 'monitor'].flatMap(membersOf);
    assert.deepEqual(asked.sort(), plan.members.map(({ name }) => name).sort());
    assert.deepEqual(membersOf('vrrp'), membersOf('edge'));
    const [first] = jobs.find(({ job_name }) => job_name === 'redis')?.static_configs ?? [];
    assert.deepEqual(first, {
      targets: ['redis://198.18.128.32:6379'],
      labels: { member: 'alpha-shard-1-a', domain: 'a', shard: 'shard-1' },
    });
  });

  test('a domain that is called as a truth value is still a word', () => {
    const plan = planOf(`${HEAD}domains: [a, b, "on"]\nmonitoring: on\n`);
    assert.match(filesOf(plan, 'alpha-monitor-on').get('prometheus.yml') ?? '', /domain: "on"/);
  });

  test('its account is on every redis and sentinel, changes nothing and reads no key; without monitors nobody knows it', () => {
    const plan = watched();
    for (const member of ['alpha-shard-1-a', 'alpha-sentinel-a']) {
      const [, rules] = /^user monitor (.*)$/m.exec(filesOf(plan, member).get('users.acl') ?? '') ?? [];
      assert.match(rules, /^reset on #[0-9a-f]{64} -@all /);
      assert.doesNotMatch(rules, /~|&|\+@|config|\+sentinel( |$)|failover|write/);
      assert.doesNotMatch(filesOf(defaultPlan(), member).get('users.acl') ?? '', /monitor/);
    }
  });

  test('its passwords are in two files that count as secret, and nowhere else', () => {
    const plan = watched(
      '{ webhook: "http://x.example/", email: a@b.example, smtp: "m.example:25", smtp_user: u }',
    );
    const secrets = { smtp: 'the password of the mail server', webhook: 'the token' };
    const words = [TEST_CREDENTIALS.monitor, ...Object.values(secrets)];
    for (const [member, files] of renderMembers(plan, TEST_CREDENTIALS, {}, secrets))
      for (const { name, content, secret } of files) {
        const told = words.filter((word) => content.includes(word));
        if (member !== 'alpha-monitor-c') assert.deepEqual(told, [], `${member} ${name}`);
        else if (!secret) assert.deepEqual(told, [], name);
      }
    const files = filesOf(plan, 'alpha-monitor-c', secrets);
    assert.match(files.get('alertmanager.yml') ?? '', /auth_password: the password of the mail server/);
    assert.match(files.get('alertmanager.yml') ?? '', /credentials: the token/);
    const passwords = Object.keys(JSON.parse(files.get('redis-passwords.json') ?? '{}'));
    assert.equal(passwords.length, 9);
  });

  test('knows no bound that the container does not have', () => {
    const plan = watched();
    const [monitor] = plan.monitors ?? [];
    assert.ok(monitor);
    const entrypoint = readFileSync('monitoring/image/entrypoint', 'utf8');
    const limits = [...entrypoint.matchAll(/GOMEMLIMIT=(\d+)MiB/g)].map(([, mb]) => Number(mb));
    assert.equal(limits.length, 3);
    assert.ok(limits.reduce((sum, mb) => sum + mb) * 1.25 < containerOptions(plan, monitor).memoryMb);
  });
});

describe('a stack without monitors', () => {
  test('has no word of them in its plan or in any file', () => {
    assert.doesNotMatch(JSON.stringify(defaultPlan()), /monitor/);
    for (const [member, files] of renderMembers(defaultPlan(), TEST_CREDENTIALS))
      for (const { name, content } of files)
        assert.doesNotMatch(content, /vrrp\.lua|lua\.vrrp|user monitor/, `${member} ${name}`);
  });
});

describe('the dashboard', () => {
  test('is a model as Grafana imports it: its panels differ, fit the grid and meet nowhere', () => {
    const { panels, schemaVersion, templating } = JSON.parse(renderDashboard(watched())) as {
      schemaVersion: number;
      templating: { list: Array<{ name: string; type: string }> };
      panels: Array<{
        id: number;
        type: string;
        gridPos: { x: number; y: number; w: number; h: number };
        datasource: { uid: string };
        targets: Array<{ refId: string; expr: string }>;
      }>;
    };
    assert.ok(schemaVersion >= 36);
    assert.deepEqual(
      templating.list.map(({ name, type }) => [name, type]),
      [['datasource', 'datasource']],
    );
    assert.equal(panels.length, CHARTS.length);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.equal(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size, panels.length);
    for (const { gridPos, datasource, targets } of panels) {
      assert.ok(gridPos.x % gridPos.w === 0 && gridPos.x + gridPos.w <= 24 && gridPos.y % gridPos.h === 0);
      assert.equal(datasource.uid, '$datasource');
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
    }
  });
});

describe('docs/monitoring.md', () => {
  test('has every alert, with its severity and how long it has to be so', () => {
    const page = readFileSync('docs/monitoring.md', 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z]\w+)` \| (\w+) \| ([^|]+) \|/gm)].map(([, ...row]) => row);
    const plan = planOf(`${HEAD}backup: { every: 1h }\nmonitoring: on\n`);
    assert.deepEqual(
      rows,
      alertsOf(plan).map(({ name, severity, forSeconds }) => [
        name,
        severity,
        name === 'BackupMissing' ? 'twice `backup.every`' : forSeconds === 0 ? 'at once' : `${forSeconds} s`,
      ]),
    );
  });
});
