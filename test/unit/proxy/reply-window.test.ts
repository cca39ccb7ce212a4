import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

/* Replies that servers have to keep: how many a client may have asked for. */
afterEach(closeScenes);

const bulk = (length: number): string => `$${length}\r\n${'x'.repeat(length)}`;
const pipeline = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => request('GET', 'k')));

/** Answers a quarter of what was asked, again and again; returns how many requests the server had at most at once. */
function answerInPieces({ servers: [server], settle }: MemoryScene, reply: string): number {
  let most = 0;
  for (; server.asked.length > 0; settle()) {
    most = Math.max(most, server.asked.length);
    server.answer(...server.asked.slice(0, Math.ceil(server.asked.length / 4)).map(() => reply));
  }
  return most;
}

describe('a pipeline', () => {
  test('of large values: the server never has more to answer than client_reply_bytes, and all is answered', async () => {
    const scene = await memoryScene(['client_reply_bytes: 4000000']);
    const one = scene.client();
    one.send(pipeline(2500));
    scene.settle();
    assert.equal(scene.servers[0].asked.length, 32, 'nobody knows yet how large they are');
    const most = answerInPieces(scene, bulk(100_000));
    assert.ok(most <= 40, `${most} requests of 100 KB`);
    assert.equal(one.said.length, 2500 * (bulk(100_000).length + 2));
    assert.equal(scene.pool.budget.used, 0);
  });

  test('of small values is soon passed on as it comes', async () => {
    const scene = await memoryScene([]);
    const one = scene.client();
    one.send(pipeline(4000));
    scene.settle();
    const most = answerInPieces(scene, ':1');
    assert.ok(most > 1000, `${most} requests`);
    assert.equal(one.said, ':1\r\n'.repeat(4000));
  });

  test('begins carefully again when the client has had nothing under way', async () => {
    const scene = await memoryScene([]);
    const one = scene.client();
    one.send(pipeline(4000));
    scene.settle();
    answerInPieces(scene, ':1');
    one.send(pipeline(100));
    scene.settle();
    assert.equal(scene.servers[0].asked.length, 64, 'twice as many as at first: the last ones were small');
    answerInPieces(scene, bulk(1_000_000));
    one.send(pipeline(4000));
    scene.settle();
    assert.ok(scene.servers[0].asked.length <= 32, 'the last ones were large');
  });

  test('of 64 small values is passed on as one, after the first', async () => {
    const scene = await memoryScene([]);
    const one = scene.client();
    for (const expected of [32, 64, 64]) {
      one.send(pipeline(64));
      scene.settle();
      assert.equal(scene.servers[0].asked.length, expected);
      answerInPieces(scene, ':1');
    }
    assert.equal(one.said, ':1\r\n'.repeat(3 * 64));
  });

  test('of a client that does not read: the server is asked nothing more, and others are answered', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const [one, other] = [client(), client()];
    one.proxyEnd.capacity = 1000;
    one.link.paused = true;
    one.send(pipeline(1000));
    settle();
    while (servers[0].asked.length > 0) {
      servers[0].answer(bulk(100_000));
      settle();
    }
    assert.ok(servers[0].log.length <= 64, `${servers[0].log.length} were asked`);
    other.ask('GET', 'k');
    settle();
    servers[0].answer(':1');
    settle();
    assert.equal(other.said, ':1\r\n');
    one.link.paused = false;
    one.proxyEnd.capacity = Number.POSITIVE_INFINITY;
    settle();
    answerInPieces(scene, ':1');
    assert.equal(servers[0].log.length, 1001);
  });

  test('whose client has said that it is done is answered to its end', async () => {
    const scene = await memoryScene([]);
    const one = scene.client();
    one.send(pipeline(500));
    one.deliver();
    one.link.shutdown();
    scene.settle();
    answerInPieces(scene, ':1');
    assert.equal(one.said, ':1\r\n'.repeat(500));
    assert.equal(one.ended, true);
  });

  test('whose client leaves: no more than the window is asked for it', async () => {
    const scene = await memoryScene([]);
    const one = scene.client();
    one.send(pipeline(500));
    scene.settle();
    one.leave();
    scene.settle();
    while (scene.servers[0].asked.length > 0) {
      scene.servers[0].answer(':1');
      scene.settle();
    }
    assert.equal(scene.servers[0].log.length, 32);
  });

  test('with client_reply_bytes: 0 is passed on at once', async () => {
    const scene = await memoryScene(['client_reply_bytes: 0', 'server_reply_bytes: 0']);
    const one = scene.client();
    one.send(pipeline(2500));
    scene.settle();
    assert.equal(scene.servers[0].asked.length, 2500);
    answerInPieces(scene, ':1');
  });
});
