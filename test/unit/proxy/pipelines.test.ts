import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const NOT_SERVED = "-ERR 'multi' is not served: transactions do not go through a sharding proxy yet\r\n";
const notExecuted = (command: string): string =>
  `-ERR '${command}' is not executed: it follows a MULTI, which is not served; DISCARD ends this\r\n`;

const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n';

describe('a refused MULTI', () => {
  test('takes along what came with it, up to EXEC: a part of a transaction is never carried out', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    client.ask('MULTI');
    client.ask('SET', 'a', '1');
    client.ask('MSET', 'a', '1', 'b', '2');
    client.ask('SET', 'large', 'x'.repeat(3 * 1024 * 1024));
    client.ask('EXEC');
    client.ask('GET', 'a');
    scene.settle();
    assert.deepEqual(scene.servers[0].log, ['GET a']);
    scene.servers[0].answer('$-1');
    scene.settle();
    const refused = ['set', 'mset', 'set'].map(notExecuted).join('');
    assert.ok(client.said.startsWith(NOT_SERVED + refused), client.said);
    assert.ok(client.said.endsWith(`${ABORTED}$-1\r\n`), client.said);
  });

  test('replies to earlier requests come first', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    client.ask('GET', 'before');
    client.ask('MULTI');
    client.ask('SET', 'a', '1');
    scene.settle();
    client.ask('SET', 'b', '1');
    scene.settle();
    scene.servers[0].answer('$-1');
    scene.settle();
    assert.deepEqual(scene.servers[0].log, ['GET before']);
    assert.equal(client.said, `$-1\r\n${NOT_SERVED}${notExecuted('set')}${notExecuted('set')}`);
  });

  test('goes on over many reads, also when everything before is answered', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    client.ask('MULTI');
    scene.settle();
    assert.equal(client.said, NOT_SERVED);
    for (let i = 0; i < 200; i++) {
      client.ask('SET', `k${i}`, 'x'.repeat(20_000));
      scene.settle();
    }
    client.ask('EXEC');
    scene.settle();
    assert.deepEqual(scene.servers[0].log, []);
    assert.equal(client.said, NOT_SERVED + notExecuted('set').repeat(200) + ABORTED);
    client.ask('GET', 'a');
    scene.settle();
    assert.deepEqual(scene.servers[0].log, ['GET a']);
  });

  test('ends with DISCARD and RESET too', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    for (const [end, reply] of [
      ['DISCARD', '+OK'],
      ['RESET', '+RESET'],
    ]) {
      client.said = '';
      for (const command of ['MULTI', 'PING', end, 'PING']) {
        client.ask(command);
        scene.settle();
      }
      assert.equal(client.said, `${NOT_SERVED}${notExecuted('ping')}${reply}\r\n+PONG\r\n`);
    }
  });
});

describe('HELLO', () => {
  test('does not change the protocol before earlier requests are answered: a read could overtake a write', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    client.ask('SET', 'a', '1');
    client.ask('HELLO', '3');
    client.ask('GET', 'a');
    scene.settle();
    assert.deepEqual(scene.servers[0].asked, ['SET a 1', 'GET a']);
    scene.servers[0].answer('+OK', '$1\r\n1');
    scene.settle();
    assert.match(
      client.said,
      /^\+OK\r\n-ERR HELLO can change the protocol only when [^\r]+\r\n\$1\r\n1\r\n$/,
    );
    client.ask('HELLO', '3');
    scene.settle();
    assert.match(client.said, /%7\r\n/);
  });
});
