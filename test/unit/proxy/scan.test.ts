import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { ValueReader } from '../../../proxy/protocol/reply-values.ts';
import { closeScenes, type MemoryClient, TWO } from '../../support/memory-scene.ts';
import { type Bed, bed, fill } from '../../support/scanned-bed.ts';
import { waitUntil } from '../../support/wait-until.ts';

afterEach(closeScenes);

const NEW = { kind: 'tcp', host: '10.0.0.3', port: 6379 } as const;

/** Walks to the end. @param between called after each page with the number of pages so far and the next cursor */
function walk(
  { ask }: Bed,
  client: MemoryClient,
  between: (pages: number, cursor: string) => void = () => undefined,
  from = '0',
): string[] {
  const found: string[] = [];
  let cursor = from;
  for (let pages = 1; ; pages++) {
    assert.ok(pages < 1000, 'a walk ends');
    const [next, keys] = ask(client, 'SCAN', cursor, 'COUNT', '7') as [string, string[]];
    found.push(...keys);
    if (next === '0') return found;
    cursor = next;
    between(pages, next);
  }
}

describe('SCAN', () => {
  for (const addresses of [TWO, TWO.slice(0, 1)]) {
    test(`gives every key exactly once over ${addresses.length} servers that nothing happens to`, async () => {
      const scene = await bed([], addresses);
      scene.shards.forEach((shard, i) => void fill(shard, `s${i}:`, 100));
      const found = walk(scene, scene.client());
      assert.equal(found.length, 100 * addresses.length);
      assert.equal(new Set(found).size, found.length);
    });
  }

  test('a server without keys is passed over, and so is a pool without any', async () => {
    const scene = await bed();
    const client = scene.client();
    assert.deepEqual(walk(scene, client), []);
    fill(scene.shards[1], 'b', 20);
    assert.equal(walk(scene, client).length, 20);
  });

  test('misses no key that is there all the time, while others come and go', async () => {
    const scene = await bed();
    for (const shard of scene.shards) fill(shard, 'stays', 60);
    const found = walk(scene, scene.client(), (pages) => {
      for (const shard of scene.shards) {
        shard.keys.delete(`comes${pages - 1}`);
        shard.keys.add(`comes${pages}`);
      }
    });
    for (let i = 0; i < 60; i++) assert.equal(found.filter((key) => key === `stays${i}`).length, 2);
  });

  test('cursors are numbers below 2^53, and any proxy of the pool goes on with them', async () => {
    const [first, second] = [await bed(), await bed()];
    for (const { shards } of [first, second]) shards.forEach((shard, i) => void fill(shard, `s${i}:`, 40));
    const clients = [first.client(), second.client()];
    const found: string[] = [];
    let cursor = '0';
    let pages = 0;
    do {
      const scene = [first, second][pages % 2];
      const reply = scene.ask(clients[pages % 2], 'SCAN', cursor, 'COUNT', '7');
      const [next, keys] = reply as [string, string[]];
      assert.match(next, /^\d+$/);
      assert.ok(Number.isSafeInteger(Number(next)), next);
      found.push(...keys);
      cursor = next;
    } while (cursor !== '0' && ++pages < 100);
    assert.equal(found.length, 80);
    assert.equal(new Set(found).size, 80);
  });

  test('MATCH, COUNT and TYPE go to the server as they are; what it says against them comes back', async () => {
    const { client, servers, settle } = await bed();
    const one = client();
    one.ask('scan', '0', 'match', 'a*', 'type', 'hash', 'count', '5');
    settle();
    servers[0].answer('$10\r\nrun_id:abc');
    settle();
    assert.deepEqual(servers[0].asked, ['SCAN 0 match a* type hash count 5']);
    servers[0].answer('-ERR syntax error');
    settle();
    assert.match(one.said, /^-ERR syntax error\r\n$/);
    assert.deepEqual(servers[1].log, []);
  });

  test('COUNT is bounded: a hint must not hold everybody up', async () => {
    const { client, servers, settle } = await bed();
    client().ask('SCAN', '0', 'MATCH', 'count', 'COUNT', '1000000000');
    settle();
    servers[0].answer('$10\r\nrun_id:abc');
    settle();
    assert.deepEqual(servers[0].asked, ['SCAN 0 MATCH count COUNT 100000']);
  });

  test('what is no cursor is one to nobody', async () => {
    const { ask, client, servers } = await bed();
    const one = client();
    for (const cursor of ['abc', '1 ', '18446744073709551616', '-', '1.5']) {
      ask(one, 'SCAN', cursor);
      assert.equal(one.said, '-ERR invalid cursor\r\n');
    }
    ask(one, 'SCAN');
    assert.equal(one.said, "-ERR wrong number of arguments for 'scan' command\r\n");
    assert.deepEqual(servers[0].log, []);
  });

  test('cursors of another pool, of before a change of servers, and invented ones: all keys all the same', async () => {
    const scene = await bed();
    scene.shards.forEach((shard, i) => void fill(shard, `s${i}:`, 50));
    const client = scene.client();
    const other = await bed([], [...TWO, '10.0.0.3:6379:1 three']);
    other.shards.forEach((shard, i) => void fill(shard, `o${i}:`, 50));
    const cursors: string[] = [];
    walk(other, other.client(), (_, cursor) => void cursors.push(cursor));
    assert.ok(cursors.length > 10);
    for (const cursor of cursors) assert.equal(walk(scene, client, undefined, cursor).length, 100);
    // whatever pool one of these is taken to be of, the walk ends
    for (let i = 0; i < 298; i++) walk(scene, client, undefined, String(BigInt(i) * 61_728_394_506_172_839n));
    for (const cursor of ['-1', '+3', '18446744073709551615']) walk(scene, client, undefined, cursor);
  });

  test('a pipeline: what was written before is on the server, what comes behind is not', async () => {
    const { client, run, servers } = await bed([], TWO.slice(0, 1));
    const one = client();
    one.ask('SET', 'a', '1');
    one.ask('SCAN', '0');
    one.ask('SET', 'b', '1');
    run();
    assert.deepEqual(
      servers[0].log.map((words) => words.split(' ')[0]),
      ['SET', 'INFO', 'SCAN', 'SET'],
    );
  });

  test('a server that is ejected is not passed over without a word', async () => {
    const scene = await bed(['auto_eject_hosts: true', 'server_failure_limit: 1']);
    const client = scene.client();
    scene.pool.servers[1].live = false;
    fill(scene.shards[0], 'a', 20);
    assert.throws(() => walk(scene, client));
    assert.match(client.said, /^-ERR 'scan' needs 'two', which is ejected/);
  });
});

describe('SCAN while a master changes', () => {
  const FOLLOWS = ['sentinels:', '  - 10.0.0.9:1:1'];

  for (const when of [1, 4, 12]) {
    test(`after page ${when}: the shard is walked again, and no key is missing`, async () => {
      const scene = await bed(FOLLOWS, TWO, ['10.0.0.3:6379']);
      scene.shards.forEach((shard, i) => void fill(shard, `s${i % 2}:`, 60));
      const [before, , after] = scene.shards;
      for (const key of [...after.keys]) after.keys.delete(key);
      for (const key of before.keys) after.keys.add(key);
      const client = scene.client();
      const found = walk(scene, client, (pages) => {
        if (pages !== when) return;
        scene.pool.servers[0].moveTo(NEW);
        scene.servers[0].cut();
      });
      assert.equal(new Set(found).size, 120);
      assert.equal(found.length >= 120 && found.length < 200, true);
    });
  }

  test('a restart at the same address is one too', async () => {
    const scene = await bed(FOLLOWS);
    scene.shards.forEach((shard, i) => void fill(shard, `s${i}:`, 60));
    const found = walk(scene, scene.client(), (pages) => {
      if (pages !== 4) return;
      scene.shards[0].runId = 'restarted';
      scene.servers[0].cut();
      scene.settle();
      scene.pool.servers[0].tryAgain();
    });
    assert.equal(new Set(found).size, 120);
    assert.ok(found.length > 120);
  });

  test('while it waits for its answer: the new master is not asked for a place that means nothing to it', async () => {
    const scene = await bed(FOLLOWS, TWO, ['10.0.0.3:6379']);
    const [first, , third] = scene.shards;
    fill(first, 'k', 60);
    fill(third, 'k', 60);
    const client = scene.client();
    const [cursor] = scene.ask(client, 'SCAN', '0', 'COUNT', '40') as [string];
    client.said = '';
    client.ask('SCAN', cursor, 'COUNT', '40');
    scene.settle();
    assert.match(scene.servers[0].asked[0], /^SCAN [1-9]/);
    scene.pool.servers[0].moveTo(NEW);
    scene.servers[0].cut();
    await waitUntil('the new master has answered', () => {
      scene.run();
      return client.said !== '';
    });
    assert.equal(scene.servers[2].log.filter((words) => words.startsWith('SCAN')).at(-1), 'SCAN 0 COUNT 40');
    const [next, keys] = new ValueReader().push(Buffer.from(client.said))[0] as [string, string[]];
    assert.equal(new Set([...keys, ...walk(scene, client, undefined, next)]).size, 60);
  });

  test('while there is no master it waits as any request', async () => {
    const scene = await bed(FOLLOWS);
    fill(scene.shards[0], 'k', 5);
    scene.pool.servers[0].wait();
    const client = scene.client();
    scene.ask(client, 'SCAN', '0');
    assert.equal(client.said, '');
    scene.pool.servers[0].release();
    scene.run();
    assert.match(client.said, /^\*2\r\n/);
  });
});
