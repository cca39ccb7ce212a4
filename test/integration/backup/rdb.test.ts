import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RdbReader } from '../../../scripts/backup/rdb/reader.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { fillWithEverything } from './everything.ts';

/** What our reader makes of a file that a real Redis wrote, given back to another one. */
describe('an RDB file of Redis', () => {
  let source: RedisServer;
  let target: RedisServer;
  let file: Buffer;

  before(async () => {
    const settings = ['--enable-debug-command', 'local', '--databases', '16'];
    source = await startRedis([...settings, '--maxmemory-policy', 'allkeys-lfu']);
    target = await startRedis(settings);
    await fillWithEverything(source.client);
    await source.client.save();
    const [, folder] = (await source.client.config('GET', 'dir')) as string[];
    file = readFileSync(join(folder, 'dump.rdb'));
  });
  after(async () => {
    await source?.stop();
    await target?.stop();
  });

  const readIn = (size: number, asked = { keys: true }) => {
    const reader = new RdbReader(asked);
    const keys = [];
    // As a socket's: always the same piece of memory.
    const memory = Buffer.alloc(size);
    for (let at = 0; at < file.length; at += size)
      keys.push(...reader.feed(memory.subarray(0, file.copy(memory, 0, at, at + size))));
    return { keys, contents: reader.end(), count: reader.count };
  };

  test('is the same however it is cut', () => {
    const whole = readIn(file.length);
    for (const size of [1, 7, 1000, 65536]) assert.deepEqual(readIn(size), whole, `${size} bytes at a time`);
  });

  test('is counted as it is read', () => {
    const { contents, count } = readIn(file.length);
    for (const size of [1, 7, 1000, 65536]) {
      const counted = readIn(size, { keys: false });
      assert.deepEqual(counted.keys, []);
      assert.equal(counted.count, count);
      const { largestBytes } = counted.contents;
      assert.deepEqual({ ...counted.contents, largestBytes: 0 }, { ...contents, largestBytes: 0 });
      assert.ok(largestBytes >= contents.largestBytes && largestBytes < contents.largestBytes + 16);
    }
  });

  test('has as many keys, and as many that expire, as Redis says', async () => {
    const { contents } = readIn(65536);
    const info = String(await source.client.info('keyspace'));
    const said = [...info.matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)].map(([, ...found]) =>
      found.map(Number),
    );
    const read = [...contents.databases].map(([database, { keys, expires }]) => [database, keys, expires]);
    assert.deepEqual(read, said);
    assert.ok(said.length > 1);
    assert.match(contents.functions.join(), /redis\.register_function/);
    assert.ok(contents.largestBytes > 100_000);
  });

  test('gives payloads from which every value comes back as it was, with its expiry', async () => {
    for (const { database, key, payload, expiresAt, frequency } of readIn(65536).keys) {
      const name = `${key.toString('latin1').slice(0, 40)} in ${database}`;
      await source.client.select(database);
      await target.client.select(database);
      assert.notEqual(frequency, undefined, name);
      await target.client.restore(key, expiresAt ?? 0, payload, 'ABSTTL');
      const ask = (server: RedisServer, ...args: (string | Buffer)[]) =>
        server.client.call(args[0] as string, ...args.slice(1));
      for (const question of [['DEBUG', 'DIGEST-VALUE'], ['PEXPIRETIME'], ['TYPE']])
        assert.deepEqual(await ask(target, ...question, key), await ask(source, ...question, key), name);
      // These iterate over a table whose order is each process' own.
      if ((await ask(source, 'OBJECT', 'ENCODING', key)) !== 'hashtable')
        assert.deepEqual(payload, await source.client.dumpBuffer(key), name);
    }
  });
});
