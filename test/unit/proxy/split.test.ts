import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const SERVERS = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];

/** A request that was split: what each server was asked, in the order of the servers. */
async function asked(words: readonly string[], settings: readonly string[] = []) {
  const scene = await memoryScene(settings, SERVERS);
  for (const server of scene.servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:1\r\n*0');
  const client = scene.client();
  client.ask(...words);
  scene.settle();
  return { scene, client };
}

function answer({ servers, settle }: MemoryScene, one: string, two: string): void {
  servers[0].answer(one);
  servers[1].answer(two);
  settle();
}

describe('a split request', () => {
  const merged: [words: string, one: string, two: string, reply: string][] = [
    ['DEL name name2', ':1', ':1', ':2\r\n'],
    ['DEL name name2', ':1', '+OK', '-ERR Invalid argument\r\n'],
    ['DEL name name2', '$1\r\n1', ':1', '-ERR Invalid argument\r\n'],
    ['MSET name 1 name2 2', '+OK', '+OK', '+OK\r\n'],
    ['MSET name 1 name2 2', '+OK', ':1', '-ERR Invalid argument\r\n'],
    ['MSET name 1 name2 2', '*0', '+OK', '-ERR Invalid argument\r\n'],
    ['MGET name name2', '*1\r\n$1\r\na', '*1\r\n$1\r\nb', '*2\r\n$1\r\na\r\n$1\r\nb\r\n'],
    ['MGET name name2', '*1\r\n$1\r\na', '*0', '-ERR Invalid argument\r\n'],
    ['MGET name name2', '*-1', '*1\r\n$1\r\nb', '-ERR Invalid argument\r\n'],
    ['MGET name name2', '*1\r\n:1', '*1\r\n$1\r\nb', '-ERR Invalid argument\r\n'],
    ['MGET name name2', '-READONLY no', '*1\r\n$1\r\nb', '-READONLY no\r\n'],
    ['MSET name 1 name2 2', '+OK', '-OOM too much', '-OOM too much\r\n'],
    ['DEL name name2', ':1', '-MYSCRIPT said no', '-MYSCRIPT said no\r\n'],
  ];
  for (const [words, one, two, reply] of merged) {
    test(`${words}: ${JSON.stringify(one)} and ${JSON.stringify(two)}`, async () => {
      const { client, scene } = await asked(words.split(' '));
      answer(scene, one, two);
      assert.equal(client.said, reply);
    });
  }

  test("of many keys: each server is asked for its own in order, the values come back in the client's", async () => {
    const keys = Array.from({ length: 150 }, (_, i) => `key:${i}`);
    const { client, scene } = await asked(['MGET', ...keys]);
    const wanted = scene.servers.map((server) => server.asked[0].split(' '));
    assert.deepEqual(
      wanted.map(([name]) => name),
      ['mget', 'mget'],
    );
    const [one, two] = wanted.map((words) => words.slice(1));
    assert.deepEqual([...one, ...two].sort(), [...keys].sort());
    for (const own of [one, two]) {
      assert.deepEqual(
        own,
        keys.filter((key) => own.includes(key)),
      );
    }
    const bulkOf = (key: string): string => `$${key.length * 9}\r\n${key.repeat(9)}`;
    const values = (own: string[]): string => `*${own.length}\r\n${own.map(bulkOf).join('\r\n')}`;
    answer(scene, values(one), values(two));
    assert.equal(client.said, `${values(keys)}\r\n`);
  });

  /** What the client of MSET hears when one server answers its part, and the other has no master. */
  async function saidWhenHalf(answered: string): Promise<string> {
    const held = ['failover_hold: 500', 'sentinels:', '  - 10.0.0.9:1:1'];
    const { client, scene } = await asked(['PING'], held);
    scene.pool.servers[1].wait();
    client.ask('MSET', 'name', '1', 'name2', '2');
    scene.settle();
    scene.servers[0].answer(answered);
    scene.pass(501);
    return client.said;
  }

  test('does not say that nothing was executed when a part of it was', async () => {
    assert.match(
      await saidWhenHalf('+OK'),
      /-ERR no master of 'two' within 500 ms.*; some keys .* may have been dealt with\r\n$/,
    );
  });

  test('keeps the code of the error, by which clients tell what to do', async () => {
    assert.match(
      await saidWhenHalf('-OOM command not allowed when used memory'),
      /^\+PONG\r\n-OOM command not allowed when .*; some keys .* may have been dealt with\r\n$/,
    );
  });

  test('says so when it is true of all parts', async () => {
    const held = ['failover_hold: 500', 'sentinels:', '  - 10.0.0.9:1:1'];
    const { client, scene } = await asked(['PING'], held);
    for (const server of scene.pool.servers) server.wait();
    client.ask('MSET', 'name', '1', 'name2', '2');
    scene.pass(501);
    assert.match(client.said, /-ERR no master of 'one' within 500 ms.*; not executed\r\n$/);
  });
});
