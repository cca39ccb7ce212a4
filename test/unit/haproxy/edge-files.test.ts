import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderEdgeFiles } from '../../../haproxy/files.ts';
import { renderHaproxyCfg } from '../../../haproxy/haproxy-cfg.ts';
import { renderKeepalivedConf } from '../../../haproxy/keepalived-conf.ts';
import { edgeOpenFiles } from '../../../topology/edge-limits.ts';
import { assertGolden } from '../../support/golden.ts';
import {
  defaultPlan,
  hostsPlanOf,
  planOf,
  TEST_CREDENTIALS,
  THREE_HOSTS,
} from '../../support/stack-fixture.ts';

const TWO_POOLS = `name: beta
vip: 198.18.4.100
network: 198.18.4.0/24
edge: { count: 1 }
pools:
  fast: { listen: 6379 }
  slow: { listen: 6380, redis_db: 1 }
`;

describe('files of an edge', () => {
  test('of the default stack are as in the golden files', () => {
    const plan = defaultPlan();
    for (const edge of plan.edges) {
      for (const { name, content } of renderEdgeFiles(plan, edge, TEST_CREDENTIALS)) {
        assertGolden(`edge/${edge.name}/${name}`, content);
      }
    }
  });

  test('of three hosts that share the load of two VIPs are as in the golden files: each edge takes its own back', () => {
    const plan = hostsPlanOf(
      THREE_HOSTS.replace('vip: 10.0.0.100', 'vips: [10.0.0.100, 10.0.0.101]\nedge: { count: 3 }'),
    );
    for (const edge of plan.edges.slice(1))
      for (const { name, content } of renderEdgeFiles(plan, edge, TEST_CREDENTIALS))
        assertGolden(`shared-vips/${edge.name}/${name}`, content);
  });

  test('where others lead applications to the edges there is no VIP to hold, and the host is the entrance', () => {
    const plan = hostsPlanOf(`${THREE_HOSTS}entrance: external\n`);
    const files = renderEdgeFiles(plan, plan.edges[1], TEST_CREDENTIALS);
    assert.deepEqual(
      files.map(({ name }) => name),
      ['facts.env', 'haproxy.cfg'],
    );
    assert.match(files[1].content, /bind 10.0.0.12:6379\n/);
    assert.ok(!files[1].content.includes(plan.vip));
  });

  test('hold no password', () => {
    const plan = defaultPlan();
    for (const { content, secret } of renderEdgeFiles(plan, plan.edges[0], TEST_CREDENTIALS)) {
      assert.equal(secret, false);
      for (const password of Object.values(TEST_CREDENTIALS)) assert.ok(!content.includes(password));
    }
  });

  test('every pool has a frontend on its port, and a backend with every proxy', () => {
    const plan = planOf(TWO_POOLS);
    const config = renderHaproxyCfg(plan, plan.edges[0]);
    for (const pool of plan.pools) {
      assert.match(
        config,
        new RegExp(
          `frontend pool-${pool.name}\n.*\n {4}bind 198.18.4.8:${pool.listen}\n {4}bind 198.18.4.100:${pool.listen} transparent\n {4}(?!bind)`,
        ),
      );
      for (const proxy of plan.proxies) {
        assert.match(config, new RegExp(`server ${proxy.name} ${proxy.address}:${pool.listen}\n`));
      }
    }
  });

  test('two edges speak unicast VRRP with each other, never as declared master, with different priorities', () => {
    const plan = defaultPlan();
    const [first, second] = plan.edges.map((edge) => renderKeepalivedConf(plan, edge));
    for (const config of [first, second]) assert.match(config, /state BACKUP\n {4}nopreempt\n/);
    assert.match(
      first,
      new RegExp(`unicast_src_ip ${plan.edges[0].address}\n.*\n {8}${plan.edges[1].address} min_ttl 255\n`),
    );
    assert.match(
      second,
      new RegExp(`unicast_src_ip ${plan.edges[1].address}\n.*\n {8}${plan.edges[0].address} min_ttl 255\n`),
    );
    assert.notEqual(first.match(/priority (\d+)/)?.[1], second.match(/priority (\d+)/)?.[1]);
  });

  test('a lone edge has no peers to write to', () => {
    const plan = planOf(TWO_POOLS);
    assert.doesNotMatch(renderKeepalivedConf(plan, plan.edges[0]), /unicast/);
  });

  test('the limits of all frontends together are within the limit of the process, so that none starves another', () => {
    const plan = planOf(TWO_POOLS);
    const config = renderHaproxyCfg(plan, plan.edges[0]);
    const [process, ...frontends] = [...config.matchAll(/^ {4}maxconn (\d+)$/gm)].map(([, limit]) =>
      Number(limit),
    );
    assert.equal(
      frontends.length,
      plan.pools.length + 2,
      'a limit for each pool, the ops port and the watch',
    );
    assert.ok(process >= frontends.reduce((sum, limit) => sum + limit, 0));
    for (const limit of frontends.slice(0, -2)) assert.ok(limit > plan.edge.maxConnections);
  });

  test('a limit per source is there when it is asked for', () => {
    const rendered = (edge: string) => {
      const plan = planOf(`name: alpha\nvip: 198.18.0.100\nedge: { ${edge} }\n`);
      return renderHaproxyCfg(plan, plan.edges[0]);
    };
    assert.doesNotMatch(rendered('count: 2'), /stick-table|per_source/);
    assert.match(rendered('max_connections_per_source: 50'), /src_conn_cur ge 50 /);
  });

  test('open files: what HAProxy was measured to ask for, and some', () => {
    assert.ok(edgeOpenFiles(20_000) > 40_031);
  });
});
