import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { carryOut } from '../../support/same-as-redis.ts';
import { waitUntil } from '../../support/wait-until.ts';

const run = promisify(execFile);

/* What walks all keys, as it is, over two servers. */
let servers: RedisServer[];
let proxy: RunningProxy;

before(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  proxy = await startProxy('bun', 1, poolOf(...servers));
});

after(async () => {
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

async function cli(...words: string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-p', String(proxy.ports[0]), ...words], { timeout: 60_000 });
  return stdout;
}

/** Several functions, so that servers list them in orders of their own. */
function libraryOf(name: string): string {
  const functions = ['f', 'g', 'h', 'i'].map(
    (each) => `redis.register_function('${name}_${each}', function(k) return redis.call('GET', k[1]) end)`,
  );
  return `#!lua name=${name}\n${functions.join('\n')}`;
}

beforeEach(async () => {
  assert.equal(await cli('FLUSHALL'), 'OK\n');
  for (let i = 0; i < 300; i += 100) {
    const some = Array.from({ length: 100 }, (_, k) => [`key:${(i + k) * 7919}`, 'v'.repeat(10 + k)]);
    assert.equal(await cli('MSET', ...some.flat()), 'OK\n');
  }
  assert.equal(await cli('RPUSH', 'a list', ...'abcdefgh'), '8\n');
});

describe('redis-cli over two servers', () => {
  test('both have keys', async () => {
    for (const { client } of servers) assert.ok(Number(await client.call('DBSIZE')) > 50);
    assert.equal(await cli('DBSIZE'), '301\n');
  });

  test('--scan', async () => {
    const keys = (await cli('--scan')).trim().split('\n');
    assert.equal(keys.length, 301);
    assert.equal(new Set(keys).size, 301);
    assert.equal((await cli('--scan', '--pattern', 'a*')).trim(), 'a list');
  });

  test('--bigkeys and --memkeys', async () => {
    const big = await cli('--bigkeys');
    assert.match(big, /Sampled 301 keys in the keyspace!/);
    assert.match(big, /Biggest +list found '"a list"' has 8 items/);
    assert.match(await cli('--memkeys'), /Sampled 301 keys in the keyspace!/);
  });

  test('FLUSHDB leaves nothing anywhere', async () => {
    assert.equal(await cli('FLUSHDB'), 'OK\n');
    assert.equal(await cli('--scan'), '');
    for (const { client } of servers) assert.equal(await client.call('DBSIZE'), 0);
  });

  test('--stat and --latency', async () => {
    // at a terminal, or nothing is shown before it ends
    const stat = spawn('script', ['-qfc', `redis-cli -p ${proxy.ports[0]} -i 0.1 --stat`, '/dev/null']);
    let shown = '';
    stat.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
    });
    try {
      await waitUntil('two lines of figures', () => (shown.match(/^301 +[\d.]+\w +\d/gm) ?? []).length >= 2);
    } finally {
      stat.kill();
    }
    const latency = await run('redis-cli', ['-p', String(proxy.ports[0]), '--latency', '--raw', '-i', '1'], {
      timeout: 10_000,
    });
    assert.match(latency.stdout, /^\d+ \d+ [\d.]+ \d+\n$/);
  });

  test('a library of functions is everywhere, and every server has it alike', async () => {
    for (const name of ['one', 'two', 'three'])
      assert.equal(await cli('FUNCTION', 'LOAD', libraryOf(name)), `${name}\n`);
    for (let i = 0; i < 5; i++) {
      await cli('SET', `function:${i * 7919}`, String(i));
      assert.equal(await cli('FCALL', 'two_g', '1', `function:${i * 7919}`), `${i}\n`);
    }
    assert.match(await cli('FUNCTION', 'LIST'), /three[\s\S]*/);
    await servers[1].client.call('FUNCTION', 'DELETE', 'one');
    assert.match(await cli('FUNCTION', 'LIST'), /have different function libraries/);
    assert.equal(await cli('FUNCTION', 'FLUSH'), 'OK\n');
    assert.equal(await cli('FUNCTION', 'LIST'), '\n');
  });

  test('a dump of functions is restored on every server, and a library deleted on every one', async () => {
    const redis = new Redis(proxy.ports[0], '127.0.0.1');
    try {
      for (const name of ['one', 'two']) await redis.function('LOAD', libraryOf(name));
      const dump = (await redis.callBuffer('FUNCTION', 'DUMP')) as Buffer;
      await redis.function('FLUSH');
      assert.equal(await redis.call('FUNCTION', 'RESTORE', dump), 'OK');
      assert.equal(await redis.function('DELETE', 'one'), 'OK');
      for (const { client } of servers)
        assert.deepEqual(
          ((await client.function('LIST')) as unknown[][]).map(([, name]) => name),
          ['two'],
        );
      await redis.set('key:7919', 'v');
      assert.equal(await redis.fcall('two_g', 1, 'key:7919'), 'v');
    } finally {
      await redis.function('FLUSH');
      redis.disconnect();
    }
  });

  test('the slow log of all servers', async () => {
    for (const { client } of servers) await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    await cli('SLOWLOG', 'RESET');
    for (let i = 0; i < 8; i++) await cli('SET', `slow:${i * 7919}`, '1');
    const shown = await cli('SLOWLOG', 'GET', '-1');
    for (let i = 0; i < 8; i++) assert.match(shown, new RegExp(`^slow:${i * 7919}$`, 'm'));
    assert.ok(Number(await cli('SLOWLOG', 'LEN')) >= 8);
    assert.equal(await cli('CONFIG', 'GET', 'slowlog-log-slower-than'), 'slowlog-log-slower-than\n0\n');
  });
});

test('SCAN through a restart of a server: every key, although the new process orders them otherwise', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-scan-'));
  const settings = ['--dir', folder, '--dbfilename', 'kept.rdb'];
  let server = await startRedis(settings);
  const alone = await startProxy('bun', 1, poolOf(server, servers[0]));
  try {
    const ask = async (...words: string[]): Promise<string[]> => {
      const { stdout } = await run('redis-cli', ['-p', String(alone.ports[0]), ...words], {
        timeout: 60_000,
      });
      return stdout.trim().split('\n');
    };
    await ask('FLUSHALL');
    const names = Array.from({ length: 400 }, (_, i) => `key:${i * 7919}`);
    await ask('MSET', ...names.flatMap((name) => [name, 'v']));
    const found = new Set<string>();
    let cursor = '0';
    let pages = 0;
    do {
      const [next, ...keys] = await ask('SCAN', cursor, 'COUNT', '25');
      for (const key of keys) found.add(key);
      cursor = next;
      if (++pages === 4) {
        await server.client.call('SAVE');
        const { port } = server;
        await server.stop();
        server = await startRedis(settings, port);
      }
      assert.ok(pages < 100, 'a walk ends');
    } while (cursor !== '0');
    assert.deepEqual([...found].filter((key) => key !== '').sort(), [...names].sort());
  } finally {
    await alone.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

describe('random programs over one server and over two, beside one plain redis-server', () => {
  const name = fc.constantFrom('a', 'b7', 'c{x}', 'd919', 'e 1');
  const step = fc.oneof(
    fc.tuple(fc.constant('SET'), name, fc.constant('1')),
    fc.tuple(fc.constant('DEL'), name, name),
    fc.tuple(fc.constant('MSET'), name, fc.constant('1'), name, fc.constant('2')),
    fc.tuple(fc.constant('KEYS'), name),
    fc.tuple(fc.constantFrom('FLUSHDB', 'FLUSHALL'), fc.constantFrom('SYNC', 'ASYNC', 'NOW')),
    fc.constantFrom(['DBSIZE'], ['DBSIZE', 'x'], ['KEYS', 'nothing*'], ['FLUSHDB'], ['KEYS']),
  );
  const program = fc.array(
    fc.record({
      client: fc.nat(1),
      requests: fc.array(step as fc.Arbitrary<readonly string[]>, { minLength: 1, maxLength: 6 }),
    }),
    { minLength: 3, maxLength: 20 },
  );

  test('answers are the same, whoever asks and in whatever pipeline', async () => {
    const plain = await startRedis();
    const alone = await startProxy('bun', 1, poolOf(servers[0]));
    try {
      await fc.assert(
        fc.asyncProperty(program, async (steps) => {
          const whole = [{ client: 0, requests: [['FLUSHALL']] }, ...steps];
          const expected = await carryOut(plain.port, 2, whole);
          assert.deepEqual(await carryOut(alone.ports[0], 2, whole), expected);
          assert.deepEqual(await carryOut(proxy.ports[0], 2, whole), expected);
        }),
        { numRuns: 40 },
      );
    } finally {
      await alone.stop();
      await plain.stop();
    }
  });
});
