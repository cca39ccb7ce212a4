import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BufferBudget } from '../../../proxy/core/base/buffer-budget.ts';
import { ScriptCache } from '../../../proxy/core/server/script-cache.ts';
import { answer, ask, closeScenes, memoryScene, TWO } from '../../support/memory-scene.ts';
import { BODY, keyOn, LOADED, load, NOSCRIPT, SHA, shaOf } from '../../support/script-scene.ts';

afterEach(closeScenes);

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
