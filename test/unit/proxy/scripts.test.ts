import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BufferBudget } from '../../../proxy/core/base/buffer-budget.ts';
import { ScriptCache } from '../../../proxy/core/server/script-cache.ts';
import {
  closeScenes,
  type MemoryClient,
  type MemoryScene,
  memoryScene,
  type ScriptedServer,
} from '../../support/memory-scene.ts';

afterEach(closeScenes);

const TWO = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];
const NEW = { kind: 'tcp', host: '10.0.0.9', port: 6379 } as const;
const BODY = 'return_1';
const SHA = shaOf(BODY);
const LOADED = `$40\r\n${SHA}`;
const NOSCRIPT = '-NOSCRIPT No matching script. Please use EVAL.';

function shaOf(body: string): string {
  return createHash('sha1').update(body).digest('hex');
}

function keyOn({ pool }: MemoryScene, index: number): string {
  for (let i = 0; ; i++) {
    const key = Buffer.from(`key${i}`);
    if (pool.routing.serverFor(key, 0, key.length)?.index === index) return key.toString();
  }
}

/** Sends these requests in one go; words are separated by blanks. */
function ask(scene: MemoryScene, client: MemoryClient, ...lines: string[]): string {
  client.said = '';
  for (const line of lines) client.ask(...line.split(' '));
  scene.settle();
  return client.said;
}

/** The servers answer what they were asked last. */
function answer(
  scene: MemoryScene,
  client: MemoryClient,
  server: ScriptedServer,
  ...replies: string[]
): string {
  client.said = '';
  server.answer(...replies);
  scene.settle();
  return client.said;
}

/** Loads BODY on all servers, and forgets that they were asked. */
function load(scene: MemoryScene, client: MemoryClient): void {
  ask(scene, client, `SCRIPT LOAD ${BODY}`);
  for (const server of scene.servers) if (server.asked.length > 0) server.answer(LOADED);
  scene.settle();
  assert.equal(client.said, `${LOADED}\r\n`);
  for (const server of scene.servers) server.log.length = 0;
}

describe('SCRIPT', () => {
  test('a large one is loaded on a server that refused it first as on one that has answered already', async () => {
    const scene = await memoryScene(['sentinels:', '  - 10.9.9.9:26379', 'failover_hold: 3000'], TWO);
    const [one, two] = scene.servers;
    for (const server of scene.servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0');
    const client = scene.client();
    const line = `SCRIPT LOAD ${'x'.repeat(40_000)}`;
    ask(scene, client, line);
    assert.deepEqual([one.asked, two.asked], [[line], [line]]);
    const loaded = `$40\r\n${shaOf('x'.repeat(40_000))}`;
    answer(scene, client, one, loaded);
    answer(scene, client, two, '-LOADING Redis is loading the dataset in memory');
    await delay(80);
    scene.settle();
    assert.deepEqual(two.asked, [line]);
    assert.equal(answer(scene, client, two, loaded), `${loaded}\r\n`);
  });

  test('LOAD goes to all servers, and is answered once', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    assert.equal(ask(scene, client, `SCRIPT LOAD ${BODY}`), '');
    for (const server of scene.servers) assert.deepEqual(server.log, [`SCRIPT LOAD ${BODY}`]);
    assert.equal(answer(scene, client, scene.servers[0], LOADED), '');
    assert.equal(answer(scene, client, scene.servers[1], LOADED), `${LOADED}\r\n`);
  });

  test('LOAD of what does not compile is answered in the words of the servers, and not kept', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    ask(scene, client, `SCRIPT LOAD ${BODY}`);
    for (const server of scene.servers) server.answer('-ERR Error compiling script');
    scene.settle();
    assert.equal(client.said, '-ERR Error compiling script\r\n');
    const key = keyOn(scene, 0);
    ask(scene, client, `EVALSHA ${SHA} 1 ${key}`);
    assert.equal(scene.servers[0].log.at(-1), `EVALSHA ${SHA} 1 ${key}`);
  });

  test('LOAD is done when one server has it: another gets it with the first call', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    ask(scene, client, `SCRIPT LOAD ${BODY}`);
    scene.servers[0].answer(LOADED);
    scene.servers[1].cut();
    scene.settle();
    assert.equal(client.said, `${LOADED}\r\n`);
    ask(scene, client, `EVALSHA ${SHA} 1 ${keyOn(scene, 1)}`);
    assert.equal(scene.servers[1].log.at(-1), `EVAL ${BODY} 1 ${keyOn(scene, 1)}`);
  });

  test('LOAD of more than is kept must be done by all, or says by which it was not', async () => {
    const scene = await memoryScene(['script_cache: 0'], TWO);
    const client = scene.client();
    ask(scene, client, `SCRIPT LOAD ${BODY}`);
    scene.servers[0].answer(LOADED);
    scene.servers[1].answer('-OOM command not allowed');
    scene.settle();
    assert.equal(
      client.said,
      "-ERR 'script load' was not done by 'two' (OOM command not allowed); done by 'one'\r\n",
    );
  });

  test('EXISTS: what is kept here is there; of the rest, what all servers have', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    load(scene, client);
    assert.equal(ask(scene, client, `SCRIPT EXISTS ${SHA.toUpperCase()}`), '*1\r\n:1\r\n');
    assert.deepEqual([scene.servers[0].log, scene.servers[1].log], [[], []]);
    const [some, all] = [shaOf('some'), shaOf('all')];
    ask(scene, client, `SCRIPT EXISTS ${SHA} ${some} ${all}`);
    scene.servers[0].answer('*3\r\n:0\r\n:0\r\n:1');
    scene.servers[1].answer('*3\r\n:0\r\n:1\r\n:1');
    scene.settle();
    assert.equal(client.said, '*3\r\n:1\r\n:0\r\n:1\r\n');
    ask(scene, client, `SCRIPT EXISTS ${some}`);
    scene.servers[0].answer('*1\r\n:0');
    scene.servers[1].answer('-NOPERM no');
    scene.settle();
    assert.equal(client.said, "-ERR 'script exists' was not done by 'two' (NOPERM no); done by 'one'\r\n");
  });

  test('FLUSH empties all servers and the proxy, and says which server did not', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    load(scene, client);
    ask(scene, client, 'SCRIPT FLUSH SYNC');
    for (const server of scene.servers) assert.deepEqual(server.log, ['SCRIPT FLUSH SYNC']);
    scene.servers[0].answer('+OK');
    scene.servers[1].answer('-NOPERM no');
    scene.settle();
    assert.equal(client.said, "-ERR 'script flush' was not done by 'two' (NOPERM no); done by 'one'\r\n");
    const call = `EVALSHA ${SHA} 1 ${keyOn(scene, 0)}`;
    ask(scene, client, call);
    assert.equal(scene.servers[0].log.at(-1), call);
    assert.equal(answer(scene, client, scene.servers[0], NOSCRIPT), `${NOSCRIPT}\r\n`);
    assert.equal(scene.pool.budget.used, 0);
  });

  test('FLUSH with wrong arguments forgets nothing', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    load(scene, client);
    ask(scene, client, 'SCRIPT FLUSH never');
    assert.equal(answer(scene, client, scene.servers[0], '-ERR only ASYNC'), '-ERR only ASYNC\r\n');
    assert.equal(ask(scene, client, `SCRIPT EXISTS ${SHA}`), '*1\r\n:1\r\n');
  });

  test('what is not served says so, and wrong arguments are answered as by Redis', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    for (const subcommand of ['KILL', 'DEBUG YES'])
      assert.match(ask(scene, client, `SCRIPT ${subcommand}`), /^-ERR 'script [a-z]+' is not served: /);
    assert.match(ask(scene, client, 'SCRIPT HELP'), /^\*9\r\n\+SCRIPT <subcommand>/);
    assert.equal(ask(scene, client, 'SCRIPT'), "-ERR wrong number of arguments for 'script' command\r\n");
    assert.equal(
      ask(scene, client, 'SCRIPT EXISTS'),
      "-ERR wrong number of arguments for 'script|exists' command\r\n",
    );
    assert.equal(
      ask(scene, client, 'SCRIPT NOSUCH'),
      "-ERR unknown subcommand 'NOSUCH'. Try SCRIPT HELP.\r\n",
    );
    assert.deepEqual([scene.servers[0].log, scene.servers[1].log], [[], []]);
  });
});

describe('EVALSHA of a script that the pool has seen', () => {
  test('brings it to each server once, and again over a new socket', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    load(scene, client);
    for (const index of [0, 1]) {
      const [server, key] = [scene.servers[index], keyOn(scene, index)];
      const call = `EVALSHA ${SHA} 1 ${key} argument`;
      ask(scene, client, call, call.replace(SHA, SHA.toUpperCase()));
      const whole = `EVAL ${BODY} 1 ${key} argument`;
      assert.deepEqual(server.log.splice(0), [whole, call.replace(SHA, SHA.toUpperCase())]);
      assert.equal(answer(scene, client, server, ':1', ':2'), ':1\r\n:2\r\n');
      server.cut();
      scene.settle();
      ask(scene, client, call, call);
      assert.deepEqual(server.log.splice(0), [whole, call]);
      server.answer(':1', ':2');
    }
  });

  test('also when it came with EVAL, over another server, and for reading', async () => {
    const scene = await memoryScene([], TWO);
    const [client, other] = [scene.client(), scene.client()];
    const [one, two] = [keyOn(scene, 0), keyOn(scene, 1)];
    ask(scene, client, `EVAL ${BODY} 1 ${one}`, `EVALSHA_RO ${SHA} 1 ${one}`);
    ask(scene, other, `EVALSHA_RO ${SHA} 1 ${two}`);
    assert.deepEqual(scene.servers[0].log, [`EVAL ${BODY} 1 ${one}`, `EVALSHA_RO ${SHA} 1 ${one}`]);
    assert.deepEqual(scene.servers[1].log, [`EVAL_RO ${BODY} 1 ${two}`]);
  });

  test('in a transaction is brought by its first call there, every time', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    load(scene, client);
    for (let i = 0; i < 2; i++) {
      ask(scene, client, 'MULTI', `EVALSHA ${SHA} 1 k`, `EVALSHA ${SHA} 1 l`, 'EXEC');
      const { log } = scene.servers[0];
      assert.deepEqual(log.splice(0), ['MULTI', `EVAL ${BODY} 1 k`, `EVALSHA ${SHA} 1 l`, 'EXEC']);
      scene.servers[0].answer('+OK', '+QUEUED', '+QUEUED', '*2\r\n:1\r\n:1');
      scene.settle();
    }
    ask(scene, client, 'MULTI', 'EVAL return_2 1 k', `EVALSHA ${shaOf('return_2')} 1 k`, 'EXEC');
    const called = [`EVAL return_2 1 k`, `EVALSHA ${shaOf('return_2')} 1 k`];
    assert.deepEqual(scene.servers[0].log, ['MULTI', ...called, 'EXEC']);
  });

  test('a transaction with it is as large as what its server gets', async () => {
    const scene = await memoryScene(['request_bytes: 100000']);
    const client = scene.client();
    const body = 'x'.repeat(60_000);
    ask(scene, client, `EVAL ${body} 1 k`);
    scene.servers[0].answer(':1');
    ask(scene, client, `EVAL ${body}y 1 k`);
    scene.servers[0].answer(':1');
    scene.settle();
    const said = ask(
      scene,
      client,
      'MULTI',
      ...[body, `${body}y`].map((b) => `EVALSHA ${shaOf(b)} 1 k`),
      'EXEC',
    );
    assert.match(said, /^\+OK\r\n\+QUEUED\r\n-ERR a transaction has at most 100000 bytes.*\r\n-EXECABORT /);
  });

  test('that the server was told to forget by somebody else is brought again', async () => {
    const scene = await memoryScene([]);
    const [client, other] = [scene.client(), scene.client()];
    load(scene, client);
    const call = `EVALSHA ${SHA} 1 k`;
    ask(scene, client, call);
    assert.equal(answer(scene, client, scene.servers[0], ':1'), ':1\r\n');
    scene.servers[0].log.length = 0;
    ask(scene, client, call);
    ask(scene, other, 'GET k');
    assert.equal(answer(scene, client, scene.servers[0], NOSCRIPT), '');
    assert.deepEqual(scene.servers[0].log, [call, 'GET k', `EVAL ${BODY} 1 k`]);
    assert.equal(answer(scene, client, scene.servers[0], '$1\r\nv', ':2'), ':2\r\n');
    assert.equal(other.said, '$1\r\nv\r\n');
  });

  test('is never carried out behind what its client sent after it', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    load(scene, client);
    const call = `EVALSHA ${SHA} 1 k`;
    ask(scene, client, call);
    scene.servers[0].answer(':1');
    scene.servers[0].log.length = 0;
    ask(scene, client, call, 'GET k');
    assert.equal(answer(scene, client, scene.servers[0], NOSCRIPT, '$-1'), `${NOSCRIPT}\r\n$-1\r\n`);
    assert.deepEqual(scene.servers[0].log, [call, 'GET k']);
    // and the next one brings it
    ask(scene, client, call);
    assert.equal(scene.servers[0].log.at(-1), `EVAL ${BODY} 1 k`);
  });

  test('that answers with an error of its own is not called twice', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    load(scene, client);
    ask(scene, client, `EVALSHA ${SHA} 1 k`, `EVALSHA ${SHA} 1 k`);
    const own = '-NOSCRIPT of my own';
    assert.equal(answer(scene, client, scene.servers[0], NOSCRIPT, own), `${NOSCRIPT}\r\n${own}\r\n`);
    assert.equal(scene.servers[0].log.length, 2);
  });

  test('is confirmed by replicas also when it had to be brought again', async () => {
    const scene = await memoryScene(['wait_replicas: 1']);
    const client = scene.client();
    ask(scene, client, `EVAL ${BODY} 1 k`);
    scene.servers[0].answer(':1', ':1');
    scene.settle();
    scene.servers[0].log.length = 0;
    ask(scene, client, `EVALSHA ${SHA} 1 k`);
    const { log } = scene.servers[0];
    assert.equal(answer(scene, client, scene.servers[0], NOSCRIPT, ':1'), '');
    assert.deepEqual(log, [`EVALSHA ${SHA} 1 k`, 'WAIT 1 1000', `EVAL ${BODY} 1 k`, 'WAIT 1 1000']);
    assert.equal(answer(scene, client, scene.servers[0], ':2'), '');
    assert.equal(answer(scene, client, scene.servers[0], ':1'), ':2\r\n');
  });

  test('that waits for a master is brought to the new one, in its order', async () => {
    const settings = ['sentinels:', '  - 10.9.9.9:26379', 'failover_hold: 3000'];
    const scene = await memoryScene(settings, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
    for (const server of scene.servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0');
    const [old, next] = scene.servers;
    const client = scene.client();
    const call = `EVALSHA ${SHA} 1 k`;
    ask(scene, client, `EVAL ${BODY} 1 k`);
    old.answer(':1');
    scene.settle();
    ask(scene, client, call, 'GET k', call);
    const readonly = '-READONLY no';
    assert.equal(answer(scene, client, old, readonly, readonly, readonly), '');
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    assert.deepEqual(
      next.log.filter((line) => line !== 'ROLE'),
      [`EVAL ${BODY} 1 k`, 'GET k', call],
    );
    assert.equal(answer(scene, client, next, ':2', '$-1', ':3'), ':2\r\n$-1\r\n:3\r\n');
  });

  test('that a server refused for a while is brought over the socket that it is offered on again', async () => {
    const scene = await memoryScene(['sentinels:', '  - 10.9.9.9:26379', 'failover_hold: 3000']);
    const [server] = scene.servers;
    server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0');
    const client = scene.client();
    ask(scene, client, `EVAL ${BODY} 1 k`);
    server.answer(':1');
    scene.settle();
    ask(scene, client, `EVALSHA ${SHA} 1 k`);
    server.log.length = 0;
    assert.equal(answer(scene, client, server, '-READONLY no'), '');
    scene.pool.servers[0].tryAgain();
    scene.settle();
    assert.equal(server.log.at(-1), `EVAL ${BODY} 1 k`);
  });

  test('is read from a replica, which gets it too; what only the master can know is asked there', async () => {
    const scene = await memoryScene(
      ['sentinels:', '  - 10.9.9.9:26379', 'reads: replicas'],
      ['10.0.0.1:6379:1 one'],
      ['10.0.0.9:6379'],
    );
    for (const server of scene.servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0');
    const [master, replica] = scene.servers;
    scene.pool.servers[0].replicas?.use([NEW]);
    const client = scene.client();
    load(scene, client);
    const asked = (server: ScriptedServer): string[] => server.log.filter((line) => /^EVAL/.test(line));
    ask(scene, client, `EVALSHA_RO ${SHA} 1 k`, `EVALSHA_RO ${shaOf('else')} 1 k`);
    assert.deepEqual(asked(replica), [`EVAL_RO ${BODY} 1 k`]);
    assert.deepEqual(asked(master), [`EVALSHA_RO ${shaOf('else')} 1 k`]);
    replica.answer(':1');
    scene.settle();
    ask(scene, client, `EVALSHA_RO ${SHA} 1 k`);
    assert.equal(asked(replica).at(-1), `EVALSHA_RO ${SHA} 1 k`);
    // the replica is gone: its master gets the script instead
    replica.cut();
    scene.settle();
    assert.deepEqual(asked(master).slice(1), [`EVAL_RO ${BODY} 1 k`]);
  });

  test('without keys, in a pool of one server', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    load(scene, client);
    ask(scene, client, `EVALSHA ${SHA} 0`);
    assert.deepEqual(scene.servers[0].log, [`EVAL ${BODY} 0`]);
  });

  test('with too few arguments is the server’s to refuse, by its own name', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    load(scene, client);
    ask(scene, client, `EVALSHA ${SHA}`);
    assert.deepEqual(scene.servers[0].log, [`EVALSHA ${SHA}`]);
  });
});

describe('the scripts that are kept', () => {
  test('are bounded: what was not used for longest goes', () => {
    const budget = new BufferBudget();
    const cache = new ScriptCache(3 * 1256, budget);
    const body = (letter: string): Buffer => Buffer.from(letter.repeat(1000));
    const shas = ['a', 'b', 'c'].map((letter) => cache.add(body(letter)));
    assert.equal(budget.used, 3 * 1256);
    assert.ok(cache.find(shas[0]));
    cache.add(body('d'));
    assert.deepEqual(
      shas.map((sha) => cache.find(sha) !== undefined),
      [true, false, true],
    );
    cache.add(body('a'));
    cache.add(body('e'));
    assert.deepEqual(
      shas.map((sha) => cache.find(sha) !== undefined),
      [true, false, true],
    );
    assert.equal(cache.find(shaOf('d'.repeat(1000))), undefined);
    assert.equal(budget.used, 3 * 1256);
    cache.add(Buffer.from('f'.repeat(5000)));
    assert.equal(budget.used, 3 * 1256);
    cache.clear();
    assert.equal(budget.used, 0);
  });

  test('are taken over by the same pool after a reload, as far as there is room, and given back at its end', async () => {
    const budget = new BufferBudget();
    const [before, after] = [new ScriptCache(1e6, budget), new ScriptCache(2 * 1256, budget)];
    const shas = ['a', 'b', 'c'].map((letter) => before.add(Buffer.from(letter.repeat(1000))));
    before.add(Buffer.from('d'.repeat(5000)));
    after.takeOver(before);
    before.clear();
    assert.equal(budget.used, 2 * 1256);
    assert.deepEqual(
      shas.map((sha) => after.find(sha)?.body[0]),
      [undefined, 98, 99],
    );
    const scene = await memoryScene([]);
    ask(scene, scene.client(), `EVAL ${BODY} 1 k`);
    assert.equal(scene.pool.routing.scripts.accounted, BODY.length + 256);
    scene.pool.close();
    assert.equal(scene.pool.budget.used, 0);
  });

  test('are told apart also where they look alike', () => {
    const cache = new ScriptCache(1e6, new BufferBudget());
    const long = 'x'.repeat(999);
    for (const body of [`${long}1`, `1${long}`, `${long}1`, `${long}2`, `${long}1`, '', '']) {
      assert.equal(cache.add(Buffer.from(body)), shaOf(body));
      assert.equal(cache.find(shaOf(body))?.body.toString(), body);
    }
  });

  test('give way where clients need the room, and whoever needs more is let go next', () => {
    const budget = new BufferBudget(10_000);
    const cache = new ScriptCache(8000, budget);
    const client = { accounted: 0, shed: () => void shed++ };
    let shed = 0;
    const need = (bytes: number): void => {
      budget.account(client, bytes);
      client.accounted = bytes;
      budget.enforce();
    };
    const sha = cache.add(Buffer.from('x'.repeat(6000)));
    need(3000);
    assert.ok(cache.find(sha));
    need(5000);
    assert.equal(cache.find(sha), undefined);
    assert.deepEqual([budget.used, shed], [5000, 0]);
    need(11_000);
    assert.equal(shed, 1);
  });
});
