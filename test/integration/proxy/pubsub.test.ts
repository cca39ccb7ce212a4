import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Publish and subscribe as one redis-server has it, through the proxy: over one server, and over two by two proxies. */
let plain: RedisServer;
let servers: RedisServer[];
let one: RunningProxy;
let two: RunningProxy;
let other: RunningProxy;

before(async () => {
  [plain, ...servers] = await Promise.all([startRedis(), startRedis(), startRedis(), startRedis()]);
  one = await startProxy('bun', 1, poolOf(servers[0]));
  two = await startProxy('bun', 1, poolOf(servers[1], servers[2]));
  other = await startProxy('node', 1, poolOf(servers[1], servers[2]));
});

after(async () => {
  await one?.stop();
  await two?.stop();
  await other?.stop();
  await Promise.all([plain, ...servers].map((server) => server?.stop()));
});

interface Step {
  readonly client: number;
  readonly words: readonly string[];
}

const CLIENTS = 3;
/** This one never subscribes: on which side of the reply a client hears what it publishes itself is chance here. */
const PUBLISHER = 2;
const BARRIER = /(\*2\r\n\$4\r\npong\r\n)?\$7\r\nbarrier\r\n$/;

async function withClients<T>(
  port: number,
  protocol: number,
  use: (clients: readonly RawClient[]) => Promise<T>,
): Promise<T> {
  const clients: RawClient[] = [];
  await nobodyListens();
  try {
    for (let i = 0; i < CLIENTS; i++) {
      clients.push(await RawClient.open(port));
      await clients[i].ask(request('HELLO', String(protocol)));
    }
    return await use(clients);
  } finally {
    for (const client of clients) client.end();
  }
}

/** Those of the last program have gone, and the servers know it. */
const nobodyListens = (): Promise<unknown> =>
  waitUntil(
    'the servers to have no subscribers',
    async () => {
      for (const { client } of [plain, ...servers]) {
        if ((await client.call('PUBSUB', 'NUMPAT')) !== 0) return false;
        for (const word of ['CHANNELS', 'SHARDCHANNELS'])
          if (((await client.call('PUBSUB', word)) as string[]).length > 0) return false;
      }
      return true;
    },
    { everyMs: 1 },
  );

const begin = (clients: readonly RawClient[], { client, words }: Step): void => {
  for (const each of clients) each.received = Buffer.alloc(0);
  clients[client].send(request(...words));
};

/** What each client is said at each step. One redis-server has said all of it before it answers a PING. */
const saidByRedis = (port: number, protocol: number, program: readonly Step[]): Promise<string[][]> =>
  withClients(port, protocol, async (clients) => {
    const said: string[][] = [];
    for (const step of program) {
      begin(clients, step);
      const now = (): string[] => clients.map(({ received }) => received.toString('latin1'));
      // the others when it has been carried out: before, it may still be coming in
      const acting = clients[step.client];
      for (const some of [[acting], clients.filter((each) => each !== acting)]) {
        for (const each of some) each.send(request('PING', 'barrier'));
        const isThere = (): boolean =>
          some.every(({ received }) => BARRIER.test(received.toString('latin1')));
        await waitUntil('the barrier', isThere, { everyMs: 1 });
      }
      said.push(now().map((text) => text.replace(BARRIER, '')));
    }
    return said;
  });

const checkSame = (
  port: number,
  protocol: number,
  program: readonly Step[],
  expected: readonly string[][],
): Promise<void> =>
  withClients(port, protocol, async (clients) => {
    for (const [i, step] of program.entries()) {
      begin(clients, step);
      const now = (): string[] => clients.map(({ received }) => received.toString('latin1'));
      const isSame = (): boolean => now().every((text, n) => text === expected[i][n]);
      await waitUntil('the same', isSame, { everyMs: 1 }).catch(() => undefined);
      assert.deepEqual(now(), expected[i], `step ${i}: ${step.client}: ${step.words.join(' ')}`);
    }
  });

const channel = fc.constantFrom('a', 'b', 'news', 'nothing', '{t}x');
const listening: fc.Arbitrary<readonly string[]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('SUBSCRIBE', 'UNSUBSCRIBE', 'SSUBSCRIBE', 'SUNSUBSCRIBE'),
        fc.array(channel, { minLength: 1, maxLength: 3 }),
      )
      .map(([verb, names]) => [verb, ...names]),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('PSUBSCRIBE', 'PUNSUBSCRIBE'), fc.constantFrom('n*', '[ab]')),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ['PING'],
      ['PING', 'here'],
      ['GET', 'k'],
      ['GET'],
      ['HELLO', 'x'],
      ['SUBSCRIBE'],
      ['PUNSUBSCRIBE', 'x'],
      ['ECHO', 'hello'],
      ['RESET'],
    ),
  },
);
const publishing: fc.Arbitrary<readonly string[]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constantFrom('PUBLISH', 'SPUBLISH'),
      channel,
      fc.constantFrom('m', 'x'.repeat(100_000)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(['PUBSUB', 'NUMPAT'], ['PUBSUB'], ['PUBSUB', 'HELP'], ['PUBLISH', 'a']),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('NUMSUB', 'SHARDNUMSUB'), fc.array(channel, { maxLength: 4 }))
      .map(([word, names]) => ['PUBSUB', word, ...names]),
  },
);
const programs = fc.array(
  fc.oneof(
    fc.record({ client: fc.constantFrom(0, 1), words: listening }),
    fc.record({ client: fc.constant(PUBLISHER), words: publishing }),
  ),
  { minLength: 3, maxLength: 14 },
);

describe('publish and subscribe beside one redis-server', () => {
  for (const protocol of [2, 3]) {
    test(`random programs say the same over one server and over two, RESP${protocol}`, async () => {
      const property = fc.asyncProperty(programs, async (program) => {
        const expected = await saidByRedis(plain.port, protocol, program);
        await checkSame(one.ports[0], protocol, program, expected);
        await checkSame(two.ports[0], protocol, program, expected);
      });
      await fc.assert(property, { numRuns: 40, seed: protocol });
    });
  }
});

/** Runs `use` with clients that are let go of afterwards. */
async function withRedis(
  ports: readonly number[],
  options: Record<string, unknown>,
  use: (...clients: Redis[]) => Promise<void>,
): Promise<void> {
  const clients = ports.map((port) => new Redis(port, '127.0.0.1', options));
  for (const client of clients) client.on('error', () => undefined);
  try {
    await use(...clients);
  } finally {
    for (const client of clients) client.disconnect();
  }
}

const NAMES = Array.from({ length: 12 }, (_, i) => `room:${i}:${'x'.repeat(i)}`);

for (const protocol of [2, 3] as const) {
  describe(`ioredis, RESP${protocol}, two proxies over two servers`, () => {
    test('counts are those of the clients of both, and each message comes once', async () => {
      const ports = [two.ports[0], two.ports[0], other.ports[0], other.ports[0]];
      await withRedis(ports, { protocol }, async (x, y, z, publisher) => {
        const heard: string[] = [];
        for (const [i, each] of [x, y, z].entries()) {
          each.on('message', (name, text) => heard.push(`${i} ${name} ${text}`));
          assert.equal(await each.subscribe(...NAMES), NAMES.length);
        }
        x.on('pmessage', (pattern, name, text) => heard.push(`p ${pattern} ${name} ${text}`));
        assert.equal(await x.psubscribe('room:*'), NAMES.length + 1);
        const expected: string[] = [];
        for (const name of NAMES) {
          assert.equal(await publisher.publish(name, 'hello'), 4, 'three by the channel, one by the pattern');
          expected.push(`p room:* ${name} hello`, ...[0, 1, 2].map((i) => `${i} ${name} hello`));
        }
        await waitUntil('all messages', () => heard.length === expected.length);
        assert.deepEqual(heard.sort(), expected.sort());
        const counts = (await publisher.pubsub('NUMSUB', ...NAMES)) as unknown[];
        assert.deepEqual(
          counts,
          NAMES.flatMap((name) => [name, 3]),
        );
        assert.equal(await publisher.call('PUBSUB', 'NUMPAT'), 1);
        assert.deepEqual(
          ((await publisher.pubsub('CHANNELS', 'room:*')) as string[]).sort(),
          [...NAMES].sort(),
        );
        z.disconnect();
        await waitUntil('the count without it', async () => (await publisher.publish(NAMES[0], 'x')) === 3);
      });
    });
  });
}

describe('a server that dies', () => {
  test('its subscribers hear again when it is back, and are answered nothing', async () => {
    const server = await startRedis();
    const proxy = await startProxy('bun', 1, poolOf(server, servers[1]));
    try {
      await withRedis([proxy.ports[0], proxy.ports[0]], {}, async (listener, publisher) => {
        let ends = 0;
        const heard = new Set<string>();
        listener.on('close', () => ends++);
        listener.on('message', (name) => heard.add(name));
        await listener.subscribe(...NAMES);
        await server.daemon.stop();
        const again = await startRedis([], server.port);
        try {
          await waitUntil(
            'every channel to be heard again',
            async () => {
              for (const name of NAMES) await publisher.publish(name, 'again').catch(() => 0);
              return heard.size === NAMES.length;
            },
            { withinMs: 20_000 },
          );
          assert.equal(ends, 0);
          assert.equal(await publisher.publish(NAMES[0], 'x'), 1, 'subscribed once');
        } finally {
          await again.stop();
        }
      });
    } finally {
      await proxy.stop();
      await server.stop();
    }
  });
});

describe('a subscriber that does not read', () => {
  test('is ended as the server’s limit says, others hear everything, and the proxy keeps little', async () => {
    const limit = 'normal 0 0 0 slave 0 0 0 pubsub 2mb 1mb 60';
    const server = await startRedis(['--client-output-buffer-limit', limit]);
    const proxy = await startProxy('bun', 1, poolOf(server));
    const slow = await RawClient.open(proxy.ports[0]);
    try {
      await withRedis([proxy.ports[0], proxy.ports[0]], {}, async (listener, publisher) => {
        let heard = 0;
        listener.on('message', () => heard++);
        await listener.subscribe('c');
        await slow.ask(request('SUBSCRIBE', 'c'));
        slow.socket.pause();
        const payload = 'p'.repeat(200_000);
        let sent = 0;
        await waitUntil(
          'the server to end it',
          async () => {
            sent++;
            return (await publisher.publish('c', payload)) === 1;
          },
          { withinMs: 30_000, everyMs: 1 },
        );
        await waitUntil('the other to hear all', () => heard === sent, { withinMs: 20_000 });
        slow.socket.resume();
        await waitUntil('its end', () => slow.closed, { withinMs: 20_000 });
      });
    } finally {
      slow.end();
      await proxy.stop();
      await server.stop();
    }
  });
});

describe('events of keys', () => {
  test('are heard from every server', async () => {
    await Promise.all(
      servers.slice(1).map(({ client }) => client.config('SET', 'notify-keyspace-events', 'KEA')),
    );
    await withRedis([two.ports[0], two.ports[0]], {}, async (listener, writer) => {
      const heard = new Set<string>();
      listener.on('message', (_, key) => heard.add(key));
      await listener.subscribe('__keyevent@0__:set');
      for (const name of NAMES) await writer.set(name, '1');
      await waitUntil('all keys', () => heard.size === NAMES.length);
    });
  });
});
