import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

/** Lets the moment go by in which a client that has been answered may ask the next thing. */
async function left(settle: () => void): Promise<void> {
  settle();
  await delay(10);
  settle();
}

describe('letting clients go', () => {
  test('one that waits for an answer gets it, and the connection ends right behind it', async () => {
    const { pool, servers, client, settle } = await memoryScene([]);
    const [server] = servers;
    const one = client();
    one.ask('GET', 'key');
    settle();
    pool.letGo();
    settle();
    assert.equal(one.ended, false);
    server.answer('+value');
    await left(settle);
    assert.deepEqual([one.said, one.ended], ['+value\r\n', true]);
  });

  test('one that asks a moment later is still served', async () => {
    const { pool, servers, client, settle } = await memoryScene([]);
    const [server] = servers;
    const one = client();
    settle();
    pool.letGo();
    one.ask('GET', 'key');
    settle();
    server.answer('+value');
    await left(settle);
    assert.deepEqual([one.said, one.ended], ['+value\r\n', true]);
  });

  test('one that asks the next thing at once is let go when it pauses', async () => {
    const { pool, servers, client, settle } = await memoryScene([]);
    const [server] = servers;
    const one = client();
    one.ask('GET', 'key');
    settle();
    pool.letGo();
    for (let i = 0; i < 3; i++) {
      server.answer(`+${i}`);
      one.ask('GET', 'key');
      settle();
      await left(settle);
      assert.equal(one.ended, false);
    }
    server.answer('+3');
    await left(settle);
    assert.deepEqual([one.said, one.ended], ['+0\r\n+1\r\n+2\r\n+3\r\n', true]);
  });

  test('of several requests under way every one is answered first', async () => {
    const { pool, servers, client, settle } = await memoryScene([]);
    const [server] = servers;
    const one = client();
    one.ask('GET', 'key');
    one.ask('GET', 'other');
    settle();
    pool.letGo();
    server.answer('+1');
    settle();
    assert.deepEqual([one.said, one.ended], ['+1\r\n', false]);
    server.answer('+2');
    await left(settle);
    assert.deepEqual([one.said, one.ended], ['+1\r\n+2\r\n', true]);
  });

  test('one that asks for nothing is closed when the patience is over; one that came later is not', async () => {
    const { pool, client, settle } = await memoryScene([]);
    const idle = client();
    settle();
    pool.letGo(20);
    const later = client();
    await delay(40);
    settle();
    assert.deepEqual([idle.ended, later.ended], [true, false]);
  });
});

describe('passwords that change while the pool serves', () => {
  const secrets = (redisAuth: string, redisAuthOthers: string[]) => ({
    ...parseConfig('p:\n  listen: 127.0.0.1:1\n  redis: true\n  servers:\n  - 10.0.0.1:6379:1\n')[0],
    redisAuth,
    redisAuthOthers,
  });

  test('either of two is good, then only the new one; whoever is in stays in', async () => {
    const { pool, client, settle } = await memoryScene(['redis_auth: old']);
    const tries = (password: string): string => {
      const one = client();
      one.ask('AUTH', password);
      settle();
      return one.said.split(/[ \r]/)[0];
    };
    const early = client();
    early.ask('AUTH', 'old');
    settle();
    pool.adoptSecrets(secrets('old', ['new']));
    assert.deepEqual([tries('old'), tries('new')], ['+OK', '+OK']);
    pool.adoptSecrets(secrets('new', []));
    assert.deepEqual([tries('old'), tries('new')], ['-WRONGPASS', '+OK']);
    early.ask('ECHO', 'here');
    settle();
    assert.match(early.said, /here/);
  });
});
