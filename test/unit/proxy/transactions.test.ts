import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  ask,
  closeScenes,
  FOLLOWED,
  type MemoryClient,
  type MemoryScene,
  memoryScene,
  TWO,
} from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

afterEach(closeScenes);

const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n';
const NEW = { kind: 'tcp', host: '10.0.0.9', port: 6379 } as const;

/** Keys that live on the first and on the second server. */
function homes({ pool }: MemoryScene): [string, string] {
  const keyOn = (index: number): string => {
    for (let i = 0; ; i++) {
      const key = Buffer.from(`key${i}`);
      if (pool.routing.serverFor(key, 0, key.length)?.index === index) return key.toString();
    }
  };
  return [keyOn(0), keyOn(1)];
}

async function followedScene(...more: string[]): Promise<MemoryScene> {
  const scene = await memoryScene([...FOLLOWED, ...more], ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
  for (const server of scene.servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0');
  return scene;
}

describe('a transaction', () => {
  test('that the line takes in pieces may be answered in part before the rest of it is out', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'GET x');
    server.answer('$-1');
    scene.settle();
    const link = server.links[0] as MemoryClient['link'];
    (link.peer as MemoryClient['link']).capacity = 1000;
    // as a server does it: MULTI is answered as soon as it is there
    for (const [name, said] of [
      ['MULTI', '+OK'],
      ['SET', '+QUEUED'],
    ])
      server.always.set(name, said);
    const lines = Array.from({ length: 8 }, (_, i) => `SET k${i} ${'v'.repeat(900)}`);
    ask(scene, client, 'MULTI', ...lines, 'EXEC');
    assert.deepEqual(server.asked, ['EXEC']);
    client.said = '';
    server.answer(`*${lines.length}${'\r\n+OK'.repeat(lines.length)}`);
    scene.settle();
    assert.equal(client.said, `*${lines.length}\r\n${'+OK\r\n'.repeat(lines.length)}`);
    assert.equal(server.links.length, 1);
  });

  test('is kept until EXEC, and goes to its server as one, with nothing between', async () => {
    const scene = await memoryScene([]);
    const [client, other] = [scene.client(), scene.client()];
    assert.equal(ask(scene, client, 'MULTI', 'SET a 1', 'INCR a'), '+OK\r\n+QUEUED\r\n+QUEUED\r\n');
    assert.deepEqual(scene.servers[0].log, []);
    client.ask('EXEC');
    other.ask('GET', 'a');
    client.ask('GET', 'b');
    scene.settle();
    assert.deepEqual(scene.servers[0].log, ['MULTI', 'SET a 1', 'INCR a', 'EXEC', 'GET b', 'GET a']);
    client.said = '';
    scene.servers[0].answer('+OK', '+QUEUED', '+QUEUED', '*2\r\n+OK\r\n:2', '$-1', '$1\r\n2');
    scene.settle();
    assert.equal(client.said, '*2\r\n+OK\r\n:2\r\n$-1\r\n');
    assert.equal(other.said, '$1\r\n2\r\n');
  });

  test('takes what newer servers do, and the server says so where it does not', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    ask(scene, client, 'MULTI', 'ZRANK a m WITHSCORE', 'ZREVRANK a m', 'EXEC');
    const tooMany = "-ERR wrong number of arguments for 'zrank' command";
    scene.servers[0].answer('+OK', tooMany, '+QUEUED', ABORTED.trimEnd());
    scene.settle();
    assert.equal(
      client.said,
      `+OK\r\n+QUEUED\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of: ${tooMany.slice(1)}\r\n`,
    );
  });

  test('takes large commands too, and replies of any size', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    const large = 'x'.repeat(3 * 1024 * 1024);
    ask(scene, client, 'MULTI', `SET a ${large}`, 'GET a', 'EXEC');
    assert.deepEqual(scene.servers[0].log, ['MULTI', `SET a ${large}`, 'GET a', 'EXEC']);
    client.said = '';
    const reply = `*2\r\n+OK\r\n$${large.length}\r\n${large}`;
    scene.servers[0].answer('+OK', '+QUEUED', '+QUEUED', reply);
    scene.settle();
    assert.equal(client.said, `${reply}\r\n`);
  });

  test('whose keys live on two servers is refused where the second comes in, and nothing of it is executed', async () => {
    const scene = await memoryScene(['hash_tag: "{}"'], TWO);
    const client = scene.client();
    const [one, two] = homes(scene);
    const said = ask(scene, client, 'MULTI', `SET ${one} 1`, `SET ${two} 1`, `SET ${one} 2`, 'EXEC', 'PING');
    const why =
      `keys '${one}' (one) and '${two}' (two) of this transaction live on different servers; give them ` +
      'a common hash tag, such as {tag}, or use a pool on one shard, or let caches run theirs in parts ' +
      '(transactions: per_shard)';
    // ioredis, Jedis and others show their user the answer to EXEC alone
    const aborted = `-EXECABORT Transaction discarded because of: ${why}`;
    assert.equal(said, `+OK\r\n+QUEUED\r\n-ERR ${why}\r\n+QUEUED\r\n${aborted}\r\n+PONG\r\n`);
    assert.deepEqual([scene.servers[0].log, scene.servers[1].log], [[], []]);
  });

  test('is as large as request_bytes at most, is charged to its client, and given back', async () => {
    const scene = await memoryScene(['request_bytes: 100000']);
    const client = scene.client();
    const value = 'x'.repeat(30_000);
    assert.equal(
      ask(scene, client, 'MULTI', `SET a ${value}`, `SET b ${value}`),
      '+OK\r\n+QUEUED\r\n+QUEUED\r\n',
    );
    assert.ok(scene.pool.budget.used > 60_000, `${scene.pool.budget.used} bytes`);
    const said = ask(scene, client, `SET c ${value}`, `SET d ${value}`, 'EXEC');
    const tooLarge = '-ERR a transaction has at most 100000 bytes (request_bytes)\r\n';
    const aborted = tooLarge.replace('-ERR ', '-EXECABORT Transaction discarded because of: ');
    assert.equal(said, `+QUEUED\r\n${tooLarge}${aborted}`);
    assert.equal(scene.pool.budget.used, 0);
    assert.deepEqual(scene.servers[0].log, []);
    ask(scene, client, 'MULTI', `SET a ${value}`);
    client.leave();
    scene.settle();
    assert.equal(scene.pool.budget.used, 0);
  });

  test('a request larger than a transaction may be aborts it too', async () => {
    const scene = await memoryScene(['request_bytes: 100000']);
    const client = scene.client();
    ask(scene, client, 'MULTI', 'SET a 1');
    const large = request('SET', 'b', 'x'.repeat(200_000));
    client.send(large.subarray(0, 50_000));
    scene.settle();
    client.send(large.subarray(50_000));
    client.ask('EXEC');
    scene.settle();
    assert.match(
      client.said,
      /-ERR (a request of 'set' has at most 100000 bytes[^\r]*)\r\n-EXECABORT [^:]+ because of: \1\r\n/,
    );
    assert.deepEqual(scene.servers[0].log, []);
  });

  test('that was refused for several reasons is said to be for the first; what Redis refuses so, in its words', async () => {
    const scene = await memoryScene(['hash_tag: "{}"'], TWO);
    const client = scene.client();
    const [one, two] = homes(scene);
    assert.match(
      ask(scene, client, 'MULTI', `RENAME ${one} ${two}`, 'GET', 'EXEC'),
      /-EXECABORT Transaction discarded because of: keys .* of 'rename' live on different servers; [^\r]+\r\n$/,
    );
    for (const fault of ['GET', 'NOSUCH a', 'OBJECT NOSUCH a', 'MULTI x']) {
      const said = ask(scene, client, 'MULTI', fault, `RENAME ${one} ${two}`, 'EXEC');
      assert.ok(said.endsWith(`\r\n${ABORTED}`), `${fault}: ${said}`);
    }
  });

  test('without a key goes to the first server; with answers of the proxy alone, to none', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    assert.equal(ask(scene, client, 'MULTI', 'EXEC'), '+OK\r\n*0\r\n');
    assert.equal(ask(scene, client, 'MULTI', 'PING', 'EXEC'), '+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n');
    ask(scene, client, 'MULTI', 'LOLWUT', 'EXEC');
    assert.deepEqual(scene.servers[0].log, ['MULTI', 'LOLWUT', 'EXEC']);
  });

  test("the proxy's own answers stand where they belong", async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    ask(scene, client, 'MULTI', 'ECHO a', 'GET k', 'CLIENT SETNAME me', 'GET l', 'EXEC', 'CLIENT GETNAME');
    client.said = '';
    scene.servers[0].answer('+OK', '+QUEUED', '+QUEUED', '*2\r\n$1\r\nx\r\n*1\r\n:5');
    scene.settle();
    assert.equal(client.said, '*4\r\n$1\r\na\r\n$1\r\nx\r\n+OK\r\n*1\r\n:5\r\n$2\r\nme\r\n');
  });

  test('says why the server would not have it', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    ask(scene, client, 'MULTI', 'SET a 1', 'EXEC');
    client.said = '';
    const oom = "OOM command not allowed when used memory > 'maxmemory'.";
    scene.servers[0].answer('+OK', `-${oom}`, ABORTED.trimEnd());
    scene.settle();
    assert.equal(client.said, `-EXECABORT Transaction discarded because of: ${oom}\r\n`);
    ask(scene, client, 'MULTI', 'SET a 1', 'EXEC');
    client.said = '';
    scene.servers[0].answer('-NOPERM no', '+OK', '-ERR EXEC without MULTI');
    scene.settle();
    assert.match(
      client.said,
      /refused MULTI \(NOPERM no\); the commands of this transaction were carried out one by one/,
    );
  });
});

describe('a transaction and a failover', () => {
  test('waits while there is no master, and is sent whole', async () => {
    const scene = await followedScene();
    const client = scene.client();
    scene.pool.servers[0].wait();
    ask(scene, client, 'MULTI', 'SET a 1', 'EXEC');
    assert.deepEqual(scene.servers[0].asked, []);
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    assert.deepEqual(scene.servers[1].asked, ['MULTI', 'SET a 1', 'EXEC']);
    scene.servers[1].answer('+OK', '+QUEUED', '*1\r\n+OK');
    scene.settle();
    assert.equal(client.said, '+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n');
  });

  test('that the old master refused goes to the new one, whole and once', async () => {
    const scene = await followedScene();
    const client = scene.client();
    ask(scene, client, 'MULTI', 'SET a 1', 'SET b 1', 'EXEC');
    client.said = '';
    const readonly = "-READONLY You can't write against a read only replica.";
    scene.servers[0].answer('+OK', readonly, readonly, ABORTED.trimEnd());
    scene.settle();
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    assert.deepEqual(scene.servers[1].asked, ['MULTI', 'SET a 1', 'SET b 1', 'EXEC']);
    scene.servers[1].answer('+OK', '+QUEUED', '+QUEUED', '*2\r\n+OK\r\n+OK');
    scene.settle();
    assert.equal(client.said, '*2\r\n+OK\r\n+OK\r\n');
  });

  test('that was sent and not answered is not sent again: its outcome is unknown', async () => {
    const scene = await followedScene();
    const client = scene.client();
    ask(scene, client, 'MULTI', 'SET a 1', 'EXEC');
    scene.servers[0].answer('+OK', '+QUEUED');
    scene.settle();
    client.said = '';
    scene.servers[0].cut();
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    assert.deepEqual(scene.servers[1].asked, []);
    assert.match(client.said, /^-ERR the outcome of this write is unknown: sent to 'one' and not answered/);
  });

  test('that only reads is asked again', async () => {
    const scene = await followedScene();
    const client = scene.client();
    ask(scene, client, 'MULTI', 'GET a', 'EXEC');
    scene.servers[0].answer('+OK', '+QUEUED');
    scene.settle();
    client.said = '';
    scene.servers[0].cut();
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    scene.servers[1].answer('+OK', '+QUEUED', '*1\r\n$1\r\nx');
    scene.settle();
    assert.equal(client.said, '*1\r\n$1\r\nx\r\n');
  });

  test('that waits too long is told so; nothing of it was executed', async () => {
    const scene = await followedScene();
    const client = scene.client();
    scene.pool.servers[0].wait();
    ask(scene, client, 'MULTI', 'SET a 1', 'EXEC');
    client.said = '';
    scene.pass(3001);
    assert.match(client.said, /^-ERR no master of 'one' within 3000 ms.*not executed\r\n$/);
  });

  test('with wait_replicas is acknowledged after one confirmation behind EXEC', async () => {
    const scene = await memoryScene(['wait_replicas: 1', 'wait_timeout: 100']);
    const client = scene.client();
    ask(scene, client, 'MULTI', 'SET a 1', 'SET b 1', 'EXEC');
    assert.deepEqual(scene.servers[0].asked, ['MULTI', 'SET a 1', 'SET b 1', 'EXEC', 'WAIT 1 100']);
    client.said = '';
    scene.servers[0].answer('+OK', '+QUEUED', '+QUEUED', '*2\r\n+OK\r\n+OK');
    scene.settle();
    assert.equal(client.said, '');
    scene.servers[0].answer(':1');
    scene.settle();
    assert.equal(client.said, '*2\r\n+OK\r\n+OK\r\n');
    ask(scene, client, 'MULTI', 'GET a', 'EXEC');
    assert.deepEqual(scene.servers[0].asked, ['MULTI', 'GET a', 'EXEC'], 'nothing to confirm');
  });
});

describe('transactions: per_shard', () => {
  const PER_SHARD = ['transactions: per_shard'];

  test('runs one on each server, and answers in the order of the commands', async () => {
    const scene = await memoryScene(PER_SHARD, TWO);
    const client = scene.client();
    const [one, two] = homes(scene);
    ask(scene, client, 'MULTI', `SET ${one} 1`, `GET ${two}`, `INCR ${one}`, 'PING', 'EXEC');
    assert.deepEqual(scene.servers[0].log, ['MULTI', `SET ${one} 1`, `INCR ${one}`, 'EXEC']);
    assert.deepEqual(scene.servers[1].log, ['MULTI', `GET ${two}`, 'EXEC']);
    client.said = '';
    scene.servers[1].answer('+OK', '+QUEUED', '*1\r\n*1\r\n$1\r\nx');
    scene.settle();
    assert.equal(client.said, '');
    scene.servers[0].answer('+OK', '+QUEUED', '+QUEUED', '*2\r\n+OK\r\n:2');
    scene.settle();
    assert.equal(client.said, '*4\r\n+OK\r\n*1\r\n$1\r\nx\r\n:2\r\n+PONG\r\n');
  });

  test('takes MSET, MGET and DEL apart, as outside of it: every server has its keys, in their place', async () => {
    const scene = await memoryScene(PER_SHARD, TWO);
    const client = scene.client();
    const [one, two] = homes(scene);
    const lines = [`MSET ${two} b ${one} a`, `GET ${one}`, `MGET ${two} ${one} ${two}`, `DEL ${one} ${two}`];
    assert.equal(ask(scene, client, 'MULTI', ...lines), `+OK\r\n${'+QUEUED\r\n'.repeat(4)}`);
    ask(scene, client, 'EXEC');
    const [first, second] = scene.servers;
    const mine = [`mset ${one} a`, `GET ${one}`, `mget ${one}`, `del ${one}`];
    assert.deepEqual(first.log, ['MULTI', ...mine, 'EXEC']);
    assert.deepEqual(second.log, ['MULTI', `mset ${two} b`, `mget ${two} ${two}`, `del ${two}`, 'EXEC']);
    first.answer(...Array<string>(5).fill('+QUEUED'), '*4\r\n+OK\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n:1');
    second.answer(...Array<string>(4).fill('+QUEUED'), '*3\r\n+OK\r\n*2\r\n$1\r\nb\r\n$-1\r\n:0');
    scene.settle();
    assert.equal(client.said, '*4\r\n+OK\r\n$1\r\na\r\n*3\r\n$1\r\nb\r\n$1\r\na\r\n$-1\r\n:1\r\n');
  });

  test('an MSET that lacks a value is found fault with where it is carried out, and aborts nothing', async () => {
    const scene = await memoryScene(PER_SHARD, TWO);
    const client = scene.client();
    const [one] = homes(scene);
    const said = ask(scene, client, 'MULTI', `MSET ${one} a ${one}`, `SET ${one} b`);
    assert.equal(said, `+OK\r\n${'+QUEUED\r\n'.repeat(2)}`);
    ask(scene, client, 'EXEC');
    assert.deepEqual(scene.servers[0].log, ['MULTI', `MSET ${one} a ${one}`, `SET ${one} b`, 'EXEC']);
  });

  test('what one server refuses of a command that was taken apart is the answer to it', async () => {
    const scene = await memoryScene(PER_SHARD, TWO);
    const client = scene.client();
    const [one, two] = homes(scene);
    ask(scene, client, 'MULTI', `MSET ${one} a ${two} b`, 'EXEC');
    client.said = '';
    scene.servers[0].answer('+OK', '+QUEUED', '*1\r\n+OK');
    scene.servers[1].answer(
      '+OK',
      '-OOM no room',
      '-EXECABORT Transaction discarded because of previous errors.',
    );
    scene.settle();
    assert.equal(client.said, '*1\r\n-EXECABORT Transaction discarded because of: OOM no room\r\n');
  });

  test('a part that fails says so in the place of each of its commands', async () => {
    const scene = await memoryScene(PER_SHARD, TWO);
    const client = scene.client();
    const [one, two] = homes(scene);
    ask(scene, client, 'MULTI', `SET ${one} 1`, `SET ${two} 1`, 'EXEC');
    client.said = '';
    scene.servers[1].cut();
    scene.servers[0].answer('+OK', '+QUEUED', '*1\r\n+OK');
    scene.settle();
    assert.match(client.said, /^\*2\r\n\+OK\r\n-ERR [^\r]+\r\n$/);
  });

  test('one command does not span servers, and WATCH makes it strict', async () => {
    const scene = await memoryScene(PER_SHARD, TWO);
    const client = scene.client();
    const [one, two] = homes(scene);
    assert.match(
      ask(scene, client, 'MULTI', `RENAME ${one} ${two}`, 'EXEC'),
      /-ERR keys .* of 'rename' live on .*\r\n-EXECABORT/,
    );
    client.ask('WATCH', one);
    scene.settle();
    scene.servers[0].answer('+OK');
    // there it would be no advice
    assert.match(
      ask(scene, client, 'MULTI', `SET ${two} 1`, 'DISCARD'),
      /of this transaction live on different servers;[^\r]+; behind WATCH it does not run in parts\r\n/,
    );
  });
});
