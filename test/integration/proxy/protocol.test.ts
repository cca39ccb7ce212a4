import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { PROTOCOL_BEDS, type ProtocolBed, type ProtocolClient } from '../../support/protocol-bed.ts';
import { request } from '../../support/raw-client.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* The same conversations over every transport: what a client sees must not depend on it. */

/** Keys that live on both servers. */
const KEYS = ['name', 'name2', 'apple', 'zebra', 'orange', 'qwerty', '42', 'Berlin', 'x', 'linux48'];

const bulk = (value: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`$${value.length}\r\n`), Buffer.from(value as string), Buffer.from('\r\n')]);

/** One pipeline with a bit of everything, and its answer to the byte. */
const PIPELINE: readonly [request: Buffer, reply: Buffer | string][] = [
  [request('PING'), '+PONG\r\n'],
  [request('MSET', ...KEYS.flatMap((key) => [key, `v-${key}`])), '+OK\r\n'],
  ...KEYS.map((key): [Buffer, Buffer] => [request('GET', key), bulk(`v-${key}`)]),
  [request('SET', 'x', '\r\n$5\r\n*3'), '+OK\r\n'],
  [request('ECHO', 'hello'), bulk('hello')],
  [request('NOPE', 'a'), "-ERR unknown command 'NOPE', with args beginning with: 'a' \r\n"],
  [request('EXISTS', ...KEYS, 'nothing'), ':10\r\n'],
  [
    request('MGET', 'zebra', 'nothing', 'x', 'zebra'),
    Buffer.concat([
      Buffer.from('*4\r\n'),
      bulk('v-zebra'),
      Buffer.from('$-1\r\n'),
      bulk('\r\n$5\r\n*3'),
      bulk('v-zebra'),
    ]),
  ],
  [Buffer.from('PING\r\n'), '+PONG\r\n'],
  [request('DEL', ...KEYS, 'nothing'), ':10\r\n'],
  [request('GET', 'x'), '$-1\r\n'],
  [request('SELECT', '0'), '+OK\r\n'],
];
const REQUESTS = Buffer.concat(PIPELINE.map(([bytes]) => bytes));
const REPLIES = Buffer.concat(PIPELINE.map(([, reply]) => Buffer.from(reply as string)));

async function receive(client: ProtocolClient, expected: Buffer, withinMs = 10_000): Promise<void> {
  await waitUntil('the answers', () => client.ended || client.length >= expected.length, {
    withinMs,
    everyMs: 2,
  });
  const { received } = client;
  if (!received.equals(expected)) assert.equal(received.toString('latin1'), expected.toString('latin1'));
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

for (const [name, start] of Object.entries(PROTOCOL_BEDS)) {
  describe(`the protocol over ${name}`, () => {
    let bed: ProtocolBed;
    before(async () => {
      bed = await start();
    });
    after(async () => {
      await bed?.stop();
    });

    /** Sends these pieces on a connection of its own, and expects exactly these bytes. */
    async function converse(pieces: readonly Buffer[], expected: Buffer, pool: 0 | 1 = 0): Promise<void> {
      const client = await bed.connect(pool);
      for (const piece of pieces) {
        client.send(piece);
        await turn();
      }
      await receive(client, expected);
      client.leave();
    }

    test('every kind of answer, in the order of the requests', async () => {
      await converse([REQUESTS], REPLIES);
    });

    test('cut in two at every byte', async () => {
      for (let at = 1; at < REQUESTS.length; at += 7) {
        await converse([REQUESTS.subarray(0, at), REQUESTS.subarray(at)], REPLIES);
      }
    });

    test('byte by byte', async () => {
      await converse(
        Array.from(REQUESTS, (_, i) => REQUESTS.subarray(i, i + 1)),
        REPLIES,
      );
    });

    test('a pipeline of 20,000 requests to both servers', async () => {
      const keys = Array.from({ length: 10_000 }, (_, i) => `${i * 7919}:k`);
      const sets = Buffer.concat(keys.flatMap((key) => [request('SET', key, key), request('GET', key)]));
      await converse([sets], Buffer.concat(keys.flatMap((key) => [Buffer.from('+OK\r\n'), bulk(key)])));
    });

    test('values of every size, to clients side by side', async () => {
      const sizes = [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 300_000, 1_048_576, 2_500_000];
      await Promise.all(
        [0, 1, 2].map(async (n) => {
          const client = await bed.connect();
          let expected = Buffer.alloc(0);
          for (const size of sizes) {
            const value = Buffer.alloc(size, createHash('md5').update(`${n}:${size}`).digest());
            client.send(request('SET', `size:${n}:${size}`, value));
            client.send(request('GET', `size:${n}:${size}`));
            expected = Buffer.concat([expected, Buffer.from('+OK\r\n'), bulk(value)]);
          }
          await receive(client, expected, 20_000);
          client.leave();
        }),
      );
    });

    test('a client that does not read gets everything when it does; the others are served meanwhile', async () => {
      const value = Buffer.alloc(100_000, createHash('md5').update('slow').digest());
      const slow = await bed.connect();
      slow.send(request('SET', 'slow', value));
      await waitUntil('the value', () => slow.length > 0);
      slow.pause();
      const gets = 100;
      slow.send(Buffer.concat(Array(gets).fill(request('GET', 'slow'))));
      await converse([REQUESTS], REPLIES);
      slow.resume();
      await receive(slow, Buffer.concat([Buffer.from('+OK\r\n'), ...Array(gets).fill(bulk(value))]), 20_000);
      slow.leave();
    });

    test('half-close: the answers, then the end', async () => {
      const client = await bed.connect();
      client.send(REQUESTS);
      client.finish();
      await receive(client, REPLIES);
      await waitUntil('the end', () => client.ended);
    });

    test('QUIT: +OK and the end; what stands behind it is not carried out', async () => {
      const client = await bed.connect();
      client.send(Buffer.concat([request('SET', 'quit', '1'), request('QUIT'), request('SET', 'quit', '2')]));
      await waitUntil('the end', () => client.ended);
      assert.equal(client.received.toString(), '+OK\r\n+OK\r\n');
      await converse([request('GET', 'quit')], bulk('1'));
    });

    for (const [what, bytes, reason] of [
      ['a length that is none', '*1\r\n$abc\r\n', /invalid bulk length/],
      ['a count that is none', '*x\r\n', /invalid multibulk length/],
      ['an argument that is no bulk', '*1\r\n:5\r\n', /expected '\$', got ':'/],
    ] as const) {
      test(`${what}: the answers so far, the reason, the end`, async () => {
        const client = await bed.connect();
        client.send(
          Buffer.concat([request('PING'), request('GET', 'nothing'), Buffer.from(bytes), request('PING')]),
        );
        await waitUntil('the end', () => client.ended);
        const text = client.received.toString();
        assert.ok(text.startsWith('+PONG\r\n$-1\r\n-ERR Protocol error: '), text);
        assert.match(text, reason);
        assert.equal(text.split('\r\n').length, 4);
      });
    }

    test('a password: AUTH, wrong and right, and HELLO', async () => {
      const asked = ['GET x', 'AUTH wrong', 'AUTH secret', 'SET x 1', 'GET x', 'DEL x'];
      const answers =
        '-NOAUTH Authentication required\r\n-WRONGPASS invalid username-password pair or user is disabled.\r\n+OK\r\n+OK\r\n$1\r\n1\r\n:1\r\n';
      await converse(
        [Buffer.concat(asked.map((line) => request(...line.split(' '))))],
        Buffer.from(answers),
        1,
      );
    });

    test('clients that leave with everything under way disturb nobody', async () => {
      for (let i = 0; i < 20; i++) {
        const client = await bed.connect();
        client.send(REQUESTS.subarray(0, REQUESTS.length - i * 5));
        if (i % 2 === 0) await turn();
        client.leave();
      }
      await waitUntil('nobody’s keys', async () => {
        const client = await bed.connect();
        client.send(request('DEL', ...KEYS));
        await waitUntil('an answer', () => client.length > 0);
        client.leave();
        return client.received.toString() === ':0\r\n';
      });
      await converse([REQUESTS], REPLIES);
    });

    test('server connections are cut: errors at most for what was under way, then service as before', async () => {
      const client = await bed.connect();
      client.send(request('SET', 'cut', '1'));
      await waitUntil('an answer', () => client.length > 0);
      await bed.cut();
      await waitUntil('service', async () => {
        const from = client.length;
        client.send(request('GET', 'cut'));
        await waitUntil('an answer', () => client.length >= from + 7);
        return client.received.subarray(from).toString() === '$1\r\n1\r\n';
      });
      client.leave();
    });
  });
}
