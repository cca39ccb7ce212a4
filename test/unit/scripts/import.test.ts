import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeOf, commandTable, isWanted } from '../../../scripts/import/changed-keys.ts';
import { checkSource } from '../../../scripts/import/check-source.ts';
import { CommandStream, MOST_ARGUMENT_BYTES } from '../../../scripts/import/command-stream.ts';
import { DirtyKeys } from '../../../scripts/import/dirty-keys.ts';
import { parseSourceUrl } from '../../../scripts/import/source-address.ts';
import type { SourceClient } from '../../../scripts/import/source-client.ts';
import { usesOf } from '../../../scripts/verbs/import.ts';
import { planOf } from '../../support/stack-fixture.ts';

const command = (...words: string[]): Buffer =>
  Buffer.from(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`);
/** As COMMAND of Redis 7 has them. */
const TABLE = commandTable([
  ['set', -3, [], 1, 1, 1],
  ['mset', -3, [], 1, -1, 2],
  ['del', -2, [], 1, -1, 1],
  ['bitop', -4, [], 2, -1, 1],
  ['sort', -2, [], 1, 1, 1],
  ['georadius', -6, [], 1, 1, 1],
  ['copy', -3, [], 1, 2, 1],
  ['move', 3, [], 1, 1, 1],
  ['xgroup', -2, [], 0, 0, 0, [], [], [], [['xgroup|create', -5, [], 2, 2, 1]]],
  ['eval', -3, [], 0, 0, 0],
]);
const keysOf = (...words: string[]): string[] => {
  const change = changeOf(
    words.map((word) => Buffer.from(word)),
    1,
    TABLE,
  );
  return change.kind === 'keys'
    ? change.keys.map(({ database, name }) => `${database}:${name}`)
    : [change.kind];
};

describe('an import', () => {
  test('reads a replication stream in any split, counts its bytes, and keeps no values', () => {
    const long = 'v'.repeat(MOST_ARGUMENT_BYTES + 1);
    const bytes = Buffer.concat([
      command('SELECT', '0'),
      command('SET', 'a', 'secret'),
      command('MSET', 'b', '1\r\n*', 'c', ''),
      command('SET', 'd', long),
    ]);
    for (const size of [1, 2, 3, 7, 64, bytes.length]) {
      const stream = new CommandStream(isWanted(TABLE));
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size)
        for (const each of stream.feed(bytes.subarray(at, at + size))) found.push(each.map(String).join(' '));
      assert.deepEqual(
        found,
        ['SELECT 0', 'SET a undefined', 'MSET b 1\r\n* c ', 'SET d undefined'],
        `${size}`,
      );
      assert.equal(stream.wholeBytes, bytes.length);
    }
    assert.throws(
      () => new CommandStream(() => true).feed(Buffer.from('+CONTINUE\r\n')),
      /no stream of commands/,
    );
  });

  test('knows the position behind the last whole command while one is on its way', () => {
    const stream = new CommandStream(() => true);
    const whole = command('DEL', 'a');
    stream.feed(Buffer.concat([whole, command('DEL', 'b').subarray(0, 9)]));
    assert.equal(stream.wholeBytes, whole.length);
  });

  test('finds the keys that a command changes, also in another database and behind an option', () => {
    assert.deepEqual(keysOf('SET', 'a', 'v', 'EX', '9'), ['1:a']);
    assert.deepEqual(keysOf('mset', 'a', '1', 'b', '2'), ['1:a', '1:b']);
    assert.deepEqual(keysOf('bitop', 'and', 'to', 'x', 'y'), ['1:to', '1:x', '1:y']);
    assert.deepEqual(keysOf('sort', 'a', 'alpha', 'store', 'b'), ['1:a', '1:b']);
    assert.deepEqual(keysOf('georadius', 'a', '1', '2', '3', 'km', 'STOREDIST', 'b'), ['1:a', '1:b']);
    assert.deepEqual(keysOf('copy', 'a', 'b', 'DB', '3', 'REPLACE'), ['1:a', '1:b', '3:b']);
    assert.deepEqual(keysOf('move', 'a', '3'), ['1:a', '3:a']);
    assert.deepEqual(keysOf('xgroup', 'CREATE', 'a', 'g', '$'), ['1:a']);
    assert.deepEqual(keysOf('multi'), ['nothing']);
    assert.deepEqual(keysOf('flushdb'), ['emptied']);
    assert.deepEqual(keysOf('function', 'load', 'x'), ['functions']);
    // Any key may have changed.
    assert.deepEqual(keysOf('eval', 'x', '1', 'a'), ['unknown']);
    assert.deepEqual(keysOf('module.set', 'a'), ['unknown']);
  });

  test('keeps each changed key once, and says when there were too many to keep', () => {
    const dirty = new DirtyKeys(3);
    for (const name of ['a', 'b', 'a', 'a']) dirty.add(0, name);
    assert.equal(dirty.size, 2);
    assert.deepEqual(dirty.take(1), [{ database: 0, name: 'a' }]);
    assert.equal(dirty.hasForgotten, false);
    for (const name of ['c', 'd', 'e', 'f']) dirty.add(1, name);
    assert.equal(dirty.hasForgotten, true);
    assert.ok(dirty.size < 3);
    dirty.reset();
    assert.deepEqual([dirty.size, dirty.hasForgotten], [0, false]);
  });

  test('takes a URL apart, and shows its password nowhere', () => {
    const options = { password: undefined, caFile: undefined };
    const { source, database } = parseSourceUrl('rediss://app:p%40ss%2F@[::1]:7000/3', options);
    assert.deepEqual(source.login, { username: 'app', password: 'p@ss/' });
    assert.deepEqual(source.place, { host: '::1', port: 7000 });
    assert.equal(database, 3);
    assert.equal(source.name, 'rediss://[::1]:7000');
    const plain = parseSourceUrl('redis://host', { ...options, password: 'kept' });
    assert.deepEqual(plain.source.login, { username: undefined, password: 'kept' });
    assert.deepEqual([plain.source.tls, plain.database], [undefined, undefined]);
    for (const [wrong, why] of [
      ['redis://:secret@host/x', /"\/x" is no number/],
      ['redis://:secret@', /no URL|names no host/],
      ['memcached://:secret@host', /"memcached:\/\/" is not known/],
    ] as const) {
      assert.throws(
        () => parseSourceUrl(wrong, options),
        (error: Error) => why.test(error.message) && !error.message.includes('secret'),
        wrong,
      );
    }
  });

  test('refuses a server whose values the stack cannot read, by its own name; older ones are welcome', async () => {
    const source = (server: Record<string, string>) =>
      ({
        at: { name: 'redis://old', place: { path: '/old' } },
        info: async (section: string) => new Map(Object.entries(section === 'server' ? server : {})),
      }) as unknown as SourceClient;
    const check = (ours: string, server: Record<string, string>) =>
      checkSource(
        source(server),
        { at: source(server).at, lanes: [], leavesOthers: true },
        planOf('name: alpha\nvip: 198.18.0.100\n'),
        new Map([['shard-1', ours]]),
      );
    const valkey = (version: string) => ({ redis_version: '7.2.4', valkey_version: version });
    for (const [ours, server, why] of [
      ['7.0.15', { redis_version: '4.0.14' }, /runs Redis 4\.0\.14/],
      ['7.0.15', { redis_version: '7.2.4' }, /runs Redis 7\.2\.4; shard-1 runs Redis 7\.0\.15, which cannot/],
      ['7.0.15', { redis_version: '8.0.2' }, /runs Redis 8\.0\.2/],
      ['7.0.15', valkey('8.1.1'), /runs Valkey 8\.1\.1/],
      // Redis' numbers go on, and Valkey's are its own.
      ['8.0.2', valkey('9.1.2'), /runs Valkey 9\.1\.2; shard-1 runs Redis 8\.0\.2/],
    ] as const)
      await assert.rejects(check(ours, server), why);
    await check('7.0.15', { redis_version: '5.0.6' });
    await check('7.0.15', { redis_version: '7.0.4' });
    await check('8.0.2', valkey('8.1.1'));
  });

  test('tells every address at which applications find the pool', () => {
    const plan = planOf(
      'name: s\nvips: [198.18.0.100, 198.18.0.101]\npools: { s: { listen: 6379 }, t: { listen: 6380, redis_db: 1 } }',
    );
    assert.deepEqual(usesOf(['s'], plan), ['198.18.0.100:6379', '198.18.0.101:6379']);
  });
});
