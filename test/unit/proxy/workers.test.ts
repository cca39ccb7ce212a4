import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Snapshot, snapshotOf, sumSnapshots } from '../../../proxy/admin/snapshot.ts';
import { statsDocument } from '../../../proxy/admin/stats.ts';
import { parseOptions, UsageError } from '../../../proxy/cli/options.ts';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { shareOf } from '../../../proxy/workers/share.ts';
import { memoryScene } from '../../support/memory-scene.ts';

const pool = (name: string, listen: string, more = ''): string =>
  `${name}:\n  listen: ${listen}\n  redis: true\n${more}  servers:\n   - h:1:1\n`;

/** A process with one pool that has answered so many requests, and has one more under way. */
async function report(answered: number): Promise<Snapshot> {
  const scene = await memoryScene([]);
  const client = scene.client();
  for (let i = 0; i <= answered; i++) client.ask('GET', 'k');
  scene.settle();
  scene.servers[0].answer(...Array(answered).fill('$-1'));
  scene.settle();
  const snapshot = snapshotOf([scene.pool]);
  scene.pool.close();
  return snapshot;
}

describe("a worker's share", () => {
  test('client_connections is divided, rounded up; 0 stays without limit', () => {
    const configs = parseConfig(
      pool('a', '127.0.0.1:1', '  client_connections: 10\n') + pool('b', '127.0.0.1:2'),
    );
    const shares = shareOf(configs, 2, 3);
    assert.deepEqual(
      shares.map((each) => [each.name, each.clientConnections, each.reusePort]),
      [
        ['a', 4, true],
        ['b', 0, true],
      ],
    );
  });

  test('a unix socket is the first worker’s alone, with all of client_connections', () => {
    const configs = parseConfig(pool('a', '/tmp/a', '  client_connections: 10\n') + pool('b', '127.0.0.1:2'));
    const names = (place: number): string[] => shareOf(configs, place, 2).map((each) => each.name);
    assert.deepEqual([names(1), names(2)], [['a', 'b'], ['b']]);
    assert.equal(shareOf(configs, 1, 2)[0].clientConnections, 10);
  });
});

describe('figures of several workers', () => {
  test('are added, those of this moment too', async () => {
    const sum = sumSnapshots([await report(2), await report(3)]);
    const [{ clientConnections, servers }] = sum.pools;
    assert.deepEqual([sum.workers, clientConnections, servers[0].requests, servers[0].sent], [2, 2, 7, 2]);
    assert.equal(
      servers[0].latency.reduce((all, count) => all + count),
      5,
    );
    assert.match(statsDocument(sum, 0), /"curr_connections":6, "p": .*"responses":5, /);
  });

  test('of one that ended, what it had counted stays, and nothing else', async () => {
    const sum = sumSnapshots([await report(1)], [await report(4)]);
    const [{ clientConnections, servers }] = sum.pools;
    assert.deepEqual([sum.workers, clientConnections, servers[0].sent], [1, 1, 1]);
    assert.equal(servers[0].responses, 5);
  });

  test('a server counts as up when all of them reach it', async () => {
    const [one, other] = [await report(0), await report(0)];
    other.pools[0].servers[0].up = false;
    assert.equal(sumSnapshots([one, other]).pools[0].servers[0].up, false);
  });
});

test('--workers takes 1 to 256', () => {
  assert.equal(parseOptions([]).workers, 1);
  assert.equal(parseOptions(['--workers=4']).workers, 4);
  for (const value of ['0', '257', 'x', '-1']) {
    assert.throws(() => parseOptions(['--workers', value]), UsageError, value);
  }
});
