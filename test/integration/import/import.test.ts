import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { homeOf } from '../../../scripts/data/key-moves.ts';
import { importKeys } from '../../../scripts/import/import.ts';
import type { ImportOptions, Wish } from '../../../scripts/import/options.ts';
import { sourcesOf } from '../../../scripts/import/sources.ts';
import { freePort } from '../../../scripts/loopback-ports.ts';
import { SILENT } from '../../../scripts/report/steps.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type RedisFleet, startFleet } from '../../support/redis-fleet.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { fillWithEverything } from '../backup/everything.ts';
import { startWriter, type Writer } from './writer.ts';

const DEBUG = ['--enable-debug-command', 'local', '--repl-diskless-sync-delay', '0'];

describe('an import', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-import-'));
  const running: { stop(): Promise<void> }[] = [];
  let homes = 0;

  afterEach(async () => {
    for (const each of running.splice(0).reverse()) await each.stop();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const source = async (settings: readonly string[] = [], port?: number): Promise<RedisServer> => {
    const server = await startRedis([...DEBUG, ...settings], port);
    running.push(server);
    return server;
  };
  const pool = async (shards = 2, more = '', settings: readonly string[] = []): Promise<RedisFleet> => {
    const fleet = await startFleet(shards, settings, more);
    running.push(fleet);
    return fleet;
  };
  const writer = async (
    serverOf: (key: string) => RedisServer,
    name: string,
    password?: string,
  ): Promise<Writer> => {
    const started = await startWriter(serverOf, name, { password });
    running.push(started);
    return started;
  };
  /** Begins an import; `wish` may be changed while it runs. */
  const begin = (
    fleet: RedisFleet,
    from: string,
    change: Partial<ImportOptions> & { password?: string; pool?: string; ca?: string; home?: Home } = {},
  ) => {
    const state: { wish: Wish } = { wish: 'follow' };
    const notes: string[] = [];
    const steps: string[] = [];
    const controller = new AbortController();
    const done = (async () =>
      importKeys({
        home: new Home(join(folder, String(homes++))),
        plan: fleet.plan,
        credentials: TEST_CREDENTIALS,
        from,
        sources: await sourcesOf({
          from,
          pool: change.pool,
          password: change.password,
          caFile: change.ca,
          plan: fleet.plan,
        }),
        merge: false,
        wish: () => state.wish,
        reporter: {
          note: (sentence) => void notes.push(sentence),
          step: (name, work) => {
            steps.push(name);
            return SILENT.step(name, work);
          },
        },
        signal: controller.signal,
        ...change,
      }))();
    // Told by whoever awaits it.
    done.catch(() => undefined);
    return { done, state, notes, steps, interrupt: () => controller.abort() };
  };
  const urlOf = ({ port }: RedisServer): string => `redis://127.0.0.1:${port}`;
  const followed = (steps: readonly string[]) =>
    waitUntil('all keys to be copied', () => steps.includes('follow what changes'), { withinMs: 60_000 });

  test('of a Redis that is written to all the while: nothing that was acknowledged is missing or there twice', async () => {
    const old = await source();
    await fillWithEverything(old.client);
    await old.client.select(5);
    await old.client.flushdb();
    await old.client.select(0);
    const fleet = await pool();
    const load = await writer(() => old, 'a');
    const { done, state, steps } = begin(fleet, urlOf(old));
    await followed(steps);
    await load.more(500);
    const expires = await old.client.pexpiretime('zset:extreme');
    // What is written in this moment waits to be copied when the writers are made to wait.
    for (const { client } of fleet.servers.values()) await client.call('CLIENT', 'PAUSE', '900', 'WRITE');
    state.wish = 'close';
    const imported = await done;
    const refused = await load.refused();
    assert.match(refused, /NOREPLICAS/);
    assert.equal(await load.lost((key) => fleet.serverOf(key).client), '');
    assert.ok(imported.pausedMs < 10_000 && imported.compared.samples > 10);
    assert.equal(imported.compared.keys !== undefined, true);
    assert.equal(await fleet.serverOf('zset:extreme').client.pexpiretime('zset:extreme'), expires);
    for (const { client } of fleet.servers.values())
      assert.match(JSON.stringify(await client.call('FUNCTION', 'LIST')), /mylib/);
    const digests = await digestsOf(old.client, (key) => key.startsWith('a:') === false);
    for (const [key, digest] of digests)
      assert.equal(await digestOf(fleet.serverOf(Buffer.from(key, 'latin1')).client, key), digest, key);
    assert.ok(digests.size > 20);
  });

  test('of the servers of a twemproxy: each key goes from where its ring says to where ours does', async () => {
    const servers = [await source(), await source()];
    for (const { client } of servers) await client.config('SET', 'requirepass', 'old secret');
    const file = join(folder, 'nutcracker.yml');
    const text = `fleet:
  listen: 127.0.0.1:22121
  hash: fnv1a_64
  hash_tag: "{}"
  distribution: ketama
  redis: true
  redis_auth: old secret
  servers:
${servers.map(({ port }, i) => `   - 127.0.0.1:${port}:${i + 1} server${i + 1}`).join('\n')}
`;
    writeFileSync(file, text);
    const home = homeOf(parseConfig(text)[0]);
    const serverOf = (key: string): RedisServer => servers[Number(home(Buffer.from(key)).slice(-1)) - 1];
    for (let i = 0; i < 2000; i++) await serverOf(`key:${i}`).client.set(`key:${i}`, i);
    const [wrong] = servers.filter((server) => server !== serverOf('key:1'));
    await wrong.client.set('key:1', 'nobody reads this');
    const fleet = await pool(3);
    const load = await writer(serverOf, 'b', 'old secret');
    const { done, state, steps } = begin(fleet, file);
    await followed(steps);
    await load.more(300);
    state.wish = 'close';
    const imported = await done;
    await load.refused();
    assert.equal(await load.lost((key) => fleet.serverOf(key).client), '');
    assert.equal(imported.sources.length, 2);
    assert.equal(
      imported.sources.reduce((sum, { astray }) => sum + astray, 0),
      1,
    );
    for (let i = 0; i < 2000; i++)
      assert.equal(await fleet.serverOf(`key:${i}`).client.get(`key:${i}`), String(i));
  });

  test('that is refused changes nothing, and says why', async () => {
    const old = await source(['--user', 'app', 'on', '>right', '~*', '+@all']);
    await old.client.config('SET', 'requirepass', 'right');
    await old.client.set('a', 1);
    const replica = await source(['--replicaof', '127.0.0.1', String(old.port), '--masterauth', 'right']);
    const orphan = await source(['--replicaof', '127.0.0.1', '1']);
    const full = await pool();
    const two = await pool(1, 'pools: { first: { listen: 6379 }, second: { listen: 6380, redis_db: 1 } }');
    await full.serverOf('mine').client.set('mine', 1);
    await waitUntil('the replica to be linked', async () =>
      /master_link_status:up/.test(String(await replica.client.info('replication'))),
    );
    const at = urlOf(old);
    const cases: [RedisFleet, string, RegExp, object?][] = [
      [full, 'redis://127.0.0.1:1', /127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/],
      [full, at, /asks for a password, and none was given/],
      [full, at, /refuses the password/, { password: 'wrong' }],
      [full, at.replace('//', '//app:wrong@'), /redis:\/\/127\.0\.0\.1:\d+ refuses the password/],
      [full, at, /the pool is not empty; nothing was changed/, { password: 'right' }],
      [full, urlOf(replica), /is a replica of 127\.0\.0\.1:\d+/],
      [full, urlOf(orphan), /is a replica, and its master 127\.0\.0\.1:1 is away/],
      [full, urlOf(full.serverOf('mine')), /asks for|is a member of fleet itself|not empty/],
      [two, at, /several pools/, { password: 'right' }],
      [two, at, /has no pool "third"/, { password: 'right', pool: 'third' }],
      [full, 'http://127.0.0.1', /"http:\/\/" is not known here/],
      [full, `${at}/first`, /"\/first" is no number of a database/],
      [full, join(folder, 'none.yml'), /none\.yml: cannot be read/],
    ];
    for (const [fleet, from, message, change] of cases)
      await assert.rejects(begin(fleet, from, { awayMs: 500, ...change }).done, message, String(message));
    assert.equal(await full.serverOf('mine').client.dbsize(), 1);
  });

  test('of a database that the pool does not serve is refused; one database can be chosen', async () => {
    const old = await source();
    await fillWithEverything(old.client);
    await assert.rejects(
      begin(await pool(2, 'pools: { fleet: { databases: 5 } }'), urlOf(old)).done,
      /has keys in database 5, which the pool "fleet" does not serve/,
    );
    const fleet = await pool(2, 'pools: { fleet: { databases: 5 } }');
    const { done, state } = begin(fleet, `${urlOf(old)}/5`);
    state.wish = 'stopped';
    await done;
    assert.equal(await fleet.serverOf('elsewhere').client.get('elsewhere'), 'v');
  });

  test('of a source with TLS is encrypted all the way, and refuses a certificate of others', async () => {
    const authority = await createAuthority(folder, 'ours');
    const others = await createAuthority(folder, 'others');
    const { cert, key } = await authority.issue('redis', ['127.0.0.1']);
    const port = await freePort();
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', authority.cert];
    const old = await source(['--tls-port', String(port), '--tls-auth-clients', 'no', ...files]);
    await old.client.set('a', 1);
    const fleet = await pool(1);
    const from = `rediss://127.0.0.1:${port}`;
    await assert.rejects(begin(fleet, from, { ca: others.cert }).done, /cannot be reached: .*certificate/);
    const { done, state, steps } = begin(fleet, from, { ca: authority.cert });
    await followed(steps);
    await old.client.set('b', 2);
    state.wish = 'close';
    assert.equal((await done).compared.keys, 2);
    assert.equal(await fleet.serverOf('b').client.get('b'), '2');
  });

  test('whose source goes away says what it left; run again, it completes that', async () => {
    const old = await source();
    for (let i = 0; i < 300; i++) await old.client.set(`key:${i}`, i);
    const fleet = await pool();
    const home = new Home(join(folder, 'gone'));
    const broken = begin(fleet, urlOf(old), { home });
    await followed(broken.steps);
    broken.interrupt();
    await assert.rejects(broken.done, /interrupted before the cut-over: the sources are as they were/);
    const first = begin(fleet, urlOf(old), { home, awayMs: 500 });
    await followed(first.steps);
    assert.match(first.notes.join(), /an interrupted import goes on/);
    await old.stop();
    await assert.rejects(first.done, /has gone, for more than 0\.5 s/);
    const again = await source([], old.port);
    // One is another, one is new, and the others are no more.
    await again.client.mset('key:7', 'changed', 'new', 'v');
    const other = await source();
    await assert.rejects(begin(fleet, urlOf(other), { home }).done, /the pool is not empty/);
    const second = begin(fleet, urlOf(again), { home });
    second.state.wish = 'close';
    const { compared } = await second.done;
    assert.equal(compared.keys, 2);
    assert.equal(await fleet.serverOf('key:7').client.get('key:7'), 'changed');
    assert.equal(await fleet.serverOf('key:8').client.exists('key:8'), 0);
    await assert.rejects(begin(fleet, urlOf(again), { home }).done, /the pool is not empty/);
  });

  test('follows a source that loses the connection, is emptied, and moves keys between databases', async () => {
    const old = await source();
    for (let i = 0; i < 300; i++) await old.client.set(`key:${i}`, i);
    const fleet = await pool(2, 'pools: { fleet: { databases: 4 } }');
    const { done, state, steps } = begin(fleet, urlOf(old));
    await followed(steps);
    await old.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await old.client.set('after', 'the loss');
    await waitUntil('what changed to arrive', async () => await fleet.serverOf('after').client.get('after'));
    await old.client.flushall();
    await old.client.mset('moved', 'v', 'copied', 'w', 'source', 'x');
    await old.client.move('moved', 3);
    await old.client.call('COPY', 'copied', 'copy', 'DB', '2');
    await old.client.rpush('numbers', 3, 1, 2);
    await old.client.sort('numbers', 'STORE', 'sorted');
    await old.client.sunionstore('nothing', 'none', 'nobody');
    await old.client.call('PUBLISH', 'news', 'lost');
    state.wish = 'close';
    const { compared, notes } = await done;
    assert.equal(compared.keys, 6);
    assert.match(notes.join(), /1 messages were published meanwhile/);
    assert.equal(await fleet.serverOf('key:1').client.exists('key:1'), 0);
    assert.deepEqual(await fleet.serverOf('sorted').client.lrange('sorted', 0, -1), ['1', '2', '3']);
    for (const [key, database] of [
      ['moved', 3],
      ['copy', 2],
    ] as const) {
      const { client } = fleet.serverOf(key);
      await client.select(database);
      assert.ok(await client.get(key), key);
    }
  });

  test('of a source that does not let itself be replicated: with the writers stopped, by scanning', async () => {
    const old = await source(['--user', 'app', 'on', '>pw', '~*', '&*', '+@all', '-psync', '-config']);
    await old.client.mset('a', 1, 'b', 2, 'c', 3);
    const fleet = await pool();
    const options = { password: 'pw' };
    const from = urlOf(old).replace('//', '//app@');
    const home = new Home(join(folder, 'scanned'));
    const closing = begin(fleet, from, { ...options, home });
    closing.state.wish = 'close';
    await assert.rejects(closing.done, /does not let itself be replicated: .*psync/i);
    const { done, state, notes, steps } = begin(fleet, from, { ...options, home });
    await followed(steps);
    assert.match(notes.join(), /does not let itself be replicated: .*psync.*stop whoever writes/i);
    await old.client.set('b', 'later');
    await old.client.del('a');
    state.wish = 'stopped';
    assert.equal((await done).compared.keys, 2);
    assert.equal(await fleet.serverOf('b').client.get('b'), 'later');
    // Nothing was closed.
    assert.equal(await old.client.set('d', 4), 'OK');
  });

  test('--merge: what the pool has stays, and what both have is the source’s', async () => {
    const old = await source();
    await old.client.mset('both', 'of the source', 'theirs', 1);
    const fleet = await pool();
    await fleet.serverOf('both').client.set('both', 'of the pool');
    await fleet.serverOf('ours').client.set('ours', 1);
    const { done, state } = begin(fleet, urlOf(old), { merge: true });
    state.wish = 'close';
    await done;
    assert.equal(await fleet.serverOf('both').client.get('both'), 'of the source');
    assert.equal(await fleet.serverOf('ours').client.get('ours'), '1');
    assert.equal(await fleet.serverOf('theirs').client.get('theirs'), '1');
  });

  test('of what cannot be carried ends, and says what that is', async () => {
    const old = await source();
    const merged = begin(await pool(1), urlOf(old), { merge: true });
    await followed(merged.steps);
    await old.client.flushall();
    await assert.rejects(merged.done, /was emptied .* with --merge nobody knows/);
    const narrow = begin(await pool(1, 'pools: { fleet: { databases: 2 } }'), urlOf(old));
    await followed(narrow.steps);
    await old.client.select(3);
    await old.client.set('a', 1);
    await assert.rejects(narrow.done, /has begun to use database 3, which the pool "fleet" does not serve/);
    await old.client.flushall();
    await old.client.select(0);
    const pipeline = old.client.pipeline();
    for (let i = 0; i < 20_000; i++) pipeline.set(`key:${i}`, 'v'.repeat(500));
    await pipeline.exec();
    const small = await pool(1, '', ['--maxmemory', '6mb', '--maxmemory-policy', 'allkeys-lru']);
    const { done, state } = begin(small, urlOf(old));
    state.wish = 'close';
    await assert.rejects(done, /\d+ keys were evicted meanwhile/);
    assert.equal(await old.client.set('open', 'still'), 'OK');
  });

  test('that finds the pool to be another does not cut over, and the source is open as before', async () => {
    const old = await source();
    await old.client.mset('a', 1, 'b', 2);
    const fleet = await pool();
    const { done, state, steps } = begin(fleet, urlOf(old));
    await followed(steps);
    await fleet.serverOf('stranger').client.set('stranger', 1);
    state.wish = 'close';
    await assert.rejects(done, /both sides differ: there are 2 keys without an expiry, and the pool has 3/);
    assert.equal(await old.client.set('c', 3), 'OK');
  });
});

const digestOf = async (client: RedisServer['client'], key: string): Promise<string> =>
  String(await client.call('DEBUG', 'DIGEST-VALUE', Buffer.from(key, 'latin1')));
const digestsOf = async (client: RedisServer['client'], isWanted: (key: string) => boolean) => {
  const keys = (await client.keysBuffer('*')).map((key) => key.toString('latin1')).filter(isWanted);
  const found = new Map<string, string>();
  for (const key of keys) found.set(key, await digestOf(client, key));
  return found;
};
void homeOf;
void parseConfig;
void writeFileSync;
