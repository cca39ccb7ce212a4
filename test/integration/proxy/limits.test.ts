import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { cpuOf, residentOf } from '../../../tools/bench/proxy/process-cpu.ts';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* What clients and servers can do to the memory and the descriptors of the proxy, on Bun as it is shipped. */
const MIB = 1024 * 1024;
const BUFFER_LIMIT = 64;
/** RSS, MB: Bun, the program, and the limit three times over because of the garbage collector. */
const BOUND = 100 + 3 * BUFFER_LIMIT;
const BLOCK = Buffer.alloc(MIB, 'twemstack');
/** Beginnings of keys of `redis`, and of the server that takes everything and says nothing. */
let redis: RedisServer;
let silent: Server;
let proxy: RunningProxy;
let served = '';
let hung = '';
const sockets: Socket[] = [];

const poolOf = (port: number, servers: readonly number[], settings: readonly string[] = []): string =>
  [
    'alpha:',
    ...[`listen: 127.0.0.1:${port}`, 'redis: true', ...settings, 'servers:'].map((line) => `  ${line}`),
    ...servers.map((server, i) => `   - 127.0.0.1:${server}:1 server${i}`),
    '',
  ].join('\n');

before(async () => {
  redis = await startRedis();
  silent = createServer((socket) => {
    socket.resume();
    socket.on('error', () => undefined);
    socket.unref();
  });
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const { port: silentPort } = silent.address() as { port: number };
  proxy = await startProxy(
    'bun',
    1,
    ([port]) => poolOf(port, [redis.port, silentPort], ['client_stall: 1000', 'hash_tag: "{}"']),
    [`--buffer-limit=${BUFFER_LIMIT}`],
  );
  for (let i = 0; hung === '' || served === ''; i++) {
    const probe = await RawClient.open(proxy.ports[0]);
    probe.send(request('GET', `{${i}}`));
    const answer = waitUntil('an answer', () => probe.received.length > 0, { withinMs: 100 });
    if (await answer.catch(() => false)) served = `{${i}}`;
    else hung = `{${i}}`;
    probe.end();
  }
});

after(async () => {
  for (const socket of sockets) socket.destroy();
  await proxy?.stop();
  await redis?.stop();
  silent?.close();
});

async function open(port = proxy.ports[0]): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Writes at the pace of the reader; ends early when the connection is closed. */
async function write(socket: Socket, bytes: Uint8Array | string): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await new Promise<void>((done) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go);
      done();
    };
    socket.on('drain', go).on('close', go);
  });
}

const aWhile = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

async function writeLarge(socket: Socket, key: string, mebibytes: number): Promise<void> {
  await write(socket, `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${mebibytes * MIB}\r\n`);
  for (let i = 0; i < mebibytes; i++) await write(socket, BLOCK);
  await write(socket, '\r\n');
}

/** What the proxy takes now, MB. */
const memory = (): number => residentOf(proxy.daemon.pid);

/** Does something while a client asks again and again; returns the longest that it had to wait, milliseconds. */
async function longestWaitWhile(deed: () => Promise<void>): Promise<number> {
  const client = await RawClient.open(proxy.ports[0]);
  const done = { yes: false };
  const doing = deed().finally(() => {
    done.yes = true;
  });
  let longest = 0;
  let asked = 0;
  for (; !done.yes || asked < 20; asked++) {
    const begun = performance.now();
    const answer = await client.ask(request('GET', served), 1, 20_000);
    longest = Math.max(longest, performance.now() - begun);
    assert.equal(answer, '$1\r\nv\r\n');
    await aWhile(2);
  }
  await doing;
  client.end();
  return longest;
}

/** Bytes that redis keeps for the client that it keeps most for. */
async function kept(): Promise<number> {
  const list = String(await redis.client.call('CLIENT', 'LIST'));
  return Math.max(...[...list.matchAll(/tot-mem=(\d+)/g)].map(([, bytes]) => Number(bytes)));
}

describe('memory', () => {
  before(async () => {
    const client = await RawClient.open(proxy.ports[0]);
    assert.equal(await client.ask(request('SET', served, 'v')), '+OK\r\n');
    assert.equal(await client.ask(request('SET', `${served}:1m`, BLOCK)), '+OK\r\n');
    assert.equal(await client.ask(request('SET', `${served}:100`, 'v'.repeat(100))), '+OK\r\n');
    client.end();
  });

  test('a value of 300 MB goes through, both ways, in a fraction of that', async () => {
    const key = `${served}:large`;
    const socket = await open();
    const reply = once(socket, 'data');
    await writeLarge(socket, key, 300);
    assert.equal(String((await reply)[0]), '+OK\r\n');
    assert.ok(memory() < 150, `${memory()} MB`);
    let read = 0;
    let peak = 0;
    socket.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    socket.write(request('GET', key));
    const size = `$${300 * MIB}\r\n`.length + 300 * MIB + 2;
    const watch = setInterval(() => {
      peak = Math.max(peak, memory());
    }, 20);
    await waitUntil('all of it', () => read === size, { withinMs: 20_000 });
    clearInterval(watch);
    assert.ok(peak < 150, `${peak} MB`);
    await redis.client.del(key);
  });

  test('a client that does not read a hundred large replies is closed when others wait, and they get on', async () => {
    const greedy = await open();
    greedy.pause();
    const longest = await longestWaitWhile(async () => {
      for (let i = 0; i < 100; i++) await write(greedy, request('GET', `${served}:1m`));
      await waitUntil(
        'the end of it',
        () => greedy.destroyed || /it left \d+ bytes unread/.test(proxy.daemon.output()),
      );
    });
    assert.ok(longest < 3000, `${longest} ms`);
    assert.ok(memory() < BOUND, `${memory()} MB`);
  });

  test('2500 pipelined GETs of 100 KB: redis keeps a few of the replies, whether the client reads or not', async () => {
    assert.equal(await redis.client.set(`${served}:100k`, 'v'.repeat(100_000)), 'OK');
    const pipeline = Buffer.concat(Array.from({ length: 2500 }, () => request('GET', `${served}:100k`)));
    for (const reads of [true, false]) {
      const socket = await open();
      let read = 0;
      socket.on('data', (chunk: Buffer) => {
        read += chunk.length;
      });
      if (!reads) socket.pause();
      let most = 0;
      void write(socket, pipeline);
      const begun = performance.now();
      const all = 2500 * (`$100000\r\n`.length + 100_000 + 2);
      while (reads ? read < all : performance.now() - begun < 1000) {
        most = Math.max(most, await kept());
        assert.ok(performance.now() - begun < 60_000, `${read} of ${all} bytes came`);
      }
      assert.ok(most < 12 * MIB, `redis kept ${most} bytes`);
      socket.destroy();
    }
  });

  test('50 clients that ask for 32 values of 100 KB each, all at once: redis keeps a few of the replies', async () => {
    assert.equal(await redis.client.set(`${served}:100k`, 'v'.repeat(100_000)), 'OK');
    const clients = await Promise.all(Array.from({ length: 50 }, open));
    const each = 32 * (`$100000\r\n`.length + 100_000 + 2);
    let read = 0;
    for (const socket of clients) {
      socket.on('data', (chunk: Buffer) => {
        read += chunk.length;
      });
    }
    const pipeline = Buffer.concat(Array.from({ length: 32 }, () => request('GET', `${served}:100k`)));
    for (const socket of clients) void write(socket, pipeline);
    let most = 0;
    const begun = performance.now();
    while (read < 50 * each) {
      most = Math.max(most, await kept());
      assert.ok(performance.now() - begun < 60_000, `${read} bytes came`);
    }
    assert.ok(most < 24 * MIB, `redis kept ${most} bytes`);
    for (const socket of clients) socket.destroy();
  });

  test('a million requests of a client that does not read: it is not read from; all are answered when it does', async () => {
    const greedy = await open();
    greedy.pause();
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => request('GET', `${served}:100`)));
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1000; sent++) await write(greedy, thousand);
    })();
    const longest = await longestWaitWhile(() => aWhile(1000));
    assert.ok(sent < 900, `${sent} thousand were taken`);
    assert.ok(longest < 1000, `${longest} ms`);
    assert.ok(memory() < BOUND, `${memory()} MB`);
    let read = 0;
    greedy.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    greedy.resume();
    await sending;
    await waitUntil('all replies', () => read === 1_000_000 * `$100\r\n${'v'.repeat(100)}\r\n`.length, {
      withinMs: 20_000,
    });
  });

  test('a server that takes everything and says nothing: who asks it is not read from, the others get on', async () => {
    const before = sockets.length;
    const longest = await longestWaitWhile(async () => {
      const piece = request('SET', hung, 'x'.repeat(50_000));
      for (let i = 0; i < 20; i++) {
        const socket = await open();
        void (async () => {
          for (let k = 0; k < 400; k++) await write(socket, piece);
        })();
      }
      await aWhile(2000);
    });
    assert.ok(longest < 1000, `${longest} ms`);
    assert.ok(memory() < BOUND, `${memory()} MB`);
    for (const socket of sockets.slice(before)) socket.destroy();
  });

  test('announcements cost nothing', async () => {
    const resident = memory();
    const before = sockets.length;
    for (let i = 0; i < 200; i++) {
      const socket = await open();
      const [command, size] = i % 2 === 0 ? ['SET', 512 * MIB] : ['MSET', 60 * MIB];
      socket.write(`*3\r\n$${command.length}\r\n${command}\r\n$1\r\nk\r\n$${size}\r\n`);
    }
    const client = await RawClient.open(proxy.ports[0]);
    assert.equal(await client.ask(request('GET', served)), '$1\r\nv\r\n');
    assert.ok(memory() - resident < 20, `${memory() - resident} MB more`);
    client.end();
    for (const socket of sockets.slice(before)) socket.destroy();
  });

  test('two hundred uploads that stop after a megabyte: the memory stays bounded, and all are closed in the end', async () => {
    const before = sockets.length;
    const longest = await longestWaitWhile(async () => {
      for (let i = 0; i < 200; i++) {
        const socket = await open();
        socket.write(`*3\r\n$3\r\nSET\r\n$3\r\n${served}\r\n$${100 * MIB}\r\n`);
        socket.write(BLOCK);
        socket.write(BLOCK.subarray(0, 200_000));
        socket.resume();
      }
      await aWhile(1000);
    });
    assert.ok(longest < 1000, `${longest} ms`);
    assert.ok(memory() < BOUND, `${memory()} MB`);
    await waitUntil('the first of them to be told', () =>
      /and then nothing for 1000 ms/.test(proxy.daemon.output()),
    );
    for (const socket of sockets.slice(before)) socket.destroy();
  });

  test('two thousand idle clients cost less than 3 KB each', async () => {
    const resident = memory();
    const before = sockets.length;
    for (let i = 0; i < 2000; i += 100) {
      const more = await Promise.all(Array.from({ length: 100 }, () => open()));
      await Promise.all(
        more.map(async (socket) => {
          socket.write(request('PING'));
          await once(socket, 'data');
        }),
      );
    }
    const each = ((memory() - resident) * MIB) / 2000;
    assert.ok(each < 3000, `${each} bytes`);
    for (const socket of sockets.slice(before)) socket.destroy();
  });
});

describe('clients above the limit', () => {
  for (const [what, settings, openFiles, reason] of [
    ['on open files', [], 80, 'the limit on open files leaves no room'],
    ['of client_connections', ['client_connections: 20'], 4096, 'client_connections is 20'],
  ] as const) {
    test(`${what} are told so, cost no CPU, and get in when others leave`, async () => {
      const small = await startProxy(
        'bun',
        1,
        ([port]) => poolOf(port, [redis.port], settings),
        [],
        openFiles,
      );
      try {
        const clients = await Promise.all(Array.from({ length: 150 }, () => RawClient.open(small.ports[0])));
        for (const client of clients) client.send(request('GET', 'nobody'));
        await waitUntil('a word to each', () => clients.every((client) => client.received.length > 0));
        const refused = clients.filter((client) => client.received[0] === '-'.charCodeAt(0));
        assert.ok(refused.length >= 100 && refused.length <= 140, `${refused.length} were refused`);
        for (const client of refused) {
          assert.equal(String(client.received), `-ERR max number of clients reached: ${reason}\r\n`);
        }
        await waitUntil('their end', () => refused.every((client) => client.closed));
        const spent = cpuOf(small.daemon.pid);
        await aWhile(500);
        assert.ok(cpuOf(small.daemon.pid) - spent < 100e6, 'it sleeps');
        for (const client of clients) client.end();
        const late = await waitUntil('room', async () => {
          const client = await RawClient.open(small.ports[0]);
          return (await client.ask(request('PING'))) === '+PONG\r\n' && client;
        });
        late.end();
      } finally {
        await small.stop();
      }
    });
  }
});
