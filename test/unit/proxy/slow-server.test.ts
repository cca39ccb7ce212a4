import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { MemoryLink } from '../../../proxy/transport/memory.ts';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';
import { waitUntil } from '../../support/wait-until.ts';

afterEach(closeScenes);

const FOLLOWED = ['failover_hold: 1000', 'sentinels:', '  - 10.0.0.9:1:1'];

/** A server whose line takes `capacity` bytes at a time, so that requests are written in pieces. */
async function narrowServer(settings: readonly string[], capacity: number) {
  const scene = await memoryScene(settings);
  const [server] = scene.servers;
  server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:1\r\n*0');
  const client = scene.client();
  client.ask('PING', 'connect');
  client.ask('GET', 'first');
  scene.settle();
  server.answer(':0');
  scene.settle();
  client.said = '';
  ((server.links[0] as MemoryLink).peer as MemoryLink).capacity = capacity;
  return { scene, server, client };
}

describe('a server that reads slowly', () => {
  test('may answer requests while those behind them are still being written', async () => {
    const { scene, server, client } = await narrowServer([], 70);
    server.always.set('GET', ':1');
    for (let i = 0; i < 20; i++) client.ask('GET', `key:${i}`);
    scene.settle();
    assert.equal(client.said, ':1\r\n'.repeat(20));
    assert.deepEqual(scene.warnings, []);
  });

  test('gets large and small requests, written together in as few calls as it takes them, whole and in order', async () => {
    const { scene, server, client } = await narrowServer([], 30_000);
    server.log.length = 0;
    server.always.set('SET', '+OK');
    const sizes = [20_000, 10, 40_000, 17_000, 300, 300, 16_500, 100_000, 5];
    const line = (server.links[0] as MemoryLink).peer as MemoryLink;
    const calls: number[] = [];
    const writeMany = line.writeMany.bind(line);
    line.writeMany = (pieces) => {
      calls.push(pieces.length);
      return writeMany(pieces);
    };
    const expected = sizes.map((size, i) => `SET key:${i} ${String.fromCharCode(97 + i).repeat(size)}`);
    for (const words of expected) client.ask(...words.split(' '));
    scene.settle();
    assert.deepEqual(server.log, expected);
    assert.equal(client.said, '+OK\r\n'.repeat(sizes.length));
    assert.ok(calls[0] > 2, `the first call was given ${calls[0]} pieces`);
  });

  test('and refuses a request while the next is half written: both are sent again over another socket', async () => {
    const { scene, server, client } = await narrowServer(FOLLOWED, 40);
    server.log.length = 0;
    server.always.set('SET', '-LOADING wait');
    const value = 'x'.repeat(200);
    client.ask('SET', 'a', '1');
    client.ask('SET', 'b', value);
    scene.settle();
    assert.deepEqual(server.log, ['SET a 1']);
    server.always.set('SET', '+OK');
    await waitUntil('both answers', () => {
      scene.settle();
      return client.said !== '';
    });
    assert.equal(client.said, '+OK\r\n+OK\r\n');
    assert.deepEqual(server.log.slice(1), ['ROLE', 'SET a 1', `SET b ${value}`]);
  });

  test('is timed out when half a request was written and nothing moves', async () => {
    const { scene, server, client } = await narrowServer([...FOLLOWED, 'timeout: 300'], 40);
    (server.links[0] as MemoryLink).paused = true;
    client.ask('GET', 'x'.repeat(200));
    scene.settle();
    scene.pass(301);
    assert.equal(
      server.links.length,
      0,
      'the socket is closed, or the next request would be taken for the rest',
    );
  });
});
