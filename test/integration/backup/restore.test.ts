import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { takeBackup } from '../../../scripts/backup/backup.ts';
import { ensureKey } from '../../../scripts/backup/encryption.ts';
import { peekManifest, sealManifest } from '../../../scripts/backup/manifest.ts';
import { type RestoreOptions, restoreBackup } from '../../../scripts/backup/restore/restore.ts';
import { DirectoryStore } from '../../../scripts/backup/store/directory.ts';
import { findBackup } from '../../../scripts/backup/stored-backup.ts';
import { verifyBackup } from '../../../scripts/backup/verify.ts';
import { homeIn, poolsOf } from '../../../scripts/data/key-homes.ts';
import { type Reporter, SILENT } from '../../../scripts/report/steps.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { localTrial } from '../../support/local-trial.ts';
import { type RedisFleet, startFleet } from '../../support/redis-fleet.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { fillWithEverything } from './everything.ts';

const KEYS = 3000;
const never = new AbortController().signal;
/** How backups are taken here. */
const TAKING = {
  credentials: TEST_CREDENTIALS,
  key: undefined,
  fromMaster: true,
  rateMb: 0,
  reporter: SILENT,
  signal: never,
};
/** Written past the ring: on the shard where no proxy looks for it. */
const ASTRAY = 'key:0';

/** Keys as text, a letter a byte. */
const entriesOf = async ({ client }: RedisServer, database: number): Promise<string[]> => {
  await client.select(database);
  const keys = await client.keysBuffer('*');
  await client.select(0);
  return keys.map((key) => key.toString('latin1')).sort();
};
const bytesOf = (key: string): Buffer => Buffer.from(key, 'latin1');
/** A digest of each key's value, and when it expires. */
const valuesOf = async ({ client }: RedisServer, keys: readonly string[]): Promise<string[]> => {
  await client.select(0);
  const pipeline = client.pipeline();
  for (const key of keys)
    pipeline.call('DEBUG', 'DIGEST-VALUE', bytesOf(key)).call('PEXPIRETIME', bytesOf(key));
  const answers = ((await pipeline.exec()) ?? []).map(([, answer]) => String(answer));
  return keys.map((key, i) => `${key} ${answers[2 * i]} ${answers[2 * i + 1]}`);
};
const sizeOf = async (fleet: RedisFleet): Promise<number> => {
  let sum = 0;
  for (const { client } of fleet.servers.values()) {
    const info = String(await client.info('keyspace'));
    for (const [, keys] of info.matchAll(/^db\d+:keys=(\d+)/gm)) sum += Number(keys);
  }
  return sum;
};
const callsOf = async (fleet: RedisFleet, command: string): Promise<number> => {
  let sum = 0;
  for (const { client } of fleet.servers.values()) {
    const info = String(await client.info('commandstats'));
    sum += Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  }
  return sum;
};

describe('a backup that is restored', () => {
  let folder: string;
  let source: RedisFleet;
  let id: string;
  /** Keys that have not expired. */
  let total: number;
  /** The one under test; each test has its own. */
  let target: RedisFleet | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'twemstack-restore-'));
    source = await startFleet(2);
    for (const server of source.servers.values()) await fillWithEverything(server.client);
    // What stands where it does not belong goes: the ring has one place for each.
    for (const server of source.servers.values()) {
      for (const database of [0, 5]) {
        const astray = (await entriesOf(server, database)).filter(
          (key) => source.serverOf(bytesOf(key)) !== server,
        );
        await server.client.select(database);
        for (const key of astray) await server.client.del(bytesOf(key));
      }
      await server.client.select(0);
    }
    for (let i = 0; i < KEYS; i++) await source.serverOf(`key:${i}`).client.set(`key:${i}`, i);
    const [wrong] = [...source.servers.values()].filter((server) => server !== source.serverOf(ASTRAY));
    await wrong.client.set(ASTRAY, 'nobody reads this');
    total = await sizeOf(source);
    // Has expired when it is restored, and is in the snapshot all the same.
    const { client } = source.serverOf('gone');
    await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
    await client.set('gone', 'soon', 'PX', 1);
    id = (
      await takeBackup({
        plan: source.plan,
        ...TAKING,
        store: new DirectoryStore(folder, 'fleet'),
      })
    ).id;
  });
  after(async () => {
    await source?.stop();
    await target?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await target?.stop();
    target = undefined;
    rmSync(join(folder, '.twemstack', 'stacks'), { recursive: true, force: true });
  });

  const find = (to = folder, keyFile?: string) =>
    findBackup({ home: new Home(folder), stack: 'fleet', name: 'latest', to, keyFile });
  const into = async (shards: number, settings: string[] = [], more = ''): Promise<RedisFleet> => {
    await target?.stop();
    target = await startFleet(shards, settings, more);
    return target;
  };
  const restore = async (fleet: RedisFleet, change: Partial<RestoreOptions> = {}) =>
    restoreBackup({
      home: new Home(folder),
      plan: fleet.plan,
      credentials: TEST_CREDENTIALS,
      backup: await find(),
      replace: undefined,
      reporter: SILENT,
      signal: never,
      ...change,
    });
  /** A copy of the backup with something done to it. */
  const changed = (change: (path: string) => void): string => {
    const copy = mkdtempSync(join(folder, 'copy-'));
    cpSync(join(folder, 'fleet', id), join(copy, 'fleet', id), { recursive: true });
    change(join(copy, 'fleet', id));
    return copy;
  };

  for (const shards of [3, 1]) {
    test(`into ${shards} instead of 2 shards: every key is where the ring says, as it was`, async () => {
      const fleet = await into(shards);
      const { shards: written, leftOut, expired } = await restore(fleet);
      const homes = homeIn(poolsOf(fleet.plan)[0]);
      let seen = 0;
      for (const server of source.servers.values()) {
        const own = (await entriesOf(server, 0)).filter((key) => source.serverOf(bytesOf(key)) === server);
        for (const [shard, now] of fleet.servers) {
          const here = own.filter((key) => homes(bytesOf(key)) === shard);
          const [are, were] = [await valuesOf(now, here), await valuesOf(server, here)];
          assert.deepEqual(
            are.filter((value, i) => value !== were[i]),
            [],
          );
          seen += here.length;
        }
      }
      assert.ok(seen > KEYS);
      // With one shard the astray one would be taken for the key of its name.
      assert.equal(leftOut, shards === 1 ? 1 : 0);
      assert.equal(Object.values(written).reduce((sum, keys) => sum + keys, 0) + leftOut, total);
      assert.equal(expired, 1);
      for (const { client } of fleet.servers.values())
        assert.match(JSON.stringify(await client.call('FUNCTION', 'LIST')), /mylib/);
    });
  }

  test('into the same ring: also what no proxy finds, and other databases, stay where they were', async () => {
    const fleet = await into(2);
    assert.equal((await restore(fleet)).leftOut, 0);
    for (const [shard, server] of source.servers) {
      for (const database of [0, 5]) {
        const now = fleet.servers.get(shard);
        assert.deepEqual(now && (await entriesOf(now, database)), await entriesOf(server, database));
      }
    }
  });

  test('into a pool without a database that has keys is refused, and nothing is written', async () => {
    const fleet = await into(2, [], 'pools: { fleet: { databases: 5 } }');
    await assert.rejects(
      restore(fleet),
      /keys in database 5 of the pool "fleet", which stack.yaml gives it no more/,
    );
    assert.equal(await sizeOf(fleet), 0);
  });

  test('into a stack without its pool is refused, and nothing is written', async () => {
    const fleet = await into(2, [], 'pools: { other: { listen: 7000, shards: [shard-1] } }');
    await assert.rejects(restore(fleet), /has keys of the pool "fleet", and stack.yaml has no such pool/);
    assert.equal(await sizeOf(fleet), 0);
  });

  test('into a stack with data is refused, which says what is there; --replace asks for its name', async () => {
    const fleet = await into(2);
    await fleet.serverOf('mine').client.set('mine', 'v');
    await assert.rejects(restore(fleet), (error: Error & { where?: string; remedy?: string }) => {
      assert.match(error.message, /stack fleet holds data; nothing was changed/);
      assert.match(error.where ?? '', /^shard-[12]: 1 keys$/);
      assert.match(error.remedy ?? '', /--replace fleet/);
      return true;
    });
    await assert.rejects(
      restore(fleet, { replace: 'flet' }),
      /--replace flet: the stack that would be replaced is fleet/,
    );
    assert.equal(await sizeOf(fleet), 1);
    await restore(fleet, { replace: 'fleet' });
    assert.equal(await fleet.serverOf('mine').client.exists('mine'), 0);
    assert.equal(await sizeOf(fleet), total);
  });

  test('that was cut short or altered is refused before a key is written', async () => {
    const fleet = await into(2);
    const file = (path: string, name: string, edit: (bytes: Buffer) => Buffer) =>
      writeFileSync(join(path, name), edit(readFileSync(join(path, name))));
    const flip = (at: number) => (bytes: Buffer) => {
      bytes[at < 0 ? bytes.length + at : at] ^= 1;
      return bytes;
    };
    const cases: [string, (path: string) => void, RegExp][] = [
      [
        'cut',
        (path) => file(path, 'shard-2.rdb', (bytes) => bytes.subarray(0, -1)),
        /has \d+ bytes instead of \d+/,
      ],
      ['flipped', (path) => file(path, 'shard-2.rdb', flip(5000)), /its SHA-256 is another/],
      ['at its end', (path) => file(path, 'shard-1.rdb', flip(-1)), /its SHA-256 is another/],
      ['gone', (path) => rmSync(join(path, 'shard-2.rdb')), /cannot be read: it is not there/],
      [
        'manifest',
        (path) =>
          file(path, 'manifest.json', (text) =>
            Buffer.from(text.toString().replace('"hash": "', '"hash": "x')),
          ),
        /./,
      ],
      [
        'sizes',
        (path) =>
          file(path, 'manifest.json', (text) =>
            Buffer.from(text.toString().replace(/"offset": \d+/, '"offset": 1')),
          ),
        /manifest of this backup was altered/,
      ],
      [
        'no JSON',
        (path) => writeFileSync(join(path, 'manifest.json'), '{"format'),
        /manifest of this backup is damaged/,
      ],
      // By somebody who computes the sum anew.
      [
        'counts',
        (path) =>
          file(path, 'manifest.json', (text) => {
            const { sum, ...manifest } = peekManifest(text.toString(), '') as ReturnType<
              typeof peekManifest
            > & { sum?: string };
            assert.equal(sum, undefined);
            const [first, ...rest] = manifest.shards;
            return Buffer.from(
              sealManifest({ ...manifest, shards: [{ ...first, databases: {} }, ...rest] }, undefined),
            );
          }),
        /holds something else than its manifest says/,
      ],
    ];
    for (const [name, change, message] of cases.filter(([each]) => each !== 'manifest')) {
      const to = changed(change);
      await assert.rejects((async () => restore(fleet, { backup: await find(to) }))(), message, name);
    }
    assert.equal(await callsOf(fleet, 'restore'), 0);
  });

  test('encrypted: what was put in its place without the key is refused', async () => {
    const home = new Home(folder);
    const { key } = await ensureKey(home, 'fleet');
    const to = mkdtempSync(join(folder, 'encrypted-'));
    const store = new DirectoryStore(to, 'fleet');
    await takeBackup({ ...TAKING, plan: source.plan, store, key });
    const fleet = await into(2);
    await restore(fleet, { backup: await find(to) });
    assert.equal(await sizeOf(fleet), total);
    const keyFile = join(folder, '.twemstack', 'backup-keys', 'fleet.key');
    await assert.rejects(find(folder, keyFile), /not sealed by this key/);
    rmSync(keyFile);
    await assert.rejects(find(to), /encrypted, and its key is not here/);
  });

  test('interrupted, goes on where it was; an empty stack begins anew', async () => {
    const fleet = await into(3);
    const controller = new AbortController();
    let batches = 0;
    const reporter: Reporter = {
      note: () => undefined,
      step: (name, work) =>
        work({
          progress: () => void (name === 'restore shard-1' && ++batches === 1 && controller.abort()),
          outcome: () => undefined,
        }),
    };
    await assert.rejects(restore(fleet, { signal: controller.signal, reporter }));
    const written = await callsOf(fleet, 'restore');
    assert.ok(written > 0 && written < total);
    const { before } = await restore(fleet);
    assert.ok(before > 0);
    const again = await callsOf(fleet, 'restore');
    const left = (await restore(await into(3))).leftOut;
    assert.equal(again, total - left);
  });

  test('comes through a lost connection and a shard that takes no writes for a moment', async () => {
    const fleet = await into(2);
    const [first, second] = [...fleet.servers.values()];
    await second.client.config('SET', 'min-replicas-to-write', '1');
    let batches = 0;
    const reporter: Reporter = {
      note: () => undefined,
      step: (_, work) =>
        work({
          progress: () => {
            if (++batches === 2) void first.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
          },
          outcome: () => undefined,
        }),
    };
    const timer = setTimeout(() => void second.client.config('SET', 'min-replicas-to-write', '0'), 700);
    await restore(fleet, { reporter });
    clearTimeout(timer);
    assert.equal(await sizeOf(fleet), total);
  });

  test('into a stack that is too small says so, and that nothing was evicted in silence', async () => {
    const small = ['--maxmemory', '1500kb', '--maxmemory-policy'];
    const full = await into(2, [...small, 'noeviction']);
    await assert.rejects(restore(full), /shard-[12] is full: it takes no more keys/);
    rmSync(join(folder, '.twemstack', 'stacks'), { recursive: true, force: true });
    const evicting = await into(2, [...small, 'allkeys-lru']);
    await assert.rejects(restore(evicting), /\d+ keys were evicted meanwhile/);
  });

  test('with a value beyond what clients may send is restored all the same, and limits are as before', async () => {
    const limits = ['--proto-max-bulk-len', '1mb', '--client-query-buffer-limit', '1mb'];
    await source.serverOf('large').client.set('large', Buffer.alloc(3_000_000, 'y'));
    await source.serverOf('large').client.config('SET', 'rdbcompression', 'no');
    const to = mkdtempSync(join(folder, 'large-'));
    await takeBackup({ ...TAKING, plan: source.plan, store: new DirectoryStore(to, 'fleet') });
    await source.serverOf('large').client.del('large');
    const fleet = await into(2, limits);
    await restore(fleet, { backup: await find(to) });
    const { client } = fleet.serverOf('large');
    assert.equal(await client.strlen('large'), 3_000_000);
    for (const name of ['proto-max-bulk-len', 'client-query-buffer-limit'])
      assert.deepEqual(await client.config('GET', name), [name, '1048576']);
  });

  test('aside, to verify it, comes back as it was', async () => {
    const verified = await verifyBackup(await find(), localTrial, SILENT, never);
    assert.equal(
      verified.reduce((sum, { keys }) => sum + keys, 0),
      total + 1,
    );
    assert.ok(verified.every(({ samples }) => samples === 100));
  });
});
