import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { execa } from 'execa';
import { type BackupOptions, retain, takeBackup } from '../../../scripts/backup/backup.ts';
import { chooseMember, domainsOfMasters } from '../../../scripts/backup/choose-member.ts';
import { decrypted, ensureKey } from '../../../scripts/backup/encryption.ts';
import { openManifest } from '../../../scripts/backup/manifest.ts';
import { RdbReader } from '../../../scripts/backup/rdb/reader.ts';
import { ask, LineReader } from '../../../scripts/backup/replica-lines.ts';
import { openSnapshot } from '../../../scripts/backup/snapshot.ts';
import { DirectoryStore } from '../../../scripts/backup/store/directory.ts';
import { readText } from '../../../scripts/backup/store/store.ts';
import { SILENT } from '../../../scripts/report/steps.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { benchBackup } from '../../../tools/bench/backup.ts';
import type { RedisMember } from '../../../topology/types.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { startTierProxy } from '../../support/tier-proxy.ts';
import { waitUntil } from '../../support/wait-until.ts';

const KEYS = 24;
/** Random, so that it is as large in a snapshot: more than sockets hold on the way. */
const VALUE = randomBytes(512 * 1024).toString('base64');

/** Backups of one shard whose redises are plain processes. The tests follow each other: the last ones end members. */
describe('a backup', () => {
  let tier: NativeTier;
  let master: RedisMember;
  let folder: string;
  let store: DirectoryStore;

  before(async () => {
    tier = await NativeTier.started();
    master = await tier.settled(2);
    for (let i = 0; i < KEYS; i++) await tier.call(master, 'operator', 'SET', `key:${i}`, `${i}${VALUE}`);
    await tier.call(master, 'operator', 'SET', 'expiring', 'v', 'EX', '86400');
  });
  after(async () => {
    await tier?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = mkdtempSync(join(tmpdir(), 'twemstack-backup-'));
    store = new DirectoryStore(folder, tier.plan.name);
  });

  const backUp = (change: Partial<BackupOptions> = {}) =>
    takeBackup({
      plan: tier.plan,
      credentials: TEST_CREDENTIALS,
      store,
      key: undefined,
      fromMaster: false,
      rateMb: 0,
      reporter: SILENT,
      signal: new AbortController().signal,
      ...change,
    });
  test('bench -- backup measures under both loads, takes whole backups meanwhile, and leaves nothing behind', async () => {
    const proxy = await startTierProxy(tier);
    try {
      const before = await tier.call(master, 'operator', 'DBSIZE');
      const measured = await benchBackup({
        plan: tier.plan,
        credentials: TEST_CREDENTIALS,
        place: { host: '127.0.0.1', port: proxy.ports[0], password: TEST_CREDENTIALS.application },
        rounds: 1,
        rateMb: 0,
        keys: 250,
        leastSliceMs: 200,
        progress: () => undefined,
      });
      assert.ok(measured.backups >= 1);
      assert.ok(measured.bytes > KEYS * VALUE.length, `${measured.bytes}`);
      for (const { pairs, throughput, p99 } of [measured.full, measured.partly]) {
        assert.equal(pairs.length, 2);
        for (const { median } of [throughput, p99]) assert.ok(median > 0 && Number.isFinite(median));
      }
      assert.deepEqual(await tier.call(master, 'operator', 'DBSIZE'), before);
    } finally {
      await proxy.stop();
    }
  });

  const left = (): string[] =>
    (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.includes('-'));
  const figure = async (member: RedisMember, name: string): Promise<number> =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(String(await tier.call(member, 'operator', 'INFO')))?.[1]);
  const keysIn = async (chunks: AsyncIterable<Buffer>) => {
    const reader = new RdbReader({ keys: true });
    const keys: string[] = [];
    for await (const chunk of chunks) keys.push(...reader.feed(chunk).map(({ key }) => key.toString()));
    reader.end();
    return keys.sort();
  };
  const allKeys = ['expiring', ...Array.from({ length: KEYS }, (_, i) => `key:${i}`)].sort();
  const knownReplicas = async (): Promise<string[]> => {
    const lists = await Promise.all(
      tier.sentinels.map((each) =>
        tier.call(each, 'proxy', 'SENTINEL', 'REPLICAS', tier.plan.shards[0].name),
      ),
    );
    return (lists as string[][][]).flatMap((list) => list.map(([, name]) => name));
  };
  const members = (): string[] => tier.redises.map(({ address, port }) => `${address}:${port}`);

  test('holds everything as of its beginning, from a replica; the master does nothing for it', async () => {
    const forks = await figure(master, 'total_forks');
    await tier.call(master, 'operator', 'SET', 'key:0', `last${VALUE}`);
    const offset = await figure(master, 'master_repl_offset');
    const manifest = await backUp();
    const [shard] = manifest.shards;
    assert.notEqual(shard.member, master.name);
    assert.ok(shard.offset >= offset);
    assert.equal(await figure(master, 'total_forks'), forks);
    assert.deepEqual(shard.databases, { 0: { keys: KEYS + 1, expires: 1 } });
    assert.deepEqual(await keysIn(store.read(manifest.id, shard.file)), allKeys);
    const file = readFileSync(join(store.where, manifest.id, shard.file));
    assert.equal(createHash('sha256').update(file).digest('hex'), shard.sha256);
    assert.equal(file.length, shard.bytes);
    assert.ok(shard.largestBytes > VALUE.length && shard.largestBytes < VALUE.length + 100);
    assert.match(manifest.routing, /servers:\n +- 127\.\S+ shard-1/);
    const text = await readText(store, manifest.id, 'manifest.json');
    assert.deepEqual(openManifest(text, undefined, ''), manifest);
    assert.throws(
      () => openManifest(text.replace('shard-1.rdb', 'shard-2.rdb'), undefined, ''),
      /was altered/,
    );
  });

  test('is of a replica where no master is at work, as long as there is one', async () => {
    const [one, other] = tier.redises.filter(({ name }) => name !== master.name);
    const login = { username: 'operator', password: TEST_CREDENTIALS.operator };
    assert.deepEqual([...(await domainsOfMasters(tier.plan, login))], [master.domain]);
    const from = async (...busy: string[]): Promise<string> => {
      const [shard] = tier.plan.shards;
      return (await chooseMember(shard, login, { fromMaster: false, busy: new Set(busy) })).member.name;
    };
    assert.equal(await from(one.domain), other.name);
    assert.equal(await from(other.domain), one.name);
    assert.notEqual(await from(one.domain, other.domain), master.name);
  });

  test('is for its owner alone', async () => {
    const { id } = await backUp();
    const modes = ['', 'manifest.json', 'shard-1.rdb'].map(
      (name) => statSync(join(store.where, id, name)).mode & 0o777,
    );
    assert.deepEqual(modes, [0o700, 0o600, 0o600]);
  });

  test('encrypted, shows no key to whoever has no key of its own; an altered byte is noticed', async () => {
    const { key } = await ensureKey(new Home(folder), 'native');
    const manifest = await backUp({ key });
    const [{ file }] = manifest.shards;
    const path = join(store.where, manifest.id, file);
    assert.ok(!readFileSync(path).includes('expiring'));
    assert.deepEqual(await keysIn(decrypted(store.read(manifest.id, file), key)), allKeys);
    const { key: other } = await ensureKey(new Home(folder), 'other');
    await assert.rejects(keysIn(decrypted(store.read(manifest.id, file), other)));
    const text = await readText(store, manifest.id, 'manifest.json');
    assert.deepEqual(openManifest(text, key, ''), manifest);
    assert.throws(() => openManifest(text, undefined, ''), /encrypted, and its key is not here/);
    assert.throws(() => openManifest(text, other, ''), /not sealed by this key/);
  });

  test('that is interrupted leaves nothing, and the ones before as they were', async () => {
    const { id } = await backUp();
    const controller = new AbortController();
    const reporter = {
      ...SILENT,
      step: (_: string, work: Parameters<typeof SILENT.step>[1]) =>
        work({ progress: () => controller.abort(), outcome: () => undefined }),
    } as typeof SILENT;
    await assert.rejects(
      backUp({ signal: controller.signal, reporter }),
      /interrupted; nothing of this backup is left/,
    );
    assert.deepEqual(readdirSync(store.where), [id]);
  });

  test('that is paced is read as fast as it comes as soon as a replica waits there for a copy of its own', async () => {
    const told: string[] = [];
    const reporter = {
      ...SILENT,
      step: (_: string, work: Parameters<typeof SILENT.step>[1]) =>
        work({ progress: (sentence) => void told.push(sentence), outcome: () => undefined }),
    } as typeof SILENT;
    const running = backUp({ rateMb: 1, reporter });
    await waitUntil('it to be under way', async () => told.length > 0);
    assert.match(told[0], /at most 1\.0 MB a second$/);
    const source = tier.redises.find(({ name }) => told[0].includes(`from ${name}`));
    assert.ok(source);
    const socket = connect(source.port, source.address);
    try {
      const lines = new LineReader(socket[Symbol.asyncIterator]());
      await ask(socket, lines, 'AUTH', 'operator', TEST_CREDENTIALS.operator);
      await ask(socket, lines, 'REPLCONF', 'capa', 'eof');
      // Answered as soon as the redis can fork for it.
      const [, reply] = await Promise.all([running, ask(socket, lines, 'PSYNC', '?', '-1')]);
      assert.match(reply, /^\+FULLRESYNC /);
      assert.match(told.at(-1) ?? '', /as fast as it comes: another replica waits for a copy$/);
    } finally {
      socket.destroy();
    }
  });

  test('that was killed half-way is none, and is gone with the next one', async () => {
    const draft = await store.begin('2026-01-01T00-00-00Z');
    await draft.write(
      'shard-1.rdb',
      (async function* () {
        yield Buffer.from('REDIS');
      })(),
    );
    assert.deepEqual(await store.ids(), []);
    await store.sweep();
    assert.deepEqual(left(), []);
  });

  test('keeps as many as it is told, the newest', async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await backUp()).id);
    assert.deepEqual(await store.ids(), ids);
    assert.deepEqual(await retain(store, 2), [ids[0]]);
    assert.deepEqual(readdirSync(store.where), ids.slice(1));
  });

  test('without room says so, and leaves nothing', async () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
    try {
      const full = new DirectoryStore(small, tier.plan.name);
      await assert.rejects(backUp({ store: full }), {
        name: 'NotSoError',
        message: 'the backup cannot be written: there is no room left on its disk',
      });
      assert.deepEqual(readdirSync(full.where), []);
    } finally {
      await execa('umount', [small]);
    }
  });

  test('is read from a redis without any sentinel taking the reader for a replica, however long it takes', async () => {
    for (const member of tier.redises) {
      const snapshot = await openSnapshot(member, {
        username: 'operator',
        password: TEST_CREDENTIALS.operator,
      });
      try {
        const chunks = snapshot.bytes[Symbol.asyncIterator]();
        await chunks.next();
        // Nobody reads on, so the sender waits; meanwhile every sentinel hears twice what the redis says of its replicas.
        const lists = await waitUntil('it to be listed', async () => {
          const info = String(await tier.call(member, 'operator', 'INFO', 'replication'));
          return /^slave\d+:.*state=(wait_bgsave|send_bulk)/m.test(info);
        });
        assert.ok(lists);
        for (let i = 0; i < 2; i++) await heardAnew();
        assert.deepEqual(
          [...new Set(await knownReplicas())].sort(),
          members()
            .filter((name) => name !== `${master.address}:${master.port}`)
            .sort(),
        );
      } finally {
        snapshot.close();
      }
    }
  });

  /** Every sentinel has asked the master for INFO since. */
  async function heardAnew(): Promise<void> {
    const since = Date.now();
    await waitUntil('all sentinels to have asked the master', async () => {
      const views = await Promise.all(tier.sentinels.map((each) => tier.sentinelView(each)));
      const now = Date.now();
      return views.every((view) => now - Number(view['info-refresh']) > since);
    });
  }

  test('from another replica when one fails', async () => {
    const [first, second] = tier.redises.filter(({ name }) => name !== master.name);
    await tier.call(first, 'operator', 'ACL', 'SETUSER', 'operator', '-psync');
    await tier.call(second, 'operator', 'ACL', 'SETUSER', 'operator', '-psync');
    await assert.rejects(backUp(), (error: Error & { where?: string }) => {
      assert.match(error.message, /no replica is in step/);
      assert.match(error.where ?? '', /is the master; .*its snapshot failed \(PSYNC: NOPERM/);
      return true;
    });
    await tier.call(second, 'operator', 'ACL', 'SETUSER', 'operator', '+psync');
    assert.equal((await backUp()).shards[0].member, second.name);
    assert.equal((await backUp({ fromMaster: true })).shards[0].fromMaster, false);
  });

  test('without a replica in step is refused by name and reason, and goes from the master when told to', async () => {
    const replicas = tier.redises.filter(({ name }) => name !== master.name);
    await tier.kill(...replicas);
    await assert.rejects(backUp(), (error: Error & { where?: string; remedy?: string }) => {
      assert.match(error.message, /^shard-1 cannot be backed up: no replica is in step with the master/);
      for (const { name } of replicas)
        assert.match(error.where ?? '', new RegExp(`${name}: does not answer`));
      assert.match(error.remedy ?? '', /--from-master/);
      return true;
    });
    const { shards } = await backUp({ fromMaster: true });
    assert.deepEqual([shards[0].member, shards[0].fromMaster], [master.name, true]);
  });
});
