import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

/** A pool whose server's replicas follow it. */
async function scene(unknownOutcomes: string): Promise<MemoryScene> {
  return await memoryScene([
    'wait_replicas: 1',
    'blocking_clients: 2',
    `unknown_outcomes: ${unknownOutcomes}`,
  ]);
}

describe('unknown_outcomes', () => {
  test('disconnect: who wrote what replicas do not confirm is answered up to there, and its connection ends', async () => {
    const { client, pool, servers, settle } = await scene('disconnect');
    const [one, other] = [client(), client()];
    one.ask('GET', 'a');
    one.ask('SET', 'k', 'v');
    one.ask('GET', 'b');
    other.ask('GET', 'c');
    settle();
    assert.deepEqual(servers[0].asked, ['GET a', 'SET k v', 'GET b', 'GET c', 'WAIT 1 1000']);
    servers[0].answer('$1\r\na', '+OK', '$1\r\nb', '$1\r\nc', ':0');
    settle();
    assert.equal(one.said, '$1\r\na\r\n');
    assert.ok(one.ended);
    assert.equal(other.said, '$1\r\nc\r\n');
    assert.ok(!other.ended, 'nobody else is');
    assert.equal(pool.budget.used, 0);
  });

  test('disconnect: the first one of several decides, in whichever order they are told', async () => {
    const { client, servers, settle } = await scene('disconnect');
    const one = client();
    for (const key of ['a', 'b', 'c']) one.ask('SET', key, 'v');
    settle();
    servers[0].answer('-OOM full', '+OK', '+OK', ':0');
    settle();
    assert.equal(one.said, '-OOM full\r\n');
    assert.ok(one.ended);
  });

  test('disconnect: what waited for an element that is not certainly its own, too', async () => {
    const { client, servers, settle } = await scene('disconnect');
    const one = client();
    one.ask('BLPOP', 'queue', '0');
    settle();
    assert.deepEqual(servers[0].asked.slice(0, 2), ['CLIENT ID', 'BLPOP queue 0']);
    servers[0].answer(':7', '*2\r\n$5\r\nqueue\r\n$1\r\nj');
    settle();
    assert.equal(one.said, '');
    servers[0].answer(':0');
    settle();
    assert.equal(one.said, '');
    assert.ok(one.ended);
  });

  test('error: it is told, and the connection goes on', async () => {
    const { client, servers, settle } = await scene('error');
    const one = client();
    one.ask('SET', 'k', 'v');
    one.ask('GET', 'b');
    settle();
    servers[0].answer('+OK', '$1\r\nb', ':0');
    settle();
    assert.match(one.said, /^-ERR written on the master, not confirmed by replicas.*\r\n\$1\r\nb\r\n$/);
    assert.ok(!one.ended);
  });
});
