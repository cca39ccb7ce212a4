import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const SERVERS = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];

/** A client whose pipeline of three went out: the first and the last key live on server one, the other on two. */
async function pipeline() {
  const scene = await memoryScene([], SERVERS);
  const client = scene.client();
  for (const key of ['name', 'name2', 'name']) client.ask('GET', key);
  scene.settleAtOnce();
  assert.deepEqual(
    scene.servers.map((server) => server.asked),
    [['GET name', 'GET name'], ['GET name2']],
  );
  return { scene, client };
}

function answer(scene: MemoryScene, server: number, ...replies: string[]): void {
  scene.servers[server].answer(...replies);
  scene.settleAtOnce();
}

describe('the replies to a pipeline', () => {
  test('go out together when its servers answer one after the other', async () => {
    const { scene, client } = await pipeline();
    answer(scene, 0, ':1', ':3');
    assert.equal(client.said, '');
    answer(scene, 1, ':2');
    assert.equal(client.said, ':1\r\n:2\r\n:3\r\n');
  });

  test('do not wait for the rest longer than a moment', async () => {
    const { scene, client } = await pipeline();
    answer(scene, 0, ':1', ':3');
    scene.settle();
    assert.equal(client.said, ':1\r\n');
    answer(scene, 1, ':2');
    assert.equal(client.said, ':1\r\n:2\r\n:3\r\n');
  });

  test('do not wait for what was asked later', async () => {
    const { scene, client } = await pipeline();
    answer(scene, 0, ':1', ':3');
    client.ask('GET', 'name2');
    scene.settleAtOnce();
    answer(scene, 1, ':2');
    assert.equal(client.said, ':1\r\n:2\r\n:3\r\n');
    answer(scene, 1, ':4');
    assert.equal(client.said, ':1\r\n:2\r\n:3\r\n:4\r\n');
  });

  test('do not wait when there is enough to send', async () => {
    const { scene, client } = await pipeline();
    const large = `$20000\r\n${'x'.repeat(20_000)}`;
    answer(scene, 0, large);
    assert.equal(client.said, `${large}\r\n`);
  });

  test('that cannot come any more are no reason to wait', async () => {
    const { scene, client } = await pipeline();
    answer(scene, 0, ':1', ':3');
    scene.servers[1].cut();
    scene.settleAtOnce();
    assert.match(client.said, /^:1\r\n-ERR .*\r\n:3\r\n$/);
  });
});
