import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderEdgeFiles } from '../../../haproxy/files.ts';
import { edgeOpenFiles, renderHaproxyCfg } from '../../../haproxy/haproxy-cfg.ts';
import { renderKeepalivedConf } from '../../../haproxy/keepalived-conf.ts';
import { assertGolden } from '../../support/golden.ts';
import { defaultPlan, planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

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
        new RegExp(`frontend pool-${pool.name}\n(.*\n)*? {4}bind 0.0.0.0:${pool.listen}\n`),
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
      new RegExp(`unicast_src_ip ${plan.edges[0].address}\n.*\n {8}${plan.edges[1].address}\n`),
    );
    assert.match(
      second,
      new RegExp(`unicast_src_ip ${plan.edges[1].address}\n.*\n {8}${plan.edges[0].address}\n`),
    );
    assert.notEqual(first.match(/priority (\d+)/)?.[1], second.match(/priority (\d+)/)?.[1]);
  });

  test('a lone edge has no peers to write to', () => {
    const plan = planOf(TWO_POOLS);
    assert.doesNotMatch(renderKeepalivedConf(plan, plan.edges[0]), /unicast/);
  });

  test('open files: what HAProxy was measured to ask for, and some', () => {
    assert.ok(edgeOpenFiles(20_000) > 40_031);
  });
});
