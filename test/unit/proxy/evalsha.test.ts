import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  answer,
  ask,
  closeScenes,
  memoryScene,
  type ScriptedServer,
  TWO,
} from '../../support/memory-scene.ts';
import { BODY, keyOn, load, NOSCRIPT, SHA, shaOf } from '../../support/script-scene.ts';

afterEach(closeScenes);

const NEW = { kind: 'tcp', host: '10.0.0.9', port: 6379 } as const;

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
