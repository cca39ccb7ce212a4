import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

afterEach(closeScenes);

describe('a SELECT that was refused', () => {
  const REFUSAL =
    '-ERR DB index is out of range: SELECT 1 is not possible, this pool serves db 0 only (redis_db)\r\n';

  test('keeps what follows from the keys of another database, until a good one', async () => {
    const { client, servers, settle } = await memoryScene([]);
    const one = client();
    one.ask('SELECT', '1');
    settle();
    for (const words of ['SET a 1', 'MGET a b', 'EVAL x 1 a', 'LOLWUT', 'PING', 'CLIENT GETNAME'])
      one.ask(...words.split(' '));
    settle();
    assert.equal(one.said, `${REFUSAL.repeat(5)}+PONG\r\n$-1\r\n`);
    assert.deepEqual(servers[0].log, []);
    one.said = '';
    one.ask('SELECT', '0');
    one.ask('SET', 'a', '1');
    settle();
    servers[0].answer('+OK');
    settle();
    assert.equal(one.said, '+OK\r\n+OK\r\n');
  });

  test('is forgotten with RESET, and is no one else’s', async () => {
    const { client, servers, settle } = await memoryScene([]);
    const [one, two] = [client(), client()];
    one.ask('SELECT', 'x');
    two.ask('GET', 'a');
    settle();
    one.ask('RESET');
    one.ask('GET', 'b');
    settle();
    assert.deepEqual(servers[0].asked, ['GET a', 'GET b']);
  });

  test('keeps large values out too', async () => {
    const { client, servers, settle } = await memoryScene([]);
    const one = client();
    one.ask('SELECT', '1');
    settle();
    one.send(request('SET', 'a', 'x'.repeat(3_000_000)));
    settle();
    assert.equal(one.said, REFUSAL.repeat(2));
    assert.deepEqual(servers[0].log, []);
  });
});

describe('COPY', () => {
  for (const words of ['COPY a b DB 1', 'COPY a b REPLACE db 1', 'copy a a DB -1', 'COPY a b DB 0 DB 1']) {
    test(`${words}: another database is out of reach`, async () => {
      const { client, servers, settle } = await memoryScene([]);
      const one = client();
      one.ask(...words.split(' '));
      settle();
      assert.match(one.said, /^-ERR COPY to database -?1 is not possible, this pool serves db 0 only/);
      assert.deepEqual(servers[0].log, []);
    });
  }

  for (const words of [
    'COPY a b',
    'COPY a b REPLACE',
    'COPY a b DB 0 REPLACE',
    'COPY a b DB x',
    'COPY DB 1 DB 0',
  ]) {
    test(`${words}: is the server's to answer`, async () => {
      const { client, servers, settle } = await memoryScene([]);
      client().ask(...words.split(' '));
      settle();
      assert.deepEqual(servers[0].asked, [words]);
    });
  }
});

test('TIME counts microseconds, and is the time of day', async () => {
  const { client, settle } = await memoryScene([]);
  const one = client();
  const fractions: number[] = [];
  for (let i = 0; i < 50; i++) {
    one.said = '';
    const before = Date.now();
    one.ask('TIME');
    settle();
    const after = Date.now();
    const [, , seconds, , micros] = one.said.split('\r\n').map(Number);
    const milliseconds = seconds * 1000 + micros / 1000;
    assert.ok(milliseconds >= before - 3 && milliseconds <= after + 3, `${milliseconds} ${before} ${after}`);
    fractions.push(micros % 1000);
  }
  assert.ok(fractions.some((fraction) => fraction !== 0));
});

describe('a request of no elements', () => {
  const bytes = Buffer.concat([
    Buffer.from('*0\r\n*-1\r\n'),
    request('PING'),
    Buffer.from('*-10\r\n*0\r\n'),
    request('PING'),
  ]);

  test('is passed over, wherever it is cut', async () => {
    for (let at = 0; at <= bytes.length; at++) {
      const { client, settle } = await memoryScene([]);
      const one = client();
      one.send(bytes.subarray(0, at));
      settle();
      one.send(bytes.subarray(at));
      settle();
      assert.equal(one.said, '+PONG\r\n+PONG\r\n', `cut at ${at}`);
      assert.equal(one.ended, false);
      closeScenes();
    }
  });

  for (const wrong of ['*-0', '*-', '*--1', '*-x']) {
    test(`${wrong} is none`, async () => {
      const { client, settle } = await memoryScene([]);
      const one = client();
      one.send(Buffer.from(`${wrong}\r\n`));
      settle();
      assert.equal(one.said, '-ERR Protocol error: invalid multibulk length\r\n');
      assert.equal(one.ended, true);
    });
  }
});
