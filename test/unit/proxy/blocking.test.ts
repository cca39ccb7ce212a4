import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, closeScenes, FOLLOWED, type MemoryScene, TWO } from '../../support/memory-scene.ts';
import { waitingScene } from '../../support/waiting-scene.ts';

afterEach(closeScenes);

describe('a command that waits', () => {
  test('goes over a connection of its own, in its turn, and holds up nobody else', async () => {
    const scene = await waitingScene();
    const [server] = scene.servers;
    const [waiting, other] = [scene.client(), scene.client()];
    ask(scene, waiting, 'RPUSH b 1', 'BLPOP a 0', 'GET x');
    assert.deepEqual(server.asked, ['RPUSH b 1']);
    server.answer(':1');
    scene.settle();
    assert.deepEqual(server.asked, ['BLPOP a 0']);
    ask(scene, other, 'RPUSH a 1');
    assert.deepEqual(server.asked, ['BLPOP a 0', 'RPUSH a 1']);
    assert.equal(scene.pool.stats.blockedClients, 1);
    assert.match(ask(scene, scene.client(), 'CLIENT LIST'), /flags=b .*cmd=blpop /);
    server.answer('*2\r\n$1\r\na\r\n$1\r\n1', ':1');
    scene.settle();
    assert.equal(other.said, ':1\r\n');
    assert.deepEqual(server.asked, ['GET x']);
    server.answer('$-1');
    scene.settle();
    assert.equal(waiting.said, ':1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n$-1\r\n');
    assert.equal(scene.pool.stats.blockedClients, 0);
  });

  test('may wait longer than the pool gives any request, but not for ever when it named a time', async () => {
    const scene = await waitingScene(['timeout: 400']);
    const [forEver, forTwo] = [scene.client(), scene.client()];
    ask(scene, forEver, 'BLPOP a 0');
    ask(scene, forTwo, 'BRPOP b 2');
    scene.pass(2300);
    assert.deepEqual([forEver.said, forTwo.said], ['', '']);
    scene.pass(200);
    assert.match(forTwo.said, /^-ERR /);
    scene.pass(100_000);
    assert.equal(forEver.said, '');
  });

  test('over several servers is refused with both keys and servers named, and nothing is asked', async () => {
    const scene = await waitingScene([], TWO);
    const client = scene.client();
    const homes = (key: string): string => {
      ask(scene, client, `GET ${key}`);
      const index = scene.servers.findIndex(({ asked }) => asked.length > 0);
      scene.servers[index].answer('$-1');
      scene.settle();
      return ['one', 'two'][index];
    };
    const keys = Array.from({ length: 40 }, (_, n) => `${n}k`);
    const first = keys[0];
    const other = keys.find((key) => homes(key) !== homes(first));
    const said = ask(scene, client, `BLPOP ${first} ${other} 1`);
    assert.match(
      said,
      new RegExp(`^-ERR keys '${first}' \\(\\w+\\) and '${other}' \\(\\w+\\) of 'blpop' live`),
    );
    assert.equal(scene.servers.flatMap(({ asked }) => asked).length, 0);
    ask(scene, client, `BLMOVE {t}a {t}b LEFT RIGHT 1`);
    assert.equal(scene.servers.flatMap(({ asked }) => asked).length, 1);
  });

  test('XREAD waits with BLOCK only; inside MULTI nothing waits', async () => {
    const scene = await waitingScene();
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'XREAD COUNT 1 STREAMS s 0');
    assert.equal(server.links.length, 1);
    server.answer('*-1');
    ask(scene, client, 'XREADGROUP GROUP block c BLOCK 0 STREAMS s >');
    assert.equal(server.links.length, 2);
    server.answer('*-1');
    scene.settle();
    ask(scene, client, 'MULTI', 'BLPOP a 0', 'XREAD BLOCK 0 STREAMS a 0', 'EXEC');
    assert.deepEqual(server.asked, ['MULTI', 'BLPOP a 0', 'XREAD BLOCK 0 STREAMS a 0', 'EXEC']);
    assert.equal(server.links.length, 2);
  });

  test('a thousand of them keep a few hundred bytes each for what they ask', async () => {
    const scene = await waitingScene(['blocking_clients: 2000']);
    const clients = Array.from({ length: 1000 }, () => scene.client());
    for (const client of clients) client.ask('BLPOP', 'a', '0');
    scene.settle();
    const [server] = scene.pool.servers;
    const kept = server.pinned.all.reduce((sum, { queue }) => sum + queue.weight, 0);
    assert.equal(scene.pool.stats.blockedClients, 1000);
    assert.ok(kept <= 1000 * 1024, `${kept} bytes`);
    // one that asks for more has room for it
    const long = scene.client();
    const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`);
    ask(scene, long, `BLPOP ${keys.join(' ')} 0`);
    assert.equal(scene.servers[0].asked.at(-1), `BLPOP ${keys.join(' ')} 0`);
  });

  test('too many are told so, and the connection goes on', async () => {
    const scene = await waitingScene(['blocking_clients: 2']);
    const clients = [scene.client(), scene.client(), scene.client()];
    for (const client of clients) ask(scene, client, 'BLPOP a 0');
    assert.equal(clients[2].said, "-ERR 2 clients wait on 'one' already (blocking_clients)\r\n");
    scene.servers[0].answer('*-1');
    scene.settle();
    assert.equal(ask(scene, clients[2], 'BLPOP a 0'), '');
  });
});

describe('wait_replicas', () => {
  test('what was popped is given on when the replicas have it, and told as not confirmed when they have not', async () => {
    const scene = await waitingScene(['wait_replicas: 1', 'wait_timeout: 500']);
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    assert.deepEqual(server.asked, ['BLPOP a 0', 'WAIT 1 500']);
    server.answer('*2\r\n$1\r\na\r\n$3\r\njob');
    scene.settle();
    assert.equal(client.said, '');
    server.answer(':1');
    scene.settle();
    assert.equal(client.said, '*2\r\n$1\r\na\r\n$3\r\njob\r\n');
    ask(scene, client, 'BLPOP a 0');
    server.answer('*2\r\n$1\r\na\r\n$3\r\njob', ':0');
    scene.settle();
    assert.match(client.said, /^-ERR .*written on the master, not confirmed by replicas/);
  });
});

describe('a client that leaves while it waits', () => {
  test('is ended at the server at once, and nothing is lost', async () => {
    const scene = await waitingScene();
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    client.leave();
    scene.settle();
    assert.ok(server.log.includes('CLIENT UNBLOCK 77 TIMEOUT'), server.log.join('; '));
    server.answer('*-1');
    scene.settle();
    assert.deepEqual([scene.pool.stats.undelivered, scene.pool.stats.blockedClients], [0, 0]);
    // the connection is of use to the next
    ask(scene, scene.client(), 'BLPOP a 0');
    assert.equal(server.links.length, 2);
  });

  test('what was popped for it all the same is logged and counted', async () => {
    const scene = await waitingScene();
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    client.leave();
    scene.settle();
    scene.servers[0].answer('*2\r\n$1\r\na\r\n$3\r\njob');
    scene.settle();
    assert.equal(scene.pool.stats.undelivered, 1);
    assert.match(scene.warnings.join('\n'), /'blpop' of .* answered by 'one' after that client had left/);
  });

  test('CLIENT UNBLOCK ends the waiting of another client', async () => {
    const scene = await waitingScene();
    const [waiting, other] = [scene.client(), scene.client()];
    const id = ask(scene, waiting, 'CLIENT ID').slice(1).trim();
    assert.equal(ask(scene, other, `CLIENT UNBLOCK ${id}`), ':0\r\n');
    ask(scene, waiting, 'BLPOP a 0');
    assert.equal(ask(scene, other, `CLIENT UNBLOCK ${id} ERROR`), ':1\r\n');
    assert.ok(scene.servers[0].log.includes('CLIENT UNBLOCK 77 ERROR'));
    scene.servers[0].answer('-UNBLOCKED client unblocked via CLIENT UNBLOCK');
    scene.settle();
    assert.match(waiting.said, /^-UNBLOCKED client unblocked/);
  });
});

describe('a client that waits while clients are let go', () => {
  /** Long enough for the patience of `letGo(5)` to be over. */
  const dismissed = async (scene: MemoryScene): Promise<void> => {
    scene.pool.letGo(5);
    await delay(25);
    scene.settle();
  };

  test('is ended at the server, and its connection ends without an answer: it asks again elsewhere', async () => {
    const scene = await waitingScene();
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    await dismissed(scene);
    assert.deepEqual([server.log.includes('CLIENT UNBLOCK 77 TIMEOUT'), client.ended], [true, false]);
    server.answer('*-1');
    scene.settle();
    assert.deepEqual([client.said, client.ended, scene.pool.stats.blockedClients], ['', true, 0]);
  });

  test('gets what was popped for it meanwhile, and then its connection ends', async () => {
    const scene = await waitingScene();
    const client = scene.client();
    ask(scene, client, 'BLMOVE a b LEFT RIGHT 0');
    await dismissed(scene);
    scene.servers[0].answer('$3\r\njob');
    await delay(5);
    scene.settle();
    assert.deepEqual([client.said, client.ended], ['$3\r\njob\r\n', true]);
    assert.equal(scene.pool.stats.undelivered, 0);
  });

  test('and whose request has not reached a master goes at once', async () => {
    const scene = await waitingScene(FOLLOWED);
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    scene.servers[0].answer(
      '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    );
    scene.settle();
    await dismissed(scene);
    assert.deepEqual([client.said, client.ended, scene.pool.stats.blockedClients], ['', true, 0]);
  });
});
