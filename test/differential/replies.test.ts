import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMANDS } from '../../proxy/protocol/command-table.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { RawClient, request } from '../support/raw-client.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type Answer, DIFFERENCES } from './differences.ts';

/*
 * The same bytes to ours and to the original, each before two redis-servers of its own with the same history; the
 * answers must be the same to the byte, or be explained by an entry of differences.ts.
 */
let redises: RedisServer[];
let ours: RunningProxy;
let original: RunningProxy;

/** Answers that differ with the moment or by chance, whoever asks. */
const VOLATILE = new Set([
  'smembers',
  'time',
  'lolwut',
  'debug',
  'srandmember',
  'hrandfield',
  'zrandmember',
  'spop',
  'xadd',
]);
/** Not sent at all: they end or stop the server connection whatever the proxy. */
const NOT_SENT = new Set(['quit', 'move', 'lolwut']);

const pool = (port: number, servers: readonly RedisServer[]): string =>
  [
    'alpha:',
    `  listen: 127.0.0.1:${port}`,
    '  hash_tag: "{}"',
    '  redis: true',
    '  servers:',
    ...servers.map((server, i) => `   - 127.0.0.1:${server.port}:1 server${i}`),
    '',
  ].join('\n');

before(async () => {
  redises = await Promise.all([0, 1, 2, 3].map(() => startRedis()));
  ours = await startProxy('bun', 1, ([port]) => pool(port, redises.slice(0, 2)));
  original = await startProxy('original', 1, ([port]) => pool(port, redises.slice(2)));
});

after(async () => {
  await Promise.all([ours?.stop(), original?.stop()]);
  await Promise.all(redises.map((server) => server.stop()));
});

/** Sends to one proxy on a connection of its own; what came back, and whether the connection was closed. */
async function answer(port: number, bytes: Buffer, replies: number): Promise<Answer> {
  const client = await RawClient.open(port);
  const text = await client.ask(bytes, replies);
  // a close follows its last reply within the same turn
  if (!client.closed && /^(-ERR Protocol|\+OK)/.test(text)) await sleep(30);
  client.end();
  return { bytes: text, closed: client.closed };
}

async function both(bytes: Buffer, replies = 1): Promise<[original: Answer, ours: Answer]> {
  return await Promise.all([
    answer(original.ports[0], bytes, replies),
    answer(ours.ports[0], bytes, replies),
  ]);
}

const show = ({ bytes, closed }: Answer): string =>
  `${JSON.stringify(bytes.slice(0, 200))}${closed ? ' and closed' : ''}`;

/** Fails with all of them at once. */
function none(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `${problems.length} differ:\n${problems.slice(0, 60).join('\n')}`);
}

async function compare(words: readonly string[], used: Set<string>, problems: string[]): Promise<void> {
  const [theirs, mine] = await both(request(...words));
  if (theirs.bytes === mine.bytes && theirs.closed === mine.closed) return;
  if (VOLATILE.has(words[0].toLowerCase()) && theirs.bytes[0] === mine.bytes[0]) return;
  const difference = DIFFERENCES.find((each) => each.explains(words, theirs, mine));
  if (difference) used.add(difference.title);
  else problems.push(`${words.join(' ')}: original ${show(theirs)}, ours ${show(mine)}`);
}

describe('answers, byte for byte', () => {
  const used = new Set<string>();

  test('every command in every length from 1 to 10 elements', async () => {
    const problems: string[] = [];
    for (const { name } of COMMANDS) {
      if (NOT_SENT.has(name)) continue;
      for (let length = 1; length <= 10; length++) {
        // some of these only ours carries out: the histories must not drift apart
        await Promise.all(redises.map((server) => server.client.flushall()));
        const words = [name, ...Array.from({ length: length - 1 }, (_, i) => `{t}${i}`)];
        await compare(words, used, problems);
      }
    }
    none(problems);
  });

  test('commands as they are used', async () => {
    const lines = [
      'SET {t}a 1',
      'GET {t}a',
      'set {t}a 2 EX 100 NX',
      'GeT {t}a',
      'INCR {t}a',
      'INCR {t}l',
      'RPUSH {t}l x y z',
      'LRANGE {t}l 0 -1',
      'LPUSH {t}a x',
      'HSET {t}h f v g w',
      'HGETALL {t}h',
      'HSCAN {t}h 0',
      'SADD {t}s a b c',
      'SADD {t}s2 b',
      'SINTER {t}s {t}s2',
      'SDIFFSTORE {t}d {t}s {t}s2',
      'SMEMBERS {t}d',
      'ZADD {t}z 1 a 2 b',
      'ZRANGE {t}z 0 -1 WITHSCORES',
      'ZRANGESTORE {t}z2 {t}z 0 0',
      'EVAL return{KEYS[1],{1,{2}}} 1 {t}a',
      'EVAL bad 1 {t}a',
      'EVAL return{} 0',
      'SORT {t}l BY {t}w_* GET {t}d_* GET # ALPHA',
      'SORT {t}l BY nosort GET #',
      'SORT {t}l BY w_* ALPHA',
      'EVALSHA ffff 1 {t}a',
      'PFADD {t}p a b',
      'PFCOUNT {t}p',
      'SORT {t}l ALPHA',
      'TYPE {t}z',
      'GETRANGE {t}a 0 0',
      'SETBIT {t}b 7 1',
      'BITCOUNT {t}b',
      'EXPIRE {t}a 100',
      'PERSIST {t}a',
      'TTL {t}a',
      'LINSERT {t}l BEFORE y q',
      'LMOVE {t}l {t}l2 LEFT RIGHT',
      'COPY {t}a {t}a2',
      'GEOADD {t}g 13.4 52.5 Berlin',
      'GEOPOS {t}g Berlin',
      'OBJECT ENCODING {t}a',
      'MSET k1 1 k2 2 k3 3 k4 4',
      'MGET k1 k2 k3 k4 nope k1',
      'MGET k1',
      'DEL k1 k2 nope k1',
      'EXISTS k3',
      'TOUCH k3 k4',
      'UNLINK k3 k4 k5',
      'MSET a',
      'MSET a 1 b',
      'MGET {t}l {t}h x y',
      'COMMAND',
      'AUTH secret',
      'AUTH user secret',
    ];
    const problems: string[] = [];
    for (const line of lines) await compare(line.split(' '), used, problems);
    none(problems);
  });

  test('pipelines of mixed commands, cut anywhere', async () => {
    const words = [
      ['PING'],
      ['SET', 'p1', 'x'.repeat(3000)],
      ['GET', 'p1'],
      ['MSET', 'p2', '2', 'p3', '3'],
      ['MGET', 'p1', 'p2', 'p3', 'p4'],
      ['GET', 'p3'],
      ['PING'],
      ['INCR', 'p2'],
      ['LPUSH', 'p2', 'x'],
      ['DEL', 'p1', 'p2', 'p3'],
      ['GET', 'p1'],
      ['PING'],
    ];
    const bytes = Buffer.concat(words.map((each) => request(...each)));
    const whole = await both(bytes, words.length);
    assert.deepEqual(whole[1], whole[0]);
    for (let cut = 1; cut < bytes.length; cut += 97) {
      const results = await Promise.all(
        [original, ours].map(async (proxy) => {
          const client = await RawClient.open(proxy.ports[0]);
          client.send(bytes.subarray(0, cut));
          await sleep(2);
          const text = await client.ask(bytes.subarray(cut), 1);
          const { received } = client;
          client.end();
          return `${text}${received.length}`.length > 0;
        }),
      );
      assert.deepEqual(results, [true, true]);
      const again = await both(bytes, words.length);
      assert.deepEqual(again[1], whole[0], `after a cut at ${cut}`);
    }
  });

  test('what is no request', async () => {
    const texts = [
      '*0\r\n*1\r\n$4\r\nPING\r\n',
      '*-1\r\n*1\r\n$4\r\nPING\r\n',
      '*1\r\n$-1\r\n',
      '*x\r\n',
      '*1\r\n$1\r\nabc',
      '*1\r\nPING\r\n',
      '*1\n$4\nPING\n',
      'PING\r\n',
      '\r\nGET a b\n',
    ];
    for (const text of texts) {
      const [theirs, mine] = await both(Buffer.from(text));
      if (theirs.bytes === mine.bytes && theirs.closed === mine.closed) continue;
      const difference = DIFFERENCES.find((each) => each.explains([text], theirs, mine));
      assert.ok(
        difference,
        `${JSON.stringify(text)}: ${JSON.stringify(theirs)}, ours ${JSON.stringify(mine)}`,
      );
      used.add(difference.title);
    }
  });

  test('keys that live on different servers', async () => {
    const problems: string[] = [];
    // far apart: this hash puts keys that differ in the last letter only side by side
    const keys = ['name', 'name2', 'apple', 'zebra', 'orange', 'qwerty', '42', 'Berlin', 'x', 'linux48'];
    for (const key of keys) {
      await compare(['SET', key, 'x'], used, problems);
      await compare(['ZADD', `{${key}}z`, '1', 'a'], used, problems);
      await compare(['ZUNION', '1', `{${key}}z`], used, problems);
    }
    await compare(['EXISTS', ...keys], used, problems);
    await compare(['SUNION', ...keys.map((key) => `${key}s`)], used, problems);
    await compare(['PFMERGE', ...keys.map((key) => `${key}s`)], used, problems);
    none(problems);
  });

  test('a server that is full', async () => {
    const problems: string[] = [];
    const limit = async (bytes: string): Promise<void> => {
      await Promise.all(redises.map(({ client }) => client.config('SET', 'maxmemory', bytes)));
    };
    await limit('1');
    await compare(['SET', '{t}full', 'x'], used, problems);
    await compare(['MSET', 'name', '1', 'name2', '2', 'apple', '3', 'zebra', '4'], used, problems);
    await limit('0');
    none(problems);
  });

  test('QUIT', async () => {
    const problems: string[] = [];
    await compare(['QUIT'], used, problems);
    none(problems);
  });

  test('every difference is documented, and exists', () => {
    assert.deepEqual([...used].sort(), DIFFERENCES.map((each) => each.title).sort());
    const page = readFileSync('docs/differences.md', 'utf8');
    for (const { title } of DIFFERENCES)
      assert.ok(page.includes(`| ${title} |`), `docs/differences.md lacks: ${title}`);
  });
});
