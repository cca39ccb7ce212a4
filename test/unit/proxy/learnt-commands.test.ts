import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { snapshotOf } from '../../../proxy/admin/snapshot.ts';
import { statsDocument } from '../../../proxy/admin/stats.ts';
import { encodeValue, type ReplyValue } from '../../../proxy/protocol/encode-value.ts';
import { ask, closeScenes, type MemoryScene, memoryScene, TWO } from '../../support/memory-scene.ts';

afterEach(closeScenes);

/** Of all clients' server connection. */
const MASTER = '*3\r\n$6\r\nmaster\r\n:0\r\n*0';

type Spec = readonly [
  begin: readonly (string | number)[],
  find: readonly (string | number)[],
  ...flags: string[],
];

const typed = ([type, ...spec]: readonly (string | number)[]): ReplyValue => [
  'type',
  type,
  'spec',
  [...spec],
];

/** One entry of COMMAND INFO, as Redis 7 has it in RESP2. */
function entry(
  name: string,
  arity: number,
  flags: readonly string[],
  specs: readonly Spec[],
  ...subcommands: ReplyValue[]
): ReplyValue {
  const keySpecs = specs.map(([begin, find, ...marks]) => [
    'flags',
    marks,
    'begin_search',
    typed(begin),
    'find_keys',
    typed(find),
  ]);
  return [name, arity, [...flags], 0, 0, 0, ['@module'], [], keySpecs, subcommands];
}

const FIRST: Spec = [['index', 'index', 1], ['range', 'lastkey', 0, 'keystep', 1, 'limit', 0], 'RW'];
const COUNTED: Spec = [['index', 'index', 1], ['keynum', 'keynumidx', 0, 'firstkey', 1, 'keystep', 1], 'RO'];

const BEHIND_STREAMS: Spec = [
  ['keyword', 'keyword', 'STREAMS', 'startfrom', 2],
  ['range', 'lastkey', -1, 'keystep', 1, 'limit', 2],
  'RO',
];

const ENTRIES: readonly ReplyValue[] = [
  entry('json.set', -4, ['write', 'denyoom', 'module'], [FIRST]),
  entry('json.get', -2, ['readonly', 'module'], [FIRST]),
  entry('json.sum', -3, ['readonly', 'module', 'movablekeys'], [COUNTED]),
  entry('xlook', -4, ['readonly', 'movablekeys'], [BEHIND_STREAMS]),
  entry('json.odd', -2, ['readonly', 'module', 'movablekeys'], [FIRST]),
  entry('json.part', -2, ['write'], [[...FIRST, 'incomplete'] as Spec]),
  entry('ft.list', 1, ['readonly'], []),
  entry('json.wait', -2, ['write', 'blocking'], [FIRST]),
  entry('json.admin', -2, ['admin'], []),
  entry(
    'json.debug',
    -2,
    ['readonly'],
    [],
    entry('json.debug|memory', -3, ['readonly'], [[['index', 'index', 2], FIRST[1], 'RO']]),
  ),
];

const line = (value: ReplyValue): string =>
  Buffer.from(encodeValue(value, 2)).toString('latin1').slice(0, -2);

const namesOf = (entries: readonly ReplyValue[]): string[] =>
  entries.map((each) => String((each as ReplyValue[])[0]));

/** Every server says what it has, and forgets that it was asked. */
function tell(scene: MemoryScene, entries: readonly ReplyValue[] = ENTRIES): void {
  const known = ['get', 'set', 'object|freq'];
  for (const server of scene.servers) {
    server.answer(line([...known, ...namesOf(entries)]));
    scene.settle();
    if (entries.length > 0) server.answer(line([...entries]));
  }
  scene.settle();
  for (const server of scene.servers) server.log.length = 0;
}

/** A scene whose servers have said what they have. */
async function taught(settings: readonly string[] = [], addresses?: readonly string[]): Promise<MemoryScene> {
  const scene = await memoryScene(settings, addresses);
  for (const server of scene.servers) server.always.delete('COMMAND');
  ask(scene, scene.client(), 'NOSUCH');
  tell(scene);
  return scene;
}

/** Keys that live on the first and on the second server. */
function homes({ pool }: MemoryScene): [string, string] {
  const keyOn = (index: number): string => {
    for (let i = 0; ; i++)
      if (pool.routing.serverFor(Buffer.from(`key${i}`), 0, `key${i}`.length)?.index === index)
        return `key${i}`;
  };
  return [keyOn(0), keyOn(1)];
}

describe('a command that the proxy does not know', () => {
  test('is asked of the servers, once, and goes by what they say', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    server.always.delete('COMMAND');
    const [one, other] = [scene.client(), scene.client()];
    assert.equal(ask(scene, one, 'JSON.SET k $ 1', 'GET k'), '');
    assert.equal(ask(scene, other, 'json.get k'), '');
    assert.deepEqual(server.log, ['COMMAND LIST']);
    server.answer(line(['get', 'set', 'object|freq', ...namesOf(ENTRIES)]));
    scene.settle();
    assert.deepEqual(server.asked, [`COMMAND INFO ${namesOf(ENTRIES).join(' ')}`]);
    server.answer(line([...ENTRIES]));
    scene.settle();
    assert.deepEqual(server.asked.toSorted(), ['GET k', 'JSON.SET k $ 1', 'json.get k']);
  });

  test('and the servers do not either is answered in Redis’ words, and asked no more', async () => {
    const scene = await taught();
    const one = scene.client();
    const words = "-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n";
    assert.equal(ask(scene, one, 'NOSUCH a', 'NOSUCH a'), words.repeat(2));
    assert.deepEqual(scene.servers[0].log, []);
  });

  test('costs a stranger’s servers nothing: it must say its password first', async () => {
    const scene = await memoryScene(['redis_auth: secret', 'server_password: other']);
    scene.servers[0].always.delete('COMMAND');
    assert.match(ask(scene, scene.client(), 'JSON.SET k $ 1'), /^-ERR unknown command 'JSON.SET'/);
    assert.deepEqual(scene.servers[0].log, []);
  });

  test('goes to the server of its keys, wherever the specification says that they are', async () => {
    const scene = await taught([], TWO);
    const [one, two] = homes(scene);
    const client = scene.client();
    ask(
      scene,
      client,
      `JSON.SET ${two} $ 1`,
      `JSON.SUM 2 ${one} ${one} $`,
      `XLOOK a b STREAMS ${two} 0`,
      `JSON.DEBUG MEMORY ${two}`,
    );
    assert.deepEqual(scene.servers[0].log, [`JSON.SUM 2 ${one} ${one} $`]);
    assert.deepEqual(scene.servers[1].log, [
      `JSON.SET ${two} $ 1`,
      `XLOOK a b STREAMS ${two} 0`,
      `JSON.DEBUG MEMORY ${two}`,
    ]);
    assert.match(
      ask(scene, scene.client(), `JSON.SUM 2 ${one} ${two} $`),
      /^-ERR keys 'key\d+' \(one\) and 'key\d+' \(two\) of 'json.sum' live on different servers/,
    );
  });

  test('whose keys the servers do not all name, or that has none, is refused unless all servers are one', async () => {
    const scene = await taught([], TWO);
    const client = scene.client();
    for (const words of ['JSON.ODD k', 'JSON.PART k'])
      assert.match(ask(scene, client, words), /is not served: the servers do not say where all its keys are/);
    assert.match(ask(scene, client, 'FT.LIST'), /is not served: it names no key/);
    const single = await taught();
    ask(single, single.client(), 'JSON.ODD k', 'JSON.PART k', 'FT.LIST');
    assert.deepEqual(single.servers[0].log, ['JSON.ODD k', 'JSON.PART k', 'FT.LIST']);
  });

  test('that waits, or is about a server or a connection, is refused; arguments that are too few, too', async () => {
    const scene = await taught();
    const client = scene.client();
    assert.match(ask(scene, client, 'JSON.WAIT k'), /'json.wait' is not served: it may wait/);
    assert.match(ask(scene, client, 'JSON.ADMIN k'), /'json.admin' is not served: it administers one server/);
    assert.equal(
      ask(scene, client, 'JSON.SET k'),
      "-ERR wrong number of arguments for 'json.set' command\r\n",
    );
    assert.deepEqual(scene.servers[0].log, []);
  });

  test('is a part of a transaction, and the one that asks the servers', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    server.always.delete('COMMAND');
    const client = scene.client();
    ask(scene, client, 'MULTI', 'JSON.SET k $ 1', 'NOSUCH', 'EXEC');
    tell(scene);
    assert.match(client.said, /^\+OK\r\n\+QUEUED\r\n-ERR unknown command 'NOSUCH'.*\r\n-EXECABORT/);
    ask(scene, client, 'MULTI', 'JSON.SET k $ 1', 'GET k', 'EXEC');
    assert.deepEqual(server.log, ['MULTI', 'JSON.SET k $ 1', 'GET k', 'EXEC']);
  });

  test('when it writes, is confirmed by replicas and never sent twice', async () => {
    const scene = await taught(['wait_replicas: 1']);
    ask(scene, scene.client(), 'JSON.SET k $ 1', 'JSON.GET k');
    assert.deepEqual(scene.servers[0].log, ['JSON.SET k $ 1', 'JSON.GET k', 'WAIT 1 1000']);
    const followed = await memoryScene(['sentinels:', '  - 10.9.9.9:26379', 'failover_hold: 3000']);
    followed.servers[0].always.set('ROLE', MASTER).delete('COMMAND');
    ask(followed, followed.client(), 'NOSUCH');
    tell(followed);
    const client = followed.client();
    ask(followed, client, 'JSON.SET k $ 1');
    followed.servers[0].cut();
    followed.settle();
    assert.match(client.said, /^-ERR the outcome of this write is unknown/);
  });

  test('is gone when the server on a new connection does not say so, or denies it; the statistics list it until then', async () => {
    const scene = await taught();
    const [server] = scene.servers;
    const listed = (): string => statsDocument(snapshotOf([scene.pool]), 0);
    assert.match(listed(), /"learnt_commands": \["ft.list",/);
    const client = scene.client();
    ask(scene, client, 'JSON.GET k');
    server.answer("-ERR unknown command 'JSON.GET', with args beginning with: 'k' ");
    scene.settle();
    scene.pass(1001);
    ask(scene, client, 'JSON.GET k');
    assert.deepEqual(server.asked, ['COMMAND LIST']);
    tell(scene, []);
    assert.match(client.said, /^-ERR unknown command 'JSON.GET'/);
    assert.doesNotMatch(listed(), /learnt_commands/);
    server.cut();
    scene.settle();
    scene.pass(1001);
    ask(scene, client, 'GET k');
    ask(scene, scene.client(), 'JSON.GET k');
    assert.deepEqual(server.asked, ['GET k', 'COMMAND LIST']);
  });
});
