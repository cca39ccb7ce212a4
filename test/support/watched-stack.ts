import { LAST_FAILURE, LAST_GOOD } from '../../monitoring/backup-rules.ts';
import type { Plan } from '../../topology/types.ts';
import { type Series, seriesOf } from './promtool.ts';

/** Values of a figure that does not change for five minutes. */
export const steady = (value: number): string => `${value}x60`;

/** What Prometheus has of a stack that is well, as its members' own exporters say it. */
export function wellSeries(plan: Plan): Series {
  const series: Series = new Map();
  const set = (name: string, labels: Record<string, string>, value: string): void => {
    series.set(seriesOf(name, labels), value);
  };
  for (const { shard, address, port, name, initialMaster } of plan.shards.flatMap(({ members }) => members)) {
    const labels = { job: 'redis', instance: `${address}:${port}`, member: name, shard };
    set('up', labels, steady(1));
    set('redis_up', labels, steady(1));
    set('redis_instance_info', { ...labels, role: initialMaster ? 'master' : 'slave' }, steady(1));
    set('redis_connected_slaves', labels, steady(initialMaster ? 2 : 0));
    if (!initialMaster) set('redis_master_link_up', labels, steady(1));
    else set('redis_connected_slave_lag_seconds', { ...labels, slave_ip: '198.18.128.33' }, steady(1));
    set('redis_memory_used_bytes', labels, steady(10));
    set('redis_memory_max_bytes', labels, steady(100));
    set('redis_evicted_keys_total', labels, steady(7));
    set('redis_uptime_in_seconds', labels, '100+5x60');
    set('redis_aof_last_write_status', labels, steady(1));
    set('redis_aof_last_bgrewrite_status', labels, steady(1));
  }
  for (const { address, port, name } of plan.sentinels) {
    const labels = { job: 'sentinel', instance: `${address}:${port}`, member: name };
    set('up', labels, steady(1));
    set('redis_up', labels, steady(1));
    set('redis_sentinel_tilt', labels, steady(0));
    set('redis_uptime_in_seconds', labels, '100+5x60');
  }
  for (const { name } of plan.proxies) {
    const labels = { job: 'proxy', instance: `${name}:22222`, member: name };
    set('up', labels, steady(1));
    set('nutcracker_start_time_seconds', labels, steady(1_800_000_000));
    for (const { name: server } of plan.shards) {
      const own = { ...labels, pool: 'alpha', server };
      set('nutcracker_server_up', own, steady(1));
      set('nutcracker_strange_masters', own, steady(0));
      set('nutcracker_latency_seconds_count', own, '0+1000x60');
      set('nutcracker_latency_seconds_bucket', { ...own, le: '0.065536' }, '0+995x60');
    }
  }
  plan.edges.forEach(({ name }, index) => {
    const labels = { job: 'edge', instance: `${name}:8404`, member: name };
    set('up', labels, steady(1));
    set('haproxy_process_uptime_seconds', labels, '100+5x60');
    set('haproxy_backend_active_servers', { ...labels, proxy: 'proxies-alpha' }, steady(3));
    set('haproxy_backend_current_sessions', { ...labels, proxy: 'proxies-alpha' }, steady(12));
    set('up', { ...labels, job: 'vrrp' }, steady(1));
    set('twemstack_edge_vip_held', { ...labels, job: 'vrrp' }, steady(index === 0 ? 1 : 0));
  });
  // One of each scrape, as if somebody took them all the time.
  set(LAST_GOOD, {}, '0+5x60');
  set(LAST_FAILURE, {}, steady(0));
  for (const { name } of plan.monitors ?? []) {
    set('up', { job: 'monitor', member: name }, steady(1));
    set('up', { job: 'alertmanager', member: name }, steady(1));
    const failed = { job: 'alertmanager', member: name, integration: 'webhook' };
    set('alertmanager_notifications_failed_total', failed, steady(0));
  }
  return series;
}
