import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  ask,
  closeScenes,
  type MemoryClient,
  type MemoryScene,
  memoryScene,
  TWO,
} from '../../support/memory-scene.ts';
import { waitUntil } from '../../support/wait-until.ts';

afterEach(closeScenes);

/** Pauses before the second, third and fourth refusal. */
const AT_LEAST_MS = 20 + 40 + 80;

/** Sends the request four times in one go, and notes how long the answers take. */
async function askFourTimes(scene: MemoryScene, client: MemoryClient, words: string[], refusal: RegExp) {
  const begin = performance.now();
  client.said = '';
  for (let i = 0; i < 4; i++) client.ask(...words);
  scene.settle();
  assert.equal(client.said.match(refusal)?.length, 1, 'the first at once');
  const other = scene.client();
  other.ask('PING');
  scene.settle();
  assert.equal(other.said, '+PONG\r\n', 'nobody else waits');
  await waitUntil('all refusals', () => {
    scene.settle();
    return client.said.match(refusal)?.length === 4;
  });
  const took = performance.now() - begin;
  assert.ok(took >= AT_LEAST_MS, `${took} ms`);
  client.ask('PING');
  scene.settle();
  assert.match(client.said, /\+PONG\r\n$/);
}

describe('what should have waited and is refused', () => {
  test('keys on two servers: refused later each time', async () => {
    const scene = await memoryScene([], TWO);
    const keys = ['a', 'name', 'apple', 'news', 'chat'];
    await askFourTimes(scene, scene.client(), ['BLPOP', ...keys, '0'], /^-ERR key[^\r]*\r\n/gm);
    assert.deepEqual(
      scene.servers.flatMap(({ asked }) => asked),
      [],
    );
  });

  test('no room for one more, and WAIT: the same', async () => {
    const scene = await memoryScene(['blocking_clients: 1']);
    scene.servers[0].always.set('CLIENT', ':77');
    const waiting = scene.client();
    waiting.ask('BLPOP', 'a', '0');
    scene.settle();
    await askFourTimes(scene, scene.client(), ['BLPOP', 'b', '0'], /^-ERR 1 clients wait[^\r]*\r\n/gm);
    await askFourTimes(scene, scene.client(), ['WAIT', '1', '0'], /^-ERR 1 clients wait[^\r]*\r\n/gm);
  });

  test('a server that is away, where nothing waits for a master', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    // the kernel takes the connection, and nobody serves it
    server.accept = (link) => {
      link.close();
      return { onBytes() {}, onWritable() {}, onEnd() {}, onClosed() {} };
    };
    await askFourTimes(scene, scene.client(), ['BLPOP', 'a', '0'], /^-ERR[^\r]*\r\n/gm);
    await askFourTimes(scene, scene.client(), ['WAIT', '1', '0'], /^-ERR[^\r]*\r\n/gm);
  });

  test('a database that the pool has not got', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    client.ask('SELECT', '5');
    scene.settle();
    await askFourTimes(scene, client, ['BRPOP', 'a', '0'], /^-ERR[^\r]*\r\n/gm);
    client.said = '';
    for (let i = 0; i < 4; i++) client.ask('GET', 'a');
    scene.settle();
    assert.equal(client.said.match(/^-ERR/gm)?.length, 4, 'what would not wait is told at once');
  });

  test('a command of the servers’ own that may wait', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    server.always.delete('COMMAND');
    const client = scene.client();
    client.ask('MOD.WAIT', 'a', '0');
    scene.settle();
    server.answer('*1\r\n$8\r\nmod.wait');
    scene.settle();
    server.answer(
      '*1\r\n*10\r\n$8\r\nmod.wait\r\n:-2\r\n*2\r\n+write\r\n+blocking\r\n:1\r\n:1\r\n:1\r\n*0\r\n*0\r\n*0\r\n*0',
    );
    scene.settle();
    assert.match(client.said, /^-ERR 'mod.wait' is not served: it may wait/);
    await askFourTimes(scene, scene.client(), ['MOD.WAIT', 'a', '0'], /^-ERR[^\r]*\r\n/gm);
  });

  test('a client that leaves meanwhile, and one that comes back to it after a while', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    const ask = (): string => {
      client.said = '';
      client.ask('BLPOP', 'a', 'name', 'apple', 'news', 'chat', '0');
      scene.settle();
      return client.said;
    };
    assert.match(ask(), /^-ERR/);
    scene.pass(10_000);
    assert.match(ask(), /^-ERR/, 'at once again');
    assert.equal(ask(), '');
    client.leave();
    scene.settle();
    assert.equal(scene.pool.clients.size, 0);
  });
});

describe('a client that asks for nothing but what is refused', () => {
  const KEYLESS = 'EVALSHA 0000000000000000000000000000000000000000 0';
  const REFUSED = /^-ERR 'evalsha' with 0 keys/m;

  test('again and again, as soon as it has the answer, is answered later each time', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    let atOnce = 0;
    while (atOnce < 100 && ask(scene, client, KEYLESS) !== '') atOnce++;
    assert.ok(atOnce >= 16 && atOnce <= 20, `${atOnce} at once`);
    assert.equal(ask(scene, scene.client(), 'PING'), '+PONG\r\n', 'nobody else waits');
    await waitUntil('the refusal', () => {
      scene.settle();
      return REFUSED.test(client.said);
    });
    assert.equal(ask(scene, client, 'PING'), '+PONG\r\n', 'what is served is served at once');
    assert.match(ask(scene, client, KEYLESS), REFUSED, 'and so is refused what comes behind it');
  });

  test('in a pipeline is answered at once, and so is one that is served in between, or is in no hurry', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    assert.equal(ask(scene, client, ...Array<string>(1000).fill(KEYLESS)).split('with 0 keys').length, 1001);
    for (let i = 0; i < 40; i++) assert.match(ask(scene, client, 'PING', KEYLESS), REFUSED);
    for (let i = 0; i < 40; i++) {
      scene.pass(300);
      assert.match(ask(scene, client, KEYLESS), REFUSED);
    }
  });

  test('so it is in a database that the pool has not got', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    ask(scene, client, 'SELECT 5');
    let atOnce = 0;
    while (atOnce < 100 && ask(scene, client, 'GET a') !== '') atOnce++;
    assert.ok(atOnce >= 16 && atOnce <= 20, `${atOnce} at once`);
  });
});
