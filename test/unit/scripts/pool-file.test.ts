import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { hostsPlanOf, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

describe("the proxies' pool file", () => {
  const pool = (settings: string) =>
    parse(renderNutcrackerYml(planOf(`name: alpha\nvip: 198.18.0.100\npools: { alpha: { ${settings} } }\n`)))
      .alpha;

  test('reads from the master unless the stack file says otherwise', () => {
    const { reads, replica_max_lag } = pool('listen: 6379');
    assert.deepEqual([reads, replica_max_lag], [undefined, undefined]);
  });

  test('stands on the shards that the stack file names, in the order of the shards', () => {
    const { servers, members } = pool('shards: [shard-2]');
    assert.deepEqual(servers, ['198.18.128.41:6379:1 shard-2']);
    assert.deepEqual(
      members.map((member: string) => member.split(' ')[1]),
      ['shard-2', 'shard-2', 'shard-2'],
    );
    const names = (list: string[]) => list.map((server) => server.split(' ')[1]);
    assert.deepEqual(names(pool('shards: [shard-2, shard-1]').servers), ['shard-1', 'shard-2']);
    assert.deepEqual(names(pool('listen: 6379').servers), ['shard-1', 'shard-2']);
  });

  test('makes the proxies each other’s peers, where the pool listens', () => {
    const { peers } = pool('listen: 6400');
    assert.deepEqual(peers, ['198.18.128.16:6400', '198.18.128.17:6400', '198.18.128.18:6400']);
  });

  test('on several hosts too, where each pool has a port of its own on the proxies', () => {
    const { peers } = parse(renderNutcrackerYml(hostsPlanOf(THREE_HOSTS))).alpha;
    assert.deepEqual(peers, ['10.0.0.11:7010', '10.0.0.12:7010', '10.0.0.13:7010']);
  });

  test('believes the edges, and nobody else, whose connections they pass on', () => {
    assert.deepEqual(pool('listen: 6379').proxy_protocol_networks, ['198.18.128.8', '198.18.128.9']);
    const onHosts = parse(renderNutcrackerYml(hostsPlanOf(THREE_HOSTS))).alpha;
    assert.deepEqual(onHosts.proxy_protocol_networks, ['10.0.0.11', '10.0.0.12']);
  });

  test('takes no request for which a redis of this stack has no memory', () => {
    const { request_bytes, large_request_bytes } = pool('listen: 6379');
    assert.deepEqual([request_bytes, large_request_bytes], [8 * 1024 * 1024, 8 * 1024 * 1024]);
  });

  test('reads from replicas, within the bound that the stack file names', () => {
    const { reads, replica_max_lag } = pool('reads: replicas, replica_max_lag: 3s');
    assert.deepEqual([reads, replica_max_lag], ['replicas', 3000]);
  });
});
