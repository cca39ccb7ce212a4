import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alertsOf } from '../../../monitoring/alerts.ts';
import { LAST_FAILURE, LAST_GOOD } from '../../../monitoring/backup-rules.ts';
import { checkRaised, type Scenario, type Series } from '../../support/promtool.ts';
import { planOf } from '../../support/stack-fixture.ts';
import { steady, wellSeries } from '../../support/watched-stack.ts';

const plan = planOf('name: alpha\nvip: 198.18.0.100\nbackup: { every: 1m }\nmonitoring: on\n');

/** All series of that name, and with these words in their labels, have other values. */
function change(series: Series, name: string, words: readonly string[], values: string | undefined): void {
  const found = [...series.keys()].filter(
    (key) => key.startsWith(`${name}{`) && words.every((word) => key.includes(`"${word}"`)),
  );
  assert.notEqual(found.length, 0, `${name} ${words.join(' ')}`);
  for (const key of found) {
    if (values === undefined) series.delete(key);
    else series.set(key, values);
  }
}

type Change = readonly [name: string, words: readonly string[], values: string | undefined];

/** @param raised besides that of the title */
const scenario = (
  title: string,
  changes: readonly Change[],
  raised: readonly string[] = [title],
  at = '3m',
): Scenario => {
  const series = wellSeries(plan);
  for (const each of changes) change(series, ...each);
  return { title, series, at, raised };
};

const MASTER = 'alpha-shard-1-a';
const REPLICA = 'alpha-shard-1-b';
const asMaster = (member: string, values: string): Scenario['series'] => {
  const series = wellSeries(plan);
  const [key] = [...series.keys()].filter(
    (each) => each.startsWith('redis_instance_info{') && each.includes(`"${member}"`),
  );
  series.delete(key);
  series.set(key.replace('role="slave"', 'role="master"'), values);
  return series;
};

/** One for each alert: what is broken, as figures; all else is well, so that nothing else may be raised but what is said. */
const BROKEN: readonly Scenario[] = [
  scenario('ShardWithoutMaster', [['redis_instance_info', [MASTER], '1x10 stale _x49']]),
  {
    title: 'ShardWithTwoMasters',
    series: asMaster(REPLICA, steady(1)),
    at: '3m',
    raised: ['ShardWithTwoMasters'],
  },
  scenario('ReplicaMissing', [['redis_connected_slaves', [MASTER], '2x10 1x50']]),
  scenario('ReplicaLinkDown', [['redis_master_link_up', [REPLICA], steady(0)]]),
  scenario('ReplicationLag', [['redis_connected_slave_lag_seconds', [MASTER], steady(9)]]),
  scenario('SentinelTilt', [['redis_sentinel_tilt', ['alpha-sentinel-b'], steady(1)]]),
  scenario('ProxyWithoutMaster', [['nutcracker_server_up', ['alpha-proxy-a', 'shard-2'], steady(0)]]),
  scenario('StrangeMaster', [['nutcracker_strange_masters', ['alpha-proxy-a', 'shard-2'], steady(1)]]),
  scenario('VipUnheld', [['twemstack_edge_vip_held', [], steady(0)]]),
  scenario('VipHeldTwice', [['twemstack_edge_vip_held', [], steady(1)]]),
  scenario('PoolWithoutProxy', [['haproxy_backend_active_servers', ['alpha-edge-a'], steady(0)]]),
  scenario('RedisDown', [['redis_up', [REPLICA], steady(0)]], ['RedisDown', 'StackDegraded']),
  scenario(
    'SentinelMissing',
    [['redis_up', ['alpha-sentinel-c'], steady(0)]],
    ['SentinelMissing', 'StackDegraded'],
  ),
  scenario('ProxyDown', [['up', ['alpha-proxy-b'], steady(0)]], ['ProxyDown', 'StackDegraded']),
  scenario('EdgeDown', [['up', ['edge', 'alpha-edge-b'], steady(0)]], ['EdgeDown', 'StackDegraded']),
  scenario('MemberRestarting', [
    ['nutcracker_start_time_seconds', ['alpha-proxy-a'], '5x9 6x9 7x40'],
    ['redis_uptime_in_seconds', [REPLICA], '50+5x9 1+5x9 1+5x40'],
    ['haproxy_process_uptime_seconds', ['alpha-edge-a'], '9+5x5 1+5x5 1+5x5 1+5x40'],
  ]),
  scenario('StackDegraded', [['up', ['vrrp', 'alpha-edge-b'], steady(0)]]),
  scenario('MemoryNearLimit', [['redis_memory_used_bytes', [REPLICA], steady(91)]]),
  scenario('Evictions', [['redis_evicted_keys_total', [REPLICA], '7+3x60']]),
  scenario('AofFailing', [['redis_aof_last_write_status', [REPLICA], steady(0)]]),
  scenario('ClientsNearLimit', [['haproxy_backend_current_sessions', ['alpha-edge-a'], steady(3800)]]),
  scenario('LatencyBudgetBurnt', [['nutcracker_latency_seconds_bucket', ['shard-2'], '0+970x60']]),
  scenario('BackupFailing', [[LAST_FAILURE, [], '0+6x60']]),
  scenario('BackupStale', [[LAST_GOOD, [], steady(1)]], ['BackupStale'], '4m'),
  scenario('BackupMissing', [[LAST_GOOD, [], steady(0)]], ['BackupMissing'], '4m'),
  scenario('MonitorDown', [['up', ['monitor'], steady(0)]], ['MonitorDown', 'StackDegraded']),
  scenario('AlertsNotSent', [['alertmanager_notifications_failed_total', [], '0+1x60']]),
];

describe('alerts, by promtool', () => {
  test('each is raised by what it is for, and nothing else is', async () => {
    assert.deepEqual(
      BROKEN.map(({ title }) => title).sort(),
      alertsOf(plan)
        .map(({ name }) => name)
        .sort(),
    );
    await checkRaised(plan, BROKEN);
  });

  test('nothing is raised of a stack that is well, of what a failover mends, nor once it is well again', async () => {
    await checkRaised(plan, [
      scenario('well', [], []),
      scenario(
        'each started once',
        [
          ['nutcracker_start_time_seconds', [], '5x9 6x50'],
          ['redis_uptime_in_seconds', [], '50+5x9 1+5x50'],
          ['haproxy_process_uptime_seconds', [], '50+5x9 1+5x50'],
        ],
        [],
      ),
      // Ten seconds without a master; the old one comes back as a replica.
      ...['45s', '55s', '65s', '3m'].map((at) =>
        scenario(
          `failover, ${at}`,
          [
            ['redis_up', [MASTER], '1x10 0x1 1x48'],
            ['redis_instance_info', [MASTER], '1x10 stale 1x48'],
            ['twemstack_edge_vip_held', ['alpha-edge-a'], '1x10 0x1 1x48'],
          ],
          [],
          at,
        ),
      ),
      scenario('well again', [['redis_up', [REPLICA], '0x20 1x40']], [], '3m'),
      scenario('not yet', [['redis_up', [REPLICA], '1x34 0x26']], [], '3m'),
    ]);
  });

  test('a shard whose members are all gone has no master, too', async () => {
    const series = wellSeries(plan);
    for (const name of ['redis_instance_info', 'redis_connected_slaves', 'redis_master_link_up'])
      change(series, name, ['shard-1'], undefined);
    change(series, 'redis_up', ['shard-1'], steady(0));
    const raised = ['RedisDown', 'ShardWithoutMaster', 'StackDegraded'];
    await checkRaised(plan, [{ title: 'gone', series, at: '3m', raised }]);
  });

  test('an exporter, and edges, that say nothing do not pass for well', async () => {
    const series = wellSeries(plan);
    change(series, 'twemstack_edge_vip_held', [], undefined);
    await checkRaised(plan, [{ title: 'silent', series, at: '3m', raised: ['VipUnheld'] }]);
  });

  test('a stack without replicas is not told of replicas', () => {
    const single = planOf('name: alpha\nvip: 198.18.0.100\nreplicas: 0\nmonitoring: on\n');
    assert.ok(alertsOf(single).every(({ name }) => !/^Repli/.test(name)));
  });
});
