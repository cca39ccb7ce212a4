import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, closeScenes, TWO } from '../../support/memory-scene.ts';
import { waitingScene } from '../../support/waiting-scene.ts';

afterEach(closeScenes);

/** Longer than a request waits before it is asked again. */
const AGAIN_MS = 80;

describe('WAIT', () => {
  const MINE = ['PING', 'WAIT 1 0'];

  test('asks every server behind all that the client has written; the fewest replicas count', async () => {
    const scene = await waitingScene(['timeout: 400'], TWO);
    const [one, two] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'SET a 1', 'WAIT 1 0', 'GET a');
    const home = one.asked.length > 0 ? one : two;
    assert.deepEqual([...one.asked, ...two.asked], ['SET a 1']);
    home.answer('+OK');
    scene.settle();
    assert.deepEqual([one.asked, two.asked], [MINE, MINE]);
    one.answer('+PONG', ':2');
    two.answer('+PONG');
    scene.pass(60_000);
    assert.equal(client.said, '+OK\r\n');
    two.answer(':1');
    scene.settle();
    assert.equal(client.said, '+OK\r\n:1\r\n');
    assert.deepEqual([...one.asked, ...two.asked], ['GET a']);
    assert.equal(scene.pool.stats.blockedClients, 0);
  });

  test('a server that is lost meanwhile is named, and a client that leaves holds no connection', async () => {
    const scene = await waitingScene([], TWO);
    const [one, two] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'WAIT 1 0');
    one.cut();
    two.answer('+PONG', ':1');
    scene.settle();
    assert.match(
      client.said,
      /^-ERR 'wait' was not done by 'one' \(the replicas of 'one' are not known: .*\)\r\n$/,
    );
    ask(scene, client, 'WAIT 1 0');
    assert.equal(scene.pool.stats.blockedClients, 1);
    client.leave();
    scene.settle();
    assert.equal(scene.pool.stats.blockedClients, 0);
    for (const server of scene.pool.servers) assert.equal(server.pinned.count('blocking'), 0);
  });

  test('a client that is to come back elsewhere is let go without an answer', async () => {
    const scene = await waitingScene();
    const client = scene.client();
    ask(scene, client, 'WAIT 1 0');
    scene.pool.letGo(1);
    await delay(AGAIN_MS);
    scene.settle();
    assert.deepEqual([client.said, client.ended], ['', true]);
    assert.equal(scene.pool.servers[0].pinned.count('blocking'), 0);
  });

  test('CLIENT UNBLOCK ends it at every server', async () => {
    const scene = await waitingScene([], TWO);
    const [client, other] = [scene.client(), scene.client()];
    const id = ask(scene, client, 'CLIENT ID').slice(1).trimEnd();
    for (const [how, said, answered] of [
      ['TIMEOUT', ':0', ':0'],
      [
        'ERROR',
        '-UNBLOCKED client unblocked via CLIENT UNBLOCK',
        '-UNBLOCKED client unblocked via CLIENT UNBLOCK',
      ],
    ]) {
      ask(scene, client, 'WAIT 1 0');
      assert.equal(ask(scene, other, `CLIENT UNBLOCK ${id} ${how}`), ':1\r\n');
      for (const server of scene.servers) {
        assert.equal(server.log.at(-1), `CLIENT UNBLOCK 77 ${how}`);
        server.answer('+PONG', said);
      }
      scene.settle();
      assert.equal(client.said, `${answered}\r\n`);
    }
    assert.equal(ask(scene, other, `CLIENT UNBLOCK ${id}`), ':0\r\n');
  });

  test('is refused inside a transaction', async () => {
    const scene = await waitingScene();
    const said = ask(scene, scene.client(), 'MULTI', 'WAIT 1 0', 'EXEC');
    assert.match(said, /^\+OK\r\n-ERR 'wait' is not served inside a transaction\r\n-EXECABORT/);
  });
});
