import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseMetrics } from '../../../console/figures/prometheus.ts';
import { percentile, poolTraffic, readCounters } from '../../../console/figures/traffic.ts';

/** What a proxy writes of one pool at two servers. */
const metrics = (first: number, second: number): string => `# HELP nutcracker_clients Connected clients.
nutcracker_clients{pool="alpha"} 7
nutcracker_requests_total{pool="alpha",server="shard-1"} ${first}
nutcracker_requests_total{pool="alpha",server="shard-2"} ${second}
nutcracker_latency_seconds_bucket{pool="alpha",server="shard-1",le="0.001"} ${first / 2}
nutcracker_latency_seconds_bucket{pool="alpha",server="shard-1",le="0.002"} ${first}
nutcracker_latency_seconds_bucket{pool="alpha",server="shard-1",le="+Inf"} ${first}
`;

describe('what went through a pool', () => {
  const reading = (before: string, now: string, seconds = 2) => ({
    before: readCounters(before),
    now: readCounters(now),
    seconds,
  });

  test('is the sum over the proxies, a second, by shard as well', () => {
    const readings = [reading(metrics(100, 0), metrics(300, 40)), reading(metrics(0, 0), metrics(100, 0))];
    const pool = poolTraffic('alpha', ['shard-1', 'shard-2'], readings);
    assert.equal(pool.requests, 170);
    assert.equal(pool.clients, 14);
    assert.equal(pool.shards['shard-1'].requests, 150);
    assert.equal(pool.shards['shard-2'].requests, 20);
    assert.equal(pool.shards['shard-1'].p50, 1);
    assert.equal(pool.shards['shard-2'].p50, undefined, 'nothing was timed there');
  });

  test('of a proxy that was started anew is what it has counted since', () => {
    const pool = poolTraffic('alpha', ['shard-1'], [reading(metrics(5000, 0), metrics(60, 0))]);
    assert.equal(pool.requests, 30);
  });
});

test('percentiles are linear within a bucket, and never beyond the last bound', () => {
  const buckets = new Map([
    [0.001, 50],
    [0.002, 90],
    [Number.POSITIVE_INFINITY, 100],
  ]);
  assert.equal(percentile(buckets, 0.25), 0.5);
  assert.equal(percentile(buckets, 0.7), 1.5);
  assert.equal(percentile(buckets, 0.99), 2);
  assert.equal(percentile(new Map(), 0.5), undefined);
});

test('labels are read as they were quoted, and nothing that was not asked for', () => {
  const text = 'a{x="one \\"two\\" \\\\ three\\nfour"} 4e2\nb{x="y"} 1\n';
  assert.deepEqual(parseMetrics(text, new Set(['a'])), [
    { name: 'a', labels: { x: 'one "two" \\ three\nfour' }, value: 400 },
  ]);
});
