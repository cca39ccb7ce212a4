import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { REPLY_DONE, ReplyFramer } from '../../../proxy/protocol/reply-framer.ts';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { CLIENTS, installClient } from '../clients/install.ts';

// before any test: what is waited for between two of them lets `after` run, and the proxy end, before the second
const nodeRedis = CLIENTS.find(({ name }) => name.startsWith('node-redis'));
const installed = nodeRedis === undefined ? 'it is not among the clients' : await installClient(nodeRedis);

/* Caches of clients before a pool of two real Redises, and beside one. */
let servers: RedisServer[];
let proxy: RunningProxy;
let single: RunningProxy;

before(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  proxy = await startProxy('bun', 1, poolOf(...servers));
  single = await startProxy('bun', 1, poolOf(servers[0]));
});

after(async () => {
  await Promise.all([proxy?.stop(), single?.stop()]);
  await Promise.all(servers.map((server) => server.stop()));
});

/** What is said to one of two clients, several requests in one go between bars. */
type Line = readonly [client: 0 | 1, line: string];

const PROGRAMS: Readonly<Record<string, readonly Line[]>> = {
  'by default': [
    [0, 'CLIENT TRACKING ON'],
    [0, 'CLIENT TRACKINGINFO'],
    [0, 'GET a'],
    [1, 'SET a 1'],
    [1, 'SET a 2'],
    [0, 'MGET a b'],
    [0, 'SET a 3'],
    [1, 'DEL b'],
    [1, 'SET b 1'],
    [0, 'CLIENT TRACKING OFF'],
    [0, 'GET a'],
    [1, 'SET a 4'],
    [0, 'CLIENT GETREDIR'],
  ],
  NOLOOP: [
    [0, 'CLIENT TRACKING ON NOLOOP'],
    [0, 'GET a'],
    [0, 'SET a 1'],
    [0, 'GET a'],
    [1, 'SET a 2'],
    [0, 'CLIENT TRACKINGINFO'],
  ],
  BCAST: [
    [0, 'CLIENT TRACKING ON BCAST PREFIX x PREFIX y'],
    [1, 'SET x1 1'],
    [1, 'SET z1 1'],
    [1, 'MSET y1 1 z 2'],
    [0, 'CLIENT TRACKINGINFO'],
    [0, 'CLIENT TRACKING ON BCAST PREFIX xx'],
    [0, 'CLIENT TRACKING ON BCAST PREFIX a PREFIX ab'],
    [0, 'CLIENT TRACKING ON'],
    [0, 'CLIENT TRACKING ON BCAST OPTIN'],
  ],
  OPTIN: [
    [0, 'CLIENT CACHING YES'],
    [0, 'CLIENT TRACKING ON OPTIN'],
    [0, 'GET a'],
    [1, 'SET a 1'],
    [0, 'CLIENT CACHING YES'],
    [0, 'CLIENT TRACKINGINFO'],
    [0, 'GET a'],
    [0, 'GET b'],
    [1, 'SET a 2'],
    [1, 'SET b 2'],
    [0, 'CLIENT CACHING YES'],
    [0, 'MULTI | GET a | GET b | EXEC'],
    [0, 'GET c'],
    [1, 'SET a 3'],
    [1, 'SET b 3'],
    [1, 'SET c 3'],
    [0, 'MULTI | GET a | CLIENT CACHING YES | GET b | EXEC'],
    [1, 'SET a 4'],
    [1, 'SET b 4'],
    [0, 'MULTI | CLIENT CACHING NO | CLIENT CACHING maybe | EXEC'],
    [0, 'CLIENT CACHING NO'],
    [0, 'CLIENT CACHING maybe'],
    [0, 'CLIENT TRACKING ON OPTOUT'],
  ],
  OPTOUT: [
    [0, 'CLIENT TRACKING ON OPTOUT'],
    [0, 'GET a'],
    [0, 'CLIENT CACHING NO'],
    [0, 'GET b'],
    [1, 'SET a 1'],
    [1, 'SET b 1'],
    [0, 'MULTI | GET a | CLIENT CACHING NO | GET b | EXEC'],
    [1, 'SET a 2'],
    [1, 'SET b 2'],
    [0, 'CLIENT CACHING YES'],
    [0, 'CLIENT TRACKING ON PREFIX a'],
    [0, 'CLIENT TRACKING ON OPTIN OPTOUT'],
    [0, 'CLIENT TRACKING MAYBE'],
    [0, 'CLIENT TRACKING ON FOO'],
  ],
  'everything goes': [
    [0, 'CLIENT TRACKING ON'],
    [0, 'GET a'],
    [1, 'FLUSHDB'],
    [0, 'RESET'],
    [0, 'GET a'],
    [1, 'SET a 1'],
  ],
};

/** Carries a program out; returns for each line all that both have heard by then, the answers to ECHO left out. */
async function carryOut(port: number, lines: readonly Line[]): Promise<string[]> {
  const clients = await Promise.all([RawClient.open(port), RawClient.open(port)]);
  for (const client of clients) await client.ask(request('HELLO', '3'));
  const seen = clients.map((client) => client.received.length);
  let marks = 0;
  /** Everything that a client has heard since, up to the answer to a mark that is asked for behind the rest. */
  const heard = async (who: number, ...requests: string[][]): Promise<string> => {
    const client = clients[who];
    const mark = `$${String(++marks).length + 5}\r\nmark-${marks}\r\n`;
    const all = [...requests, ['ECHO', `mark-${marks}`]];
    client.send(Buffer.concat(all.map((words) => request(...words))));
    const fresh = (): string => client.received.subarray(seen[who]).toString('latin1');
    await waitUntil('the answer', () => fresh().includes(mark), { everyMs: 1 });
    const text = fresh().replace(mark, '');
    seen[who] = client.received.length;
    return text;
  };
  const said: string[] = [];
  for (const [who, line] of lines) {
    const requests = line.split(' | ').map((each) => each.split(' '));
    // what the server has to say to one of its clients comes when its turn is over, in front of the next answer
    const first = await heard(who, ...requests);
    said.push(
      `${who}: ${line} => ${JSON.stringify([first + (await later(heard, who)), await later(heard, 1 - who)])}`,
    );
  }
  for (const client of clients) client.end();
  return said;
}

/** What a client hears within the next requests, which a server asked itself has answered by then. */
async function later(
  heard: (who: number, ...requests: string[][]) => Promise<string>,
  who: number,
): Promise<string> {
  return (await heard(who, ['TTL', 'nobody-writes-this'])).replace(':-2\r\n', '');
}

describe('CLIENT TRACKING, beside Redis', () => {
  for (const [name, lines] of Object.entries(PROGRAMS)) {
    test(`${name}: the same to the byte`, async () => {
      await servers[0].client.flushall();
      const redis = await carryOut(servers[0].port, lines);
      await servers[0].client.flushall();
      assert.deepEqual(await carryOut(single.ports[0], lines), redis);
    });
  }
});

type Value = string | null | Value[];

/** The value at `at` in a reply, and where it ends: strings, nulls and lists of them. */
function decode(text: string, at: number): [value: Value, end: number] {
  const line = text.slice(at + 1, text.indexOf('\r\n', at));
  const next = at + line.length + 3;
  if (text[at] === '_') return [null, next];
  if (text[at] === '$') return [text.slice(next, next + Number(line)), next + Number(line) + 2];
  if (text[at] !== '*' && text[at] !== '>') return [line, next];
  const values: Value[] = [];
  let end = next;
  for (let i = 0; i < Number(line); i++) {
    const [value, to] = decode(text, end);
    values.push(value);
    end = to;
  }
  return [values, end];
}

/** A client that keeps what it reads until it is told that it has changed, and believes the order of what comes. */
class Cache {
  readonly values = new Map<string, string | null>();
  answered = 0;
  everything = 0;
  private readonly asked: (readonly string[] | null)[] = [];
  private at = 0;

  private constructor(readonly client: RawClient) {}

  static async open(port: number): Promise<Cache> {
    const client = await RawClient.open(port);
    await client.ask(request('HELLO', '3'));
    assert.equal(await client.ask(request('CLIENT', 'TRACKING', 'ON')), '+OK\r\n');
    client.received = Buffer.alloc(0);
    const cache = new Cache(client);
    client.socket.on('data', () => cache.read());
    return cache;
  }

  get(...keys: string[]): void {
    this.asked.push(keys);
    this.client.send(keys.length === 1 ? request('GET', keys[0]) : request('MGET', ...keys));
  }

  private read(): void {
    const { received } = this.client;
    for (;;) {
      const framer = new ReplyFramer();
      const end = framer.next(received, this.at, received.length);
      if (this.at === received.length || framer.status !== REPLY_DONE) return;
      this.take(decode(received.subarray(this.at, end).toString('latin1'), 0)[0]);
      this.at = end;
    }
  }

  private take(value: Value): void {
    if (Array.isArray(value) && String(value[0]) === 'invalidate') {
      if (value[1] === null) {
        this.values.clear();
        this.everything++;
      } else for (const key of value[1] as Value[]) this.values.delete(String(key));
      return;
    }
    const keys = this.asked[this.answered++] ?? [];
    const values = keys.length === 1 ? [value] : (value as Value[]);
    keys.forEach((key, i) => void this.values.set(key, values[i] === null ? null : String(values[i])));
  }
}

describe('a cache', () => {
  test('is never left with a value that has changed, whatever crosses: pipelines over two servers, with writers beside', async () => {
    const keys = Array.from({ length: 40 }, (_, i) => `crossing:${i}`);
    const [cache, writer] = await Promise.all([Cache.open(proxy.ports[0]), RawClient.open(proxy.ports[0])]);
    let asked = 0;
    for (let round = 0; round < 150; round++) {
      for (let i = 0; i < 20; i++) {
        const at = (round * 7 + i * 3) % keys.length;
        if (i % 4 === 0) cache.get(keys[at], keys[(at + 1) % keys.length], keys[(at + 2) % keys.length]);
        else cache.get(keys[at]);
        asked++;
      }
      const written = keys.filter((_, i) => (i + round) % 3 === 0);
      await writer.ask(Buffer.concat(written.map((key) => request('SET', key, `${round}`))), written.length);
    }
    await waitUntil('all answers', () => cache.answered === asked);
    // what is still on its way comes in front of this
    const before = cache.answered;
    for (const key of keys.slice(0, 2)) cache.get(key);
    await waitUntil('the last answers', () => cache.answered === before + 2);
    const real: string[] = [];
    for (const key of keys) real.push(await writer.ask(request('GET', key)));
    const stale = keys.filter((key, i) => {
      const cached = cache.values.get(key);
      return cached !== undefined && real[i] !== `$${cached?.length}\r\n${cached}\r\n`;
    });
    assert.deepEqual(stale, []);
    assert.equal(cache.everything, 0);
    assert.ok(cache.values.size > 0);
    cache.client.end();
    writer.end();
  });

  test('forgets everything when a server ends its connection, and hears of changes again afterwards', async () => {
    const cache = await Cache.open(proxy.ports[0]);
    const writer = await RawClient.open(proxy.ports[0]);
    const keys = Array.from({ length: 10 }, (_, i) => `lost:${i}`);
    for (const key of keys) await writer.ask(request('SET', key, 'before'));
    const readAll = async (): Promise<void> => {
      const before = cache.answered;
      for (const key of keys) cache.get(key);
      await waitUntil('the answers', () => cache.answered === before + keys.length);
    };
    await readAll();
    assert.equal(cache.values.size, keys.length);
    await servers[1].client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await waitUntil('everything to be in doubt', () => cache.everything > 0 && cache.values.size === 0);
    await waitUntil(
      'the writer to be served again',
      async () =>
        (
          await writer.ask(Buffer.concat(keys.map((key) => request('SET', key, 'between'))), keys.length)
        ).split('+OK').length > keys.length,
    );
    await readAll();
    assert.ok([...cache.values.values()].every((value) => value === 'between'));
    for (const key of keys) await writer.ask(request('SET', key, 'after'));
    await waitUntil('every change', () => cache.values.size === 0);
    cache.client.end();
    writer.end();
  });
});

if (typeof installed === 'string' || !('folder' in installed)) {
  test(`node-redis with clientSideCache: NOT RUN, ${JSON.stringify(installed)}`, () => undefined);
} else {
  test('node-redis with clientSideCache: answers from its cache, and not when the key has changed', async () => {
    const require = createRequire(join(installed.folder, 'package.json'));
    const { createClient, BasicClientSideCache } = require('redis');
    const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU' });
    const url = `redis://127.0.0.1:${proxy.ports[0]}`;
    const client = await createClient({ url, RESP: 3, clientSideCache: cache }).connect();
    const writer = await RawClient.open(proxy.ports[0]);
    try {
      await writer.ask(request('SET', 'csc', '1'));
      assert.equal(await client.get('csc'), '1');
      assert.equal(await client.get('csc'), '1');
      assert.equal(cache.stats().hitCount, 1);
      await writer.ask(request('SET', 'csc', '2'));
      await waitUntil('the change', async () => (await client.get('csc')) === '2');
      await servers[0].client.call('CLIENT', 'KILL', 'TYPE', 'normal');
      await servers[1].client.call('CLIENT', 'KILL', 'TYPE', 'normal');
      await waitUntil('it to be asked again', async () => {
        const before = cache.stats().missCount;
        await client.get('csc').catch(() => null);
        return cache.stats().missCount > before;
      });
    } finally {
      client.destroy();
      writer.end();
    }
  });
}
