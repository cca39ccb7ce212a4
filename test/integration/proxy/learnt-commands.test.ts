import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Commands of a module of real servers, which no table of the proxy has (test/support/learnt-module.c). */
const folder = mkdtempSync(join(tmpdir(), 'twemstack-module-'));
const library = join(folder, 'tw.so');
const compiled = await execa(
  'cc',
  ['-shared', '-fPIC', '-Wall', '-Werror', '-o', library, 'test/support/learnt-module.c'],
  {
    reject: false,
  },
);
const skip = compiled.failed && compiled.exitCode === undefined ? 'there is no C compiler (cc)' : false;

let servers: RedisServer[] = [];
let proxy: RunningProxy;
let sharded: Redis;
let single: Redis;

before(async () => {
  if (skip) return;
  assert.equal(compiled.exitCode, 0, compiled.stderr);
  servers = await Promise.all(
    [0, 1].map(() => startRedis(['--loadmodule', library, '--enable-module-command', 'local'])),
  );
  const pool = (name: string, port: number, some: readonly RedisServer[]): string =>
    `${name}:\n  listen: 127.0.0.1:${port}\n  redis: true\n  hash_tag: "{}"\n  servers:\n${some
      .map((server, i) => `   - 127.0.0.1:${server.port}:1 server${i}\n`)
      .join('')}`;
  proxy = await startProxy(
    'bun',
    2,
    ([a, b]) => pool('sharded', a, servers) + pool('single', b, servers.slice(0, 1)),
  );
  [sharded, single] = proxy.ports.map((port) => new Redis(port, '127.0.0.1'));
});

after(async () => {
  sharded?.disconnect();
  single?.disconnect();
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const said = (client: Redis, ...[name, ...words]: string[]): Promise<unknown> =>
  client.call(name, ...words).catch((error: Error) => error.message);

describe('commands of a module', { skip }, () => {
  test('are in COMMAND before anybody has used one, as the servers say it', async () => {
    const [{ client: plain }] = servers;
    const names = ['tw.get', 'TW.COUNT', 'tw.hidden', 'get', 'nobody.has'];
    const [found, theirs] = await Promise.all(
      [sharded, plain].map((client) => client.command('INFO', ...names) as Promise<unknown[][]>),
    );
    assert.deepEqual(found.slice(0, 3), theirs.slice(0, 3));
    assert.deepEqual([found[3]?.[0], found[4]], ['get', null]);
    const own = (await plain.command('LIST', 'FILTERBY', 'PATTERN', 'tw.*')) as string[];
    assert.deepEqual(await single.command('LIST', 'FILTERBY', 'PATTERN', 'TW.*'), own.toSorted());
    const all = (await sharded.call('COMMAND')) as unknown[][];
    assert.equal(all.length, await sharded.command('COUNT'));
    assert.deepEqual(
      all.map(([name]) => name).filter((name) => String(name).startsWith('tw.')),
      own.toSorted(),
    );
    const docs = (await sharded.command('DOCS', 'tw.get')) as [string, string[]];
    assert.equal(docs[0], 'tw.get');
    assert.match(docs[1][1], /here: learnt from them, and sent to the server of its keys/);
  });

  test('go to the server of their keys, as its COMMAND says', async () => {
    const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
    for (const key of keys) assert.equal(await said(sharded, 'TW.SET', key, `of ${key}`), 'OK');
    for (const key of keys) assert.equal(await said(sharded, 'tw.get', key), `of ${key}`);
    // by no other way than the keys of every other command
    for (const key of keys) assert.equal(await sharded.get(key), `of ${key}`);
    const sizes = await Promise.all(servers.map(({ client }) => client.dbsize()));
    assert.ok(sizes.every((size) => size > 0) && sizes[0] + sizes[1] === keys.length, String(sizes));
  });

  test('their keys are where the key specification says, and must live together', async () => {
    await said(sharded, 'TW.SET', '{t}a', '1');
    assert.equal(await said(sharded, 'TW.COUNT', '2', '{t}a', '{t}none'), 1);
    const many = Array.from({ length: 40 }, (_, i) => `key-${i}`);
    assert.match(String(await said(sharded, 'TW.COUNT', '40', ...many)), /live on different servers/);
    assert.match(String(await said(sharded, 'TW.HIDDEN', 'a')), /do not say where all its keys are/);
    await said(single, 'TW.SET', 'mine', '2');
    assert.equal(await said(single, 'TW.HIDDEN', 'mine'), '2');
  });

  test('are parts of transactions', async () => {
    const results = await sharded
      .multi()
      .call('TW.SET', '{t}m', '1')
      .incr('{t}m')
      .call('TW.GET', '{t}m')
      .exec();
    assert.deepEqual(results, [
      [null, 'OK'],
      [null, 2],
      [null, '2'],
    ]);
  });

  test('are gone with it, in Redis’ own words', async () => {
    await Promise.all(servers.map(({ client }) => client.call('MODULE', 'UNLOAD', 'tw')));
    const words = /^ERR unknown command 'TW.GET', with args beginning with: 'a'/;
    assert.match(String(await said(sharded, 'TW.GET', 'a')), words);
    assert.match(String(await said(sharded, 'TW.GET', 'a')), words);
    // no server is asked more often than once a second
    const infoOf = async (): Promise<unknown> => ((await sharded.command('INFO', 'tw.get')) as unknown[])[0];
    await waitUntil('it to be gone from COMMAND', async () => (await infoOf()) === null);
  });
});
