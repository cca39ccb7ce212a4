import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

describe('HELLO and RESET', () => {
  test('change the protocol when earlier requests are answered, before later ones: a read could overtake a write', async () => {
    const scene = await memoryScene([]);
    scene.servers[0].always.set('HELLO', '%0');
    const client = scene.client();
    for (const [change, reply] of [
      ['HELLO 3', /^\+OK\r\n%7\r\n[\s\S]*\*0\r\n\$1\r\n1\r\n$/],
      ['RESET', /^\+OK\r\n\+RESET\r\n\$1\r\n1\r\n$/],
    ] as const) {
      client.said = '';
      client.ask('SET', 'a', '1');
      client.ask(...change.split(' '));
      client.ask('GET', 'a');
      scene.settle();
      assert.deepEqual(scene.servers[0].asked, ['SET a 1']);
      scene.servers[0].answer('+OK');
      scene.settle();
      assert.deepEqual(scene.servers[0].asked, ['GET a']);
      scene.servers[0].answer('$1\r\n1');
      scene.settle();
      assert.match(client.said, reply);
    }
    assert.equal(scene.servers[0].links.length, 2);
  });
});
