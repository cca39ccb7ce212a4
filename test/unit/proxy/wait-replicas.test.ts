import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import type { MemoryLink } from '../../../proxy/transport/memory.ts';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';
import { waitUntil } from '../../support/wait-until.ts';

const UNCONFIRMED = /^-ERR .*written on the master, not confirmed by replicas/;
const settings = ['wait_replicas: 1', 'wait_timeout: 500', 'timeout: 1000'];

/** A pool that follows Sentinel, with one connection on which the replicas have answered once. */
async function following(more: readonly string[] = []): Promise<MemoryScene> {
  const scene = await memoryScene([...settings, ...more, 'sentinels:', '  - 10.0.0.9:1:1'], undefined, [
    '10.0.0.2:6379',
  ]);
  for (const server of scene.servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:1\r\n*0');
  scene.client().ask('SET', 'first', 'v');
  scene.settle();
  scene.servers[0].answer(':1');
  scene.settle();
  scene.servers[0].answer('+OK', ':1');
  scene.settle();
  return scene;
}

/** Lets pauses go by until the new master is asked, first of all whether replicas follow it; they do. */
async function askedAtNewMaster({ servers, settle }: MemoryScene): Promise<string[]> {
  await waitUntil('the new master is asked', () => {
    settle();
    return servers[1].asked.length > 0;
  });
  assert.deepEqual(servers[1].asked, ['WAIT 1 100']);
  servers[1].answer(':1');
  settle();
  return servers[1].asked;
}

afterEach(closeScenes);

describe('wait_replicas', () => {
  test('a write is acknowledged when the replicas have it, and not before', async () => {
    const { client, servers, settle } = await memoryScene(settings);
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    assert.deepEqual(servers[0].asked, ['SET k v', 'WAIT 1 500']);
    servers[0].answer('+OK');
    settle();
    assert.equal(one.said, '');
    servers[0].answer(':1');
    settle();
    assert.equal(one.said, '+OK\r\n');
  });

  test('one WAIT covers everything that was sent at once, whoever sent it', async () => {
    const { client, servers, settle } = await memoryScene(settings);
    const [one, other] = [client(), client()];
    for (let i = 0; i < 3; i++) one.ask('SET', `k${i}`, 'v');
    other.ask('INCR', 'n');
    settle();
    assert.deepEqual(servers[0].asked, ['SET k0 v', 'SET k1 v', 'SET k2 v', 'INCR n', 'WAIT 1 500']);
    servers[0].answer('+OK', '+OK', '+OK', ':1', ':2');
    settle();
    assert.equal(one.said, '+OK\r\n+OK\r\n+OK\r\n');
    assert.equal(other.said, ':1\r\n');
  });

  test('too few replicas: an error that says so, for the writes alone; reads go out in their turn', async () => {
    const { client, servers, settle } = await memoryScene(settings);
    const [writer, reader] = [client(), client()];
    writer.ask('SET', 'k', 'v');
    writer.ask('GET', 'k');
    reader.ask('GET', 'k');
    settle();
    assert.deepEqual(servers[0].asked, ['SET k v', 'GET k', 'GET k', 'WAIT 1 500']);
    servers[0].answer('+OK', '$1\r\nv', '$1\r\nv');
    settle();
    assert.equal(reader.said, '$1\r\nv\r\n', 'nobody waits for the writes of others');
    assert.equal(writer.said, '');
    servers[0].answer(':0');
    settle();
    const [first, ...rest] = writer.said.split('\r\n');
    assert.match(first, UNCONFIRMED);
    assert.match(first, /0 of 1/);
    assert.deepEqual(rest, ['$1', 'v', '']);
  });

  test('a write that was refused is told so at once, and reads alone cost no WAIT', async () => {
    const { client, servers, settle } = await memoryScene(settings);
    const one = client();
    one.ask('GET', 'k');
    settle();
    assert.deepEqual(servers[0].asked, ['GET k']);
    servers[0].answer('$-1');
    one.ask('LPUSH', 'k', 'v');
    settle();
    servers[0].answer('-WRONGTYPE Operation');
    settle();
    assert.equal(one.said, '$-1\r\n-WRONGTYPE Operation\r\n');
  });

  test('at most two WAIT are under way; what comes meanwhile shares the next one', async () => {
    const { client, servers, settle } = await memoryScene(settings);
    const one = client();
    for (let i = 0; i < 5; i++) {
      one.ask('SET', `k${i}`, 'v');
      settle();
    }
    assert.deepEqual(servers[0].asked, ['SET k0 v', 'WAIT 1 500', 'SET k1 v', 'WAIT 1 500']);
    servers[0].answer('+OK', ':1');
    settle();
    assert.deepEqual(servers[0].asked.slice(2), ['SET k2 v', 'SET k3 v', 'SET k4 v', 'WAIT 1 500']);
    servers[0].answer('+OK', ':1', '+OK', '+OK', '+OK', ':1');
    settle();
    assert.equal(one.said, '+OK\r\n'.repeat(5));
  });

  test('a split MSET is acknowledged when the replicas of every part have it', async () => {
    const { client, servers, settle, pool } = await memoryScene(settings, [
      '10.0.0.1:1:1 a',
      '10.0.0.2:1:1 b',
    ]);
    const one = client();
    const keys = Array.from({ length: 30 }, (_, i) => `${i * 7919}:key`);
    one.ask('MSET', ...keys.flatMap((key) => [key, 'v']));
    settle();
    assert.equal(pool.servers.length, 2);
    const [first, second] = servers;
    assert.deepEqual([first.asked.length, second.asked.length], [2, 2]);
    first.answer('+OK', ':1');
    second.answer('+OK');
    settle();
    assert.equal(one.said, '');
    second.answer(':1');
    settle();
    assert.equal(one.said, '+OK\r\n');
  });

  test('the connection ends: answered writes are unconfirmed, others unknown, and no WAIT is sent elsewhere', async () => {
    const scene = await following();
    const { client, servers, settle, pool } = scene;
    const one = client();
    one.ask('SET', 'answered', 'v');
    one.ask('SET', 'unknown', 'v');
    settle();
    servers[0].answer('+OK');
    settle();
    pool.servers[0].moveTo({ kind: 'tcp', host: '10.0.0.2', port: 6379 });
    one.ask('SET', 'later', 'v');
    assert.deepEqual(await askedAtNewMaster(scene), ['SET later v', 'WAIT 1 500']);
    servers[1].answer('+OK', ':1');
    settle();
    const lines = one.said.split('\r\n');
    assert.match(lines[0], UNCONFIRMED);
    assert.match(lines[1], /outcome of this write is unknown/);
    assert.deepEqual(lines.slice(2), ['+OK', '']);
  });

  test('a write that was refused for want of replicas is sent again, with a WAIT of its own', async () => {
    const { client, servers, settle } = await following();
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    servers[0].answer('-NOREPLICAS Not enough good replicas to write.', ':0');
    settle();
    assert.equal(one.said, '');
    await waitUntil('another attempt', () => {
      settle();
      return servers[0].asked.length > 0;
    });
    assert.deepEqual(servers[0].asked, ['WAIT 1 100'], 'not before replicas are there');
    servers[0].answer(':1');
    settle();
    assert.deepEqual(servers[0].asked, ['SET k v', 'WAIT 1 500']);
    servers[0].answer('+OK', ':1');
    settle();
    assert.equal(one.said, '+OK\r\n');
  });

  test('too few replicas, in a pool that holds: one error, and no more writes until replicas answer', async () => {
    const { client, servers, settle } = await following();
    const [one, other, reader] = [client(), client(), client()];
    one.ask('SET', 'a', '1');
    settle();
    servers[0].answer('+OK', ':0');
    settle();
    assert.match(one.said, UNCONFIRMED);
    one.ask('GET', 'a');
    one.ask('SET', 'a', '2');
    one.ask('GET', 'a');
    other.ask('SET', 'b', '1');
    reader.ask('GET', 'a');
    settle();
    assert.deepEqual(
      servers[0].asked,
      ['GET a', 'GET a', 'WAIT 1 100'],
      'reads pass, unless a write of their own waits',
    );
    servers[0].answer('$1\r\n1', '$1\r\n1', ':0');
    settle();
    assert.equal(reader.said, '$1\r\n1\r\n');
    assert.deepEqual(servers[0].asked, ['WAIT 1 100'], 'asked again, and nothing else');
    servers[0].answer(':1');
    settle();
    assert.deepEqual(servers[0].asked, ['SET a 2', 'GET a', 'SET b 1', 'WAIT 1 500']);
    servers[0].answer('+OK', '$1\r\n2', '+OK', ':1');
    settle();
    assert.match(one.said, /^-ERR [^\r]*\r\n\$1\r\n1\r\n\+OK\r\n\$1\r\n2\r\n$/);
    assert.equal(other.said, '+OK\r\n');
  });

  test('too few replicas while half a request was written: it is completed, and what came after it waits', async () => {
    const { client, servers, settle } = await following();
    const [server] = servers;
    const line = server.links[0] as MemoryLink;
    const [one, other, third] = [client(), client(), client()];
    one.ask('SET', 'a', '1');
    settle();
    (line.peer as MemoryLink).capacity = 40;
    line.paused = true;
    other.ask('SET', 'b', 'x'.repeat(200));
    settle();
    server.answer('+OK', ':0');
    settle();
    assert.match(one.said, UNCONFIRMED);
    third.ask('SET', 'c', '2');
    settle();
    (line.peer as MemoryLink).capacity = Number.POSITIVE_INFINITY;
    line.paused = false;
    settle();
    assert.deepEqual(server.asked, [`SET b ${'x'.repeat(200)}`, 'WAIT 1 500']);
    server.answer('+OK', ':1');
    settle();
    assert.equal(other.said, '+OK\r\n');
    assert.deepEqual(server.asked, ['SET c 2', 'WAIT 1 500']);
  });

  test('what waited for replicas is not sent when its client has left meanwhile', async () => {
    const { client, servers, settle } = await following();
    const [one, other, third] = [client(), client(), client()];
    one.ask('SET', 'a', '1');
    settle();
    servers[0].answer('+OK', ':0');
    settle();
    one.ask('SET', 'a', '2');
    other.ask('SET', 'b', '2');
    third.ask('SET', 'c', '2');
    settle();
    one.leave();
    settle();
    servers[0].answer(':0');
    settle();
    other.leave();
    settle();
    servers[0].answer(':1');
    settle();
    assert.deepEqual(servers[0].asked, ['SET c 2', 'WAIT 1 500']);
  });

  test('writes that waited for replicas go to the new master when one is named', async () => {
    const scene = await following();
    const { client, servers, settle, pool } = scene;
    const one = client();
    one.ask('SET', 'a', '1');
    settle();
    servers[0].answer('+OK', ':0');
    one.ask('SET', 'a', '2');
    settle();
    pool.servers[0].moveTo({ kind: 'tcp', host: '10.0.0.2', port: 6379 });
    assert.deepEqual(await askedAtNewMaster(scene), ['SET a 2', 'WAIT 1 500']);
    servers[1].answer('+OK', ':1');
    settle();
    assert.match(one.said, /^-ERR [^\r]*not confirmed[^\r]*\r\n\+OK\r\n$/);
  });

  test('writes that waited for replicas in vain are not executed', async () => {
    const { client, servers, settle, pass } = await following(['failover_hold: 300']);
    const one = client();
    one.ask('SET', 'a', '1');
    settle();
    servers[0].answer('+OK', ':0');
    settle();
    one.said = '';
    one.ask('SET', 'a', '2');
    settle();
    pass(301);
    servers[0].answer(':0');
    settle();
    assert.match(
      one.said,
      /^-ERR no master of 'one' within 300 ms \(last: too few replicas .*\); not executed\r\n$/,
    );
    assert.equal(servers[0].log.includes('SET a 2'), false);
  });

  /** A write that is answered, and whose WAIT could not be sent before nobody was to be asked anything. */
  async function answeredWithoutWait() {
    const scene = await following(['failover_hold: 300']);
    const { client, pool, servers, settle, pass } = scene;
    const line = servers[0].links[0] as MemoryLink;
    const one = client();
    (line.peer as MemoryLink).capacity = request('SET', 'k', 'v').length;
    line.paused = true;
    one.ask('SET', 'k', 'v');
    settle();
    pool.servers[0].wait();
    (line.peer as MemoryLink).capacity = Number.POSITIVE_INFINITY;
    line.paused = false;
    settle();
    assert.deepEqual(servers[0].asked, ['SET k v']);
    servers[0].answer('+OK');
    pass(300);
    assert.equal(one.said, '');
    return { ...scene, one };
  }

  test('an answered write whose WAIT was given up is asked for again, though nobody else asks for anything', async () => {
    const { one, pool, servers, settle } = await answeredWithoutWait();
    pool.servers[0].release();
    settle();
    assert.deepEqual(servers[0].asked, ['WAIT 1 500']);
    servers[0].answer(':1');
    settle();
    assert.equal(one.said, '+OK\r\n');
  });

  test('an answered write for which nobody can be asked is told that it is not confirmed, in the time of whatever waits', async () => {
    const { one, pass } = await answeredWithoutWait();
    pass(299);
    assert.equal(one.said, '');
    pass(1);
    assert.match(one.said, /not confirmed by replicas: nobody could be asked for 300 ms/);
  });

  test('a server that is tried again and again has no more time for what it was asked before', async () => {
    const { client, pool, servers, settle, pass } = await following();
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    for (let i = 0; i < 4; i++) {
      pass(400);
      pool.servers[0].tryAgain();
    }
    assert.deepEqual(servers[0].log.slice(-2), ['SET k v', 'WAIT 1 500']);
    assert.match(one.said, /the outcome of this write is unknown/);
  });

  test('what waits for replicas is bounded, like everything that waits', async () => {
    const { client, servers, settle } = await following(['failover_hold_bytes: 100']);
    const one = client();
    one.ask('SET', 'a', '1');
    settle();
    servers[0].answer('+OK', ':0');
    settle();
    one.said = '';
    one.ask('SET', 'a', 'x'.repeat(50));
    one.ask('SET', 'a', 'x'.repeat(50));
    settle();
    const other = client();
    other.ask('SET', 'b', 'x'.repeat(50));
    settle();
    assert.match(other.said, /100 bytes already wait for a master of 'one'; not executed/);
  });

  test('a server that refuses WAIT holds nothing up: every write is told that it is not confirmed', async () => {
    const { client, servers, settle, pool } = await following();
    const one = client();
    servers[0].cut();
    settle();
    pool.servers[0].tryAgain();
    one.ask('SET', 'a', '1');
    settle();
    assert.deepEqual(servers[0].asked, ['WAIT 1 100']);
    servers[0].answer('-NOPERM');
    settle();
    servers[0].answer('+OK', '-NOPERM');
    settle();
    assert.match(
      one.said,
      /written on the master, not confirmed by replicas: WAIT was answered with -NOPERM/,
    );
  });

  test('the time that the server spends in WAIT is not held against it', async () => {
    const { client, servers, settle, pass } = await memoryScene(settings);
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    servers[0].answer('+OK');
    pass(1200);
    servers[0].answer(':1');
    settle();
    assert.equal(one.said, '+OK\r\n');
    one.ask('SET', 'k', 'v');
    settle();
    pass(1600);
    assert.match(one.said, /-ERR Connection timed out/);
  });

  test('without the key nothing is waited for', async () => {
    const { client, servers, settle } = await memoryScene([]);
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    assert.deepEqual(servers[0].asked, ['SET k v']);
  });

  test('wait_timeout without wait_replicas, and a WAIT without an end, are refused', () => {
    const conf = (line: string): string =>
      `p:\n  listen: 127.0.0.1:1\n  redis: true\n${line}  servers:\n  - h:1:1\n`;
    assert.throws(() => parseConfig(conf('  wait_timeout: 5\n')), /"wait_timeout" needs "wait_replicas"/);
    assert.throws(() => parseConfig(conf('  wait_replicas: 1\n  wait_timeout: 0\n')), /at least 1/);
    assert.equal(parseConfig(conf('  wait_replicas: 2\n'))[0].waitTimeout, 1000);
  });
});
