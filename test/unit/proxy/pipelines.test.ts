import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const NOT_SERVED = "-ERR 'multi' is not served: transactions do not go through a sharding proxy yet\r\n";
const notExecuted = (command: string): string =>
  `-ERR '${command}' is not executed: it came with a MULTI, which is not served\r\n`;

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
    assert.match(client.said, /-ERR 'exec' is not served: [^\r]*\r\n\$-1\r\n$/);
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

  test('an application that has read the refusal is served again', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    client.ask('MULTI');
    scene.settle();
    assert.equal(client.said, NOT_SERVED);
    client.ask('GET', 'a');
    scene.settle();
    assert.deepEqual(scene.servers[0].log, ['GET a']);
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
