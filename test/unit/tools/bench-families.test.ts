import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { pathText } from '../../../tools/bench/path-text.ts';
import { benchText } from '../../../tools/bench/proxy/report.ts';
import { requests, Wire } from '../../../tools/bench/wire.ts';

/* What bench measures with: wrong answers must not look like quick ones. */
describe('the client of bench', () => {
  const asked: Buffer[] = [];
  let say: (socket: Socket) => void = () => undefined;
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      asked.push(chunk);
      say(socket);
    });
  });
  const open = (password?: string): Promise<Wire> =>
    Wire.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, password });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => server.close());

  test('gives replies one by one, in whatever pieces they come', async () => {
    say = (socket) => {
      socket.write('*2\r\n$1\r\na\r\n');
      setImmediate(() => socket.write(':7\r\n+OK\r'));
      setTimeout(() => socket.write('\n$-1\r\n'), 5);
    };
    const wire = await open();
    const replies = await wire.ask(requests(['GET', 'a'], ['GET', 'b'], ['GET', 'c']), 3);
    assert.deepEqual(replies.map(String), ['*2\r\n$1\r\na\r\n:7\r\n', '+OK\r\n', '$-1\r\n']);
    wire.close();
  });

  test('an error is no result, wherever it stands', async () => {
    say = (socket) => void socket.write('+OK\r\n-ERR no\r\n+OK\r\n');
    const wire = await open();
    await assert.rejects(wire.ask(requests(['PING'], ['PING'], ['PING']), 3), /^Error: ERR no$/);
    wire.close();
  });

  test('a connection that is closed ends whoever waits, and whoever asks then', async () => {
    say = (socket) => socket.destroy();
    const wire = await open();
    await assert.rejects(wire.ask(requests(['PING'])), /closed/);
    await assert.rejects(wire.ask(requests(['PING'])), /closed/);
  });

  test('says its password first', async () => {
    asked.length = 0;
    say = (socket) => void socket.write('+OK\r\n');
    const wire = await open('secret');
    assert.equal(Buffer.concat(asked).toString(), '*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n');
    wire.close();
  });
});

describe('what bench prints', () => {
  test('of families, with their ratio; of clients that wait, with their goals', () => {
    const text = benchText({
      families: {
        rows: [{ name: 'SCAN', unit: 'ms', plain: 400, ours: 600, ratio: 1.5, spread: 0.04 }],
        blocked: { clients: 1000, kibEach: 12.34, cpuMsPerSecond: 0.5, verdict: 'met' },
      },
    });
    assert.match(text, /SCAN +400 ms +600 ms +1\.50 +4 %/);
    assert.match(text, /1000 clients that wait in BLPOP: 12\.3 KiB each, 0\.50 ms CPU a second.*: met/);
  });

  test('of the way through a stack, by tier', () => {
    const text = pathText({
      stack: 'alpha',
      rounds: 3,
      idle: { edge: 1, proxy: 2, redis: 3 },
      rows: [
        {
          load: 'GET 64 B P1 c50',
          tiers: { edge: 15, proxy: 20, redis: 13 },
          sum: 48,
          plain: 16,
          spread: 0.1,
        },
      ],
    });
    assert.match(text, /load +edge +proxy +redis +sum +plain/);
    assert.match(text, /GET 64 B P1 c50 +15\.0 +20\.0 +13\.0 +48\.0 +16\.0 +3\.0 +10 %/);
    assert.match(text, /edge 1\.0, proxy 2\.0, redis 3\.0/);
  });
});
