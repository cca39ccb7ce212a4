import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { cpuOf } from '../../../tools/bench/proxy/process-cpu.ts';
import { type ProxyKind, poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

let servers: RedisServer[];

before(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
});

after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

for (const kind of ['bun', 'node'] satisfies ProxyKind[]) {
  describe(`clients through the proxy on ${kind}`, () => {
    let proxy: RunningProxy;
    before(async () => {
      proxy = await startProxy(kind, 1, poolOf(...servers));
    });
    after(async () => {
      await proxy?.stop();
    });

    for (const protocol of [2, 3] as const) {
      test(`ioredis in its default settings, RESP${protocol}`, async () => {
        const redis = new Redis(proxy.ports[0], '127.0.0.1', { protocol, maxRetriesPerRequest: 1 });
        try {
          assert.equal(await redis.set('key', 'value'), 'OK');
          await redis.hset('hash', { a: '1', b: '2' });
          assert.deepEqual({ ...(await redis.hgetall('hash')) }, { a: '1', b: '2' });
          await redis.mset('name', '1', 'name2', '2', 'apple', '3');
          assert.deepEqual(await redis.mget('name', 'apple', 'nothing', 'name2'), ['1', '3', null, '2']);
          assert.equal(await redis.del('name', 'name2', 'apple'), 3);
          assert.equal(await redis.publish('x', 'm'), 0);
          assert.equal(await redis.subscribe('x'), 1);
        } finally {
          redis.disconnect();
        }
        const again = new Redis(proxy.ports[0], '127.0.0.1', { protocol });
        const answers = await again.pipeline().set('p', '1').incr('p').lpush('p', 'x').get('p').ping().exec();
        assert.deepEqual(
          answers?.map(([error, value]) => (error ? error.message.split(' ')[0] : value)),
          ['OK', 2, 'WRONGTYPE', '2', 'PONG'],
        );
        again.disconnect();
      });
    }

    test('values of every size come back unchanged, to clients side by side', async () => {
      const sizes = [0, 1, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 300_000, 1_048_576, 5_000_000];
      const clients = Array.from({ length: 4 }, () => new Redis(proxy.ports[0], '127.0.0.1'));
      await Promise.all(
        clients.map(async (client, n) => {
          await Promise.all(
            sizes.map(async (size, i) => {
              const value = Buffer.alloc(size, createHash('md5').update(`${n}:${i}`).digest());
              await client.set(`size:${n}:${i * 7919}`, value);
              const back = await client.getBuffer(`size:${n}:${i * 7919}`);
              assert.ok(back?.equals(value), `${size} bytes`);
            }),
          );
        }),
      );
      for (const client of clients) client.disconnect();
    });

    test('a pipeline of 100,000 requests in one go', async () => {
      const client = await RawClient.open(proxy.ports[0]);
      const answer = await client.ask(
        Buffer.concat(Array(100_000).fill(request('GET', 'nothing'))),
        1,
        20_000,
      );
      assert.ok(answer.startsWith('$-1\r\n'));
      const { length } = '$-1\r\n';
      const until = Date.now() + 20_000;
      while (client.received.length < 100_000 * length && Date.now() < until) {
        await new Promise((done) => setTimeout(done, 10));
      }
      assert.equal(client.received.length, 100_000 * length);
      client.end();
    });

    test('a client that closes its half still gets its answers', async () => {
      const client = await RawClient.open(proxy.ports[0]);
      client.socket.end(Buffer.concat([request('SET', 'half', '1'), request('GET', 'half')]));
      await waitUntil('the end', () => client.closed);
      assert.equal(client.received.toString(), '+OK\r\n$1\r\n1\r\n');
    });

    test('inline commands, as a courtesy', async () => {
      const client = await RawClient.open(proxy.ports[0]);
      assert.equal(await client.ask('PING\r\n'), '+PONG\r\n');
      assert.equal(await client.ask('set inline 5\r\nget inline\r\n', 2), '+OK\r\n$1\r\n5\r\n');
      client.end();
    });

    test('a reload changes what changed and nothing else; a bad file changes nothing', async () => {
      const old = readFileSync(proxy.confFile, 'utf8');
      const client = await RawClient.open(proxy.ports[0]);
      writeFileSync(proxy.confFile, old.replace('redis: true', 'redis: maybe'));
      proxy.daemon.signal('SIGUSR1');
      await waitUntil('the refusal', () => proxy.daemon.output().includes('reload refused'));
      assert.equal(await client.ask(request('PING')), '+PONG\r\n');
      // one pool changed, one that cannot listen
      const taken = old.replace('alpha', 'beta').replace(`${proxy.ports[0]}`, `${servers[0].port}`);
      writeFileSync(proxy.confFile, old.replace('redis: true', 'redis: true\n  timeout: 4000') + taken);
      proxy.daemon.signal('SIGUSR1');
      await waitUntil('the refusal', () =>
        /goes on: pool 'beta' cannot listen on .*EADDRINUSE/.test(proxy.daemon.output()),
      );
      assert.equal(await client.ask(request('PING')), '+PONG\r\n');
      const newcomer = await RawClient.open(proxy.ports[0]);
      assert.equal(await newcomer.ask(request('GET', 'nothing')), '$-1\r\n');
      newcomer.end();
      writeFileSync(proxy.confFile, old.replace('redis: true', 'redis: true\n  timeout: 4000'));
      proxy.daemon.signal('SIGUSR1');
      await waitUntil('the reload', () => proxy.daemon.output().includes('is in force'));
      await waitUntil('the old client to be let go', () => client.closed);
      const next = await RawClient.open(proxy.ports[0]);
      assert.equal(await next.ask(request('PING')), '+PONG\r\n');
      next.end();
    });

    test('SIGUSR2 lets clients go without a request lost: each comes back at once', async () => {
      const redis = new Redis(proxy.ports[0], '127.0.0.1', {
        // A request that is lost must show.
        maxRetriesPerRequest: 0,
        autoResendUnfulfilledCommands: false,
        enableReadyCheck: false,
        retryStrategy: () => 5,
      });
      let closes = 0;
      redis.on('close', () => closes++);
      const told = (): number => proxy.daemon.output().split('letting every client go').length - 1;
      const before = told();
      try {
        for (let round = 0; round < 3; round++) {
          await waitUntil('the connection', () => redis.status === 'ready', { everyMs: 1 });
          assert.equal(await redis.incr('let-go'), round * 4 + 1);
          proxy.daemon.signal('SIGUSR2');
          await waitUntil('the signal', () => told() - before > round, { everyMs: 1 });
          assert.equal(closes, round);
          // what was asked together is answered whole; then nothing may follow, or it could cross with the end
          const answers = await redis.pipeline().incr('let-go').incr('let-go').incr('let-go').exec();
          assert.deepEqual(
            answers,
            [2, 3, 4].map((n) => [null, round * 4 + n]),
          );
          await waitUntil('the end', () => closes > round, { everyMs: 1 });
        }
        assert.equal(closes, 3);
      } finally {
        await redis.del('let-go');
        redis.disconnect();
      }
    });

    test('of a password file every line is good, and a reload of it closes nobody', async () => {
      const old = readFileSync(proxy.confFile, 'utf8');
      const secret = `${proxy.confFile}.password`;
      writeFileSync(secret, 'first\n');
      writeFileSync(proxy.confFile, old.replace('redis: true', `redis: true\n  redis_auth_file: ${secret}`));
      const reload = async (times: number): Promise<void> => {
        const told = (): number => proxy.daemon.output().split('is in force').length;
        const before = told();
        proxy.daemon.signal('SIGUSR1');
        await waitUntil(`reload ${times}`, () => told() > before);
      };
      await reload(1);
      const client = await RawClient.open(proxy.ports[0]);
      assert.equal(await client.ask(request('AUTH', 'first')), '+OK\r\n');
      writeFileSync(secret, 'second\nfirst\n');
      await reload(2);
      for (const password of ['first', 'second']) {
        const other = await RawClient.open(proxy.ports[0]);
        assert.equal(await other.ask(request('AUTH', password)), '+OK\r\n');
        other.end();
      }
      assert.equal(await client.ask(request('ECHO', 'x')), '$1\r\nx\r\n');
      client.end();
      writeFileSync(proxy.confFile, old);
      await reload(3);
    });

    test('SIGTERM lets clients have what they asked for', async () => {
      const client = await RawClient.open(proxy.ports[0]);
      await client.ask(request('PING'));
      client.received = Buffer.alloc(0);
      const used = (): number => servers.reduce((sum, server) => sum + cpuOf(server.daemon.pid), 0);
      const idle = used();
      client.send(
        Buffer.concat([request('EVAL', 'for i=1,30000000 do end return 1', '1', 'x'), request('GET', 'x')]),
      );
      await waitUntil('the script to run', () => used() > idle + 20e6);
      proxy.daemon.signal('SIGTERM');
      await waitUntil('the end', () => proxy.daemon.ended() !== undefined);
      assert.equal(proxy.daemon.ended(), 0);
      await waitUntil('the close', () => client.closed);
      assert.equal(client.received.toString(), ':1\r\n$-1\r\n');
    });
  });
}
