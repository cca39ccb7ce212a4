import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { ValueReader } from '../../../proxy/protocol/reply-values.ts';
import { closeScenes, type MemoryClient, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { ScannedShard } from '../../support/scanned-shard.ts';
import { waitUntil } from '../../support/wait-until.ts';

afterEach(closeScenes);

const TWO = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];
const MASTER = '*3\r\n$6\r\nmaster\r\n:1\r\n*0';
const NEW = { kind: 'tcp', host: '10.0.0.3', port: 6379 } as const;

interface Bed extends MemoryScene {
  readonly shards: readonly ScannedShard[];
  /** Lets the servers answer until nothing happens any more. */
  run(): void;
  /** One request of a client, and its reply. */
  ask(client: MemoryClient, ...words: string[]): unknown;
}

async function bed(
  settings: readonly string[] = [],
  addresses: readonly string[] = TWO,
  others: readonly string[] = [],
): Promise<Bed> {
  const scene = await memoryScene(settings, addresses, others);
  const shards = scene.servers.map((server, i) => new ScannedShard(server, `process${i}`));
  for (const server of scene.servers) server.always.set('ROLE', MASTER);
  const run = (): void => {
    do scene.settle();
    while (shards.filter((shard) => shard.serve()).length > 0);
  };
  const ask = (client: MemoryClient, ...words: string[]): unknown => {
    client.said = '';
    client.ask(...words);
    run();
    const [value] = new ValueReader().push(Buffer.from(client.said, 'latin1'));
    return value;
  };
  return { ...scene, shards, run, ask };
}

const fill = (shard: ScannedShard, name: string, count: number): void => {
  for (let i = 0; i < count; i++) shard.keys.add(`${name}${i}`);
};

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
    assert.match(one.said, /^-ERR 'scan' was not done by 'one' \(syntax error\)\r\n$/);
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

describe('what concerns all keys', () => {
  test('DBSIZE counts, KEYS lists and RANDOMKEY draws from all servers', async () => {
    const scene = await bed();
    fill(scene.shards[0], 'a', 30);
    fill(scene.shards[1], 'b', 12);
    const client = scene.client();
    assert.equal(scene.ask(client, 'DBSIZE'), 42);
    assert.equal((scene.ask(client, 'KEYS', '*') as string[]).length, 42);
    const drawn = new Set(Array.from({ length: 100 }, () => scene.ask(client, 'RANDOMKEY')));
    assert.deepEqual(drawn, new Set(['a0', 'b0']));
  });

  test('RANDOMKEY: never of an empty server, and nil of none', async () => {
    const scene = await bed();
    const client = scene.client();
    assert.equal(scene.ask(client, 'RANDOMKEY'), null);
    fill(scene.shards[1], 'b', 1);
    for (let i = 0; i < 20; i++) assert.equal(scene.ask(client, 'RANDOMKEY'), 'b0');
    assert.equal(scene.servers[0].log.includes('RANDOMKEY'), false);
  });

  for (const command of ['FLUSHDB', 'FLUSHALL']) {
    test(`${command} empties the pool's database on every server, and no other database`, async () => {
      const scene = await bed();
      scene.shards.forEach((shard) => void fill(shard, 'k', 5));
      assert.equal(scene.ask(scene.client(), command, 'ASYNC'), 'OK');
      assert.deepEqual(
        scene.servers.map(({ log }) => log),
        [['FLUSHDB ASYNC'], ['FLUSHDB ASYNC']],
      );
      assert.equal(scene.shards[0].keys.size + scene.shards[1].keys.size, 0);
    });
  }

  test('a server is not silent while it frees memory, unless SYNC is said', async () => {
    for (const addresses of [TWO, TWO.slice(0, 1)]) {
      const scene = await bed([], addresses);
      const client = scene.client();
      for (const words of [['FLUSHDB'], ['FLUSHALL'], ['FLUSHDB', 'SYNC']]) scene.ask(client, ...words);
      for (const { log } of scene.servers)
        assert.deepEqual(log, ['FLUSHDB ASYNC', 'FLUSHDB ASYNC', 'FLUSHDB SYNC']);
    }
  });

  test('with wait_replicas each server must have confirmed it', async () => {
    const { client, servers, settle } = await bed(['wait_replicas: 1']);
    const one = client();
    one.ask('FLUSHALL');
    settle();
    for (const server of servers) {
      assert.deepEqual(server.asked, ['FLUSHDB ASYNC', 'WAIT 1 1000']);
      server.answer('+OK');
    }
    servers[0].answer(':1');
    settle();
    assert.equal(one.said, '');
    servers[1].answer(':0');
    settle();
    assert.match(
      one.said,
      /^-ERR 'flushall' was not done by 'two' \(written on the master, not confirmed.*\); done by 'one'\r\n$/,
    );
  });

  for (const words of [['DBSIZE'], ['KEYS', '*'], ['FLUSHDB'], ['RANDOMKEY']]) {
    test(`${words[0]}: half an answer is an error that says which server it lacks`, async () => {
      const { client, servers, settle } = await bed();
      const one = client();
      one.ask(...words);
      settle();
      servers[0].answer(words[0] === 'FLUSHDB' ? '+OK' : words[0] === 'KEYS' ? '*1\r\n$1\r\na' : ':3');
      servers[1].answer('-LOADING Redis is loading the dataset in memory');
      settle();
      assert.match(
        one.said,
        /^-ERR '\w+' was not done by 'two' \(LOADING Redis is loading.*\); done by 'one'\r\n$/,
      );
      one.said = '';
      one.ask(...words);
      settle();
      for (const server of servers) server.answer('-ERR syntax error');
      settle();
      assert.equal(one.said, '-ERR syntax error\r\n');
    });
  }

  test('KEYS is bounded: more than request_bytes is an error, and nothing is kept', async () => {
    const scene = await bed(['request_bytes: 1000']);
    for (const shard of scene.shards) fill(shard, 'a-longer-name-of-a-key:', 30);
    const client = scene.client();
    scene.ask(client, 'KEYS', '*');
    assert.match(client.said, /^-ERR .*more than 1000 bytes \(request_bytes\)/);
    assert.equal(scene.pool.budget.used, 0);
  });

  test('a client that leaves meanwhile is forgotten, and its bytes with it', async () => {
    const { client, pool, servers, settle } = await bed();
    const one = client();
    one.ask('KEYS', '*');
    settle();
    servers[0].answer(`*1\r\n$9000\r\n${'k'.repeat(9000)}`);
    settle();
    assert.ok(pool.budget.used > 9000);
    one.leave();
    settle();
    servers[1].answer('*0');
    settle();
    assert.equal(pool.budget.used, 0);
  });

  test('dangerous: refuse', async () => {
    const scene = await bed(['dangerous: refuse']);
    const client = scene.client();
    for (const words of [['FLUSHALL'], ['FLUSHDB', 'ASYNC'], ['KEYS', 'a*']]) {
      scene.ask(client, ...words);
      const name = words[0].toLowerCase();
      assert.equal(client.said, `-ERR '${name}' is refused in this pool (dangerous: refuse)\r\n`);
    }
    for (const [subcommand, word] of [
      ['kill', 'USER'],
      ['pause', '1000'],
    ]) {
      scene.ask(client, 'CLIENT', subcommand, word, 'x');
      assert.equal(
        client.said,
        `-ERR 'client ${subcommand}' is refused in this pool (dangerous: refuse)\r\n`,
      );
    }
    assert.equal(scene.ask(client, 'DBSIZE'), 0);
    assert.deepEqual(
      scene.servers.map(({ log }) => log),
      [['DBSIZE'], ['DBSIZE']],
    );
  });

  test('inside a transaction: over one server as in Redis, over several refused', async () => {
    const alone = await bed([], TWO.slice(0, 1));
    const client = alone.client();
    assert.equal(alone.ask(client, 'MULTI'), 'OK');
    for (const words of [['DBSIZE'], ['KEYS', '*'], ['FLUSHDB', 'SYNC'], ['FLUSHALL']])
      assert.equal(alone.ask(client, ...words), 'QUEUED');
    client.ask('EXEC');
    alone.settle();
    // the pool has one database, in a transaction too
    const asked = ['MULTI', 'DBSIZE', 'KEYS *', 'FLUSHDB SYNC', 'FLUSHDB ASYNC', 'EXEC'];
    assert.deepEqual(alone.servers[0].asked, asked);
    const several = await bed();
    const other = several.client();
    several.ask(other, 'MULTI');
    several.ask(other, 'DBSIZE');
    assert.equal(
      other.said,
      "-ERR 'dbsize' is not served inside a transaction: it concerns every server\r\n",
    );
    several.ask(other, 'EXEC');
    assert.match(other.said, /^-EXECABORT /);
    const careful = await bed(['dangerous: refuse'], TWO.slice(0, 1));
    const third = careful.client();
    careful.ask(third, 'MULTI');
    careful.ask(third, 'FLUSHDB');
    assert.match(third.said, /dangerous: refuse/);
    const wide = await bed(['databases: 2'], TWO.slice(0, 1));
    const fourth = wide.client();
    wide.ask(fourth, 'MULTI');
    wide.ask(fourth, 'FLUSHALL');
    assert.match(
      fourth.said,
      /^-ERR 'flushall' is not served inside a transaction: it concerns every database/,
    );
  });

  test('thousands in one pipeline that no server is asked for are answered one after the other', async () => {
    const scene = await bed(['auto_eject_hosts: true']);
    scene.pool.servers[0].live = false;
    scene.pool.servers[1].live = false;
    const client = scene.client();
    const bytes = ['CONFIG GET nosuch', 'SCAN 0', 'DBSIZE'].map((line) => `${line}\r\n`).join('');
    client.send(Buffer.from(bytes.repeat(10_000)));
    scene.settle();
    assert.equal(client.said.match(/^(\*0|-ERR)/gm)?.length, 30_000);
  });
});
