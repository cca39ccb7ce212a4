import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

/* COMMAND …, beside a real Redis: what clients that route by it are told must be true. */
let server: RedisServer;
let proxy: RunningProxy;
let ours: Redis;

before(async () => {
  server = await startRedis();
  proxy = await startProxy('bun', 1, poolOf(server));
  ours = new Redis(proxy.ports[0], '127.0.0.1', { protocol: 2 });
});

after(async () => {
  ours?.disconnect();
  await proxy?.stop();
  await server?.stop();
});

type Info = [name: string, arity: number, flags: string[], first: number, last: number, step: number];

const both = async (...words: string[]): Promise<[real: unknown, ours: unknown]> => {
  const ask = (redis: Redis): Promise<unknown> =>
    redis.call('COMMAND', ...words).catch((error: Error) => error.message);
  return [await ask(server.client), await ask(ours)];
};

type Docs = Map<string, unknown>;

/** A flat array of names and values as a map. */
const paired = (list: unknown[]): Docs =>
  new Map(list.flatMap((each, i) => (i % 2 === 0 ? [[String(each), list[i + 1]] as const] : [])));

const docsByName = (list: unknown[]): Map<string, Docs> =>
  new Map([...paired(list)].map(([name, docs]) => [name, paired(docs as unknown[])]));

/** As our table has it: Redis' own ends in a full stop here and there. */
const plain = (summary: unknown): string => String(summary).trim().replace(/\.$/, '').replaceAll('`', "'");

const subcommandSummaries = (docs: Docs): string[] =>
  [...docsByName((docs.get('subcommands') ?? []) as unknown[])]
    .map(([name, about]) => `${name} ${plain(about.get('summary'))}`)
    .sort();

describe('COMMAND', () => {
  test('arity, flags and key positions of every command are those of Redis', async () => {
    const [real, mine] = (await both()) as [Info[], Info[]];
    const comparable = (all: Info[]): unknown[] =>
      all
        .map(([name, arity, flags, ...keys]) => [name, arity, [...flags].sort(), ...keys.slice(0, 3)])
        .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
    assert.deepEqual(comparable(mine), comparable(real));
  });

  test('COUNT, LIST and INFO', async () => {
    const [count, mine] = await both('COUNT');
    assert.equal(mine, count);
    for (const filter of [
      [],
      ...['z*[es]', 'cl*|l*', '[^a-x]*', '*|[a-c]?*', 'ge\\t', '*', '', '[', 'GET*', 'a*a*a*a*a*a*a*'].map(
        (pattern) => ['FILTERBY', 'PATTERN', pattern],
      ),
      ...['admin', 'write', 'keyspace', 'fast', 'dangerous', 'connection', 'sortedset', 'scripting'].map(
        (category) => ['FILTERBY', 'ACLCAT', category],
      ),
    ]) {
      const [names, ourNames] = (await both('LIST', ...filter)) as [string[], string[]];
      assert.deepEqual(ourNames.sort(), names.sort(), filter.join(' '));
    }
    const info = (await ours.call('COMMAND', 'INFO', 'get', 'nonsense', 'MSET')) as (Info | null)[];
    assert.deepEqual(
      info.map((each) => each?.slice(0, 2)),
      [['get', 2], undefined, ['mset', -3]],
    );
  });

  const examples = [
    'GET a',
    'MSET a 1 b 2',
    'MGET a b c',
    'DEL a b',
    'RENAME a b',
    'EVAL script 2 a b c',
    'EVAL script 0',
    'FCALL f 1 a',
    'ZUNIONSTORE d 2 a b WEIGHTS 1 2',
    'ZINTER 2 a b',
    'LMPOP 2 a b LEFT',
    'SORT a BY store GET store STORE b',
    'SORT abc STORE invalid STORE stillbad STORE def',
    'GEORADIUS a 1 2 3 m STORE b',
    'GEORADIUSBYMEMBER a store 3 m',
    'XREAD COUNT 2 BLOCK 0 STREAMS a b 0 0',
    'XREADGROUP GROUP g c STREAMS a >',
    'BLPOP a b 0',
    'BITOP AND d a b',
    'OBJECT ENCODING a',
    'PING',
    'NOPE a',
    'GET',
    'GET a b',
  ];
  for (const line of examples) {
    test(`GETKEYS ${line}`, async () => {
      const [real, mine] = await both('GETKEYS', ...line.split(' '));
      assert.deepEqual(mine, real);
    });
  }

  test("DOCS has Redis' summaries, and behind each what becomes of the command here", async () => {
    const [real, mine] = ((await both('DOCS')) as [unknown[], unknown[]]).map(docsByName);
    assert.deepEqual([...mine.keys()].sort(), [...real.keys()].sort());
    for (const [name, docs] of real) {
      const ourDocs = mine.get(name) ?? new Map<string, unknown>();
      assert.ok(String(ourDocs.get('summary')).startsWith(`${plain(docs.get('summary'))} (here: `), name);
      for (const field of ['since', 'group']) assert.equal(ourDocs.get(field), docs.get(field), name);
      assert.deepEqual(subcommandSummaries(ourDocs), subcommandSummaries(docs), name);
    }
    assert.equal(
      mine.get('mget')?.get('summary'),
      'Get the values of all the given keys (here: split by server, replies merged)',
    );
  });

  test('a pattern that is hard to match takes no time', async () => {
    const began = performance.now();
    await ours.call('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', `${'*?'.repeat(20_000)}!`);
    assert.ok(performance.now() - began < 5000);
  });

  test('redis-cli help SET says what SET does', async () => {
    const { stdout } = await execa('redis-cli', ['-p', String(proxy.ports[0])], { input: 'help SET\n' });
    const shown = stripVTControlCharacters(stdout);
    assert.match(shown, /SET key value \[/);
    assert.match(shown, /summary: Set the string value of a key \(here: sent to the server of its key\)/);
  });

  test('in RESP3 with maps and sets', async () => {
    const redis = new Redis(proxy.ports[0], '127.0.0.1', { protocol: 3 });
    try {
      const docs = (await redis.call('COMMAND', 'DOCS', 'GET')) as object;
      assert.ok(JSON.stringify(docs instanceof Map ? [...docs.keys()] : docs).includes('get'));
      assert.equal(((await redis.call('COMMAND', 'INFO')) as unknown[]).length, 240);
    } finally {
      redis.disconnect();
    }
  });

  test('what it does not know it says', async () => {
    await assert.rejects(ours.call('COMMAND', 'NONSENSE'), /unknown subcommand 'NONSENSE'. Try COMMAND HELP/);
    await assert.rejects(ours.call('COMMAND', 'LIST', 'FILTERBY', 'COLOUR', 'red'), /syntax error/);
  });
});
