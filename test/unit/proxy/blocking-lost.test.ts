import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, closeScenes, FOLLOWED, type MemoryClient } from '../../support/memory-scene.ts';
import { waitingScene } from '../../support/waiting-scene.ts';

afterEach(closeScenes);

const NEW = { kind: 'tcp', host: '10.0.0.9', port: 6379 } as const;

/** Longer than a request waits before it is asked again. */
const AGAIN_MS = 80;

describe('a switch of master while a client waits', () => {
  test('it is asked again of the new master, with the time that is left', async () => {
    const scene = await waitingScene(FOLLOWED, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
    const client = scene.client();
    ask(scene, client, 'BLPOP a 10');
    scene.pass(4000);
    scene.servers[0].die();
    scene.settle();
    scene.pool.servers[0].moveTo(NEW);
    await delay(AGAIN_MS);
    scene.settle();
    assert.deepEqual(scene.servers[1].asked, ['BLPOP a 6.000']);
    scene.servers[1].answer('*2\r\n$1\r\na\r\n$3\r\njob');
    scene.settle();
    assert.equal(client.said, '*2\r\n$1\r\na\r\n$3\r\njob\r\n');
  });

  test('a request that is too large to be copied is asked again as it was', async () => {
    const scene = await waitingScene(FOLLOWED);
    const client = scene.client();
    const line = `BLPOP ${Array.from({ length: 2000 }, (_, i) => `key-${i}`).join(' ')} 0`;
    ask(scene, client, line);
    scene.servers[0].answer('-UNBLOCKED force unblock from blocking operation, instance state changed');
    scene.settle();
    await delay(AGAIN_MS);
    scene.settle();
    assert.deepEqual(scene.servers[0].asked, [line]);
  });

  test('a master that cannot write to its disk refuses it: asked again, the client hears nothing of it', async () => {
    const scene = await waitingScene(FOLLOWED);
    const client = scene.client();
    ask(scene, client, 'BLPOP a 10');
    scene.servers[0].answer('-MISCONF Errors writing to the AOF file: No space left on device');
    scene.settle();
    await delay(AGAIN_MS);
    scene.settle();
    assert.equal(client.said, '');
    assert.equal(scene.servers[0].asked.length, 1);
  });

  test('a demoted master says UNBLOCKED: asked again, the client hears nothing of it', async () => {
    const scene = await waitingScene(FOLLOWED);
    const client = scene.client();
    ask(scene, client, 'XREAD BLOCK 5000 STREAMS s 0-0');
    scene.servers[0].answer(
      '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    );
    scene.pass(1000);
    await delay(AGAIN_MS);
    scene.settle();
    assert.equal(client.said, '');
    assert.deepEqual(scene.servers[0].asked, ['XREAD BLOCK 4000 STREAMS s 0-0']);
  });

  test('without Sentinel a lost connection is told', async () => {
    const scene = await waitingScene();
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    scene.servers[0].cut();
    scene.settle();
    assert.match(
      client.said,
      /^-ERR 'blpop' waited on 'one': .*; if it was answered, what it popped just then is lost\r\n$/,
    );
    const other = scene.client();
    ask(scene, other, 'XREAD BLOCK 0 STREAMS s $');
    scene.servers[0].cut();
    scene.settle();
    assert.match(other.said, /^-ERR 'xread' waited on 'one': [^;]*\r\n$/);
  });
});

describe('a connection that is lost while clients wait on it', () => {
  /** Longer than it takes until the log has a line. */
  const LINE_MS = 150;

  async function lostScene(settings: readonly string[] = []) {
    const scene = await waitingScene([...FOLLOWED, ...settings]);
    const waiting = (...lines: string[]): MemoryClient[] =>
      lines.map((line) => {
        const client = scene.client();
        ask(scene, client, line);
        return client;
      });
    const lost = async (how: 'cut' | 'die'): Promise<void> => {
      scene.servers[0][how]();
      scene.settle();
      await delay(LINE_MS);
      scene.settle();
    };
    return { scene, waiting, lost };
  }

  test('they are asked again, and those that may have taken something are counted and told in one line', async () => {
    const { scene, waiting, lost } = await lostScene();
    const lines = [
      'BLPOP a 0',
      'BLPOP b 0',
      'BLMOVE a b LEFT RIGHT 0',
      'XREADGROUP GROUP g c BLOCK 0 STREAMS s >',
    ];
    const clients = waiting(...lines, 'XREAD BLOCK 0 STREAMS s $');
    await lost('die');
    assert.equal(scene.pool.stats.inDoubt, 4);
    assert.deepEqual(
      scene.warnings.filter((line) => line.includes('while clients waited')),
      [
        "pool 'p': the connection to 'one' was lost (the server closed the connection) while clients waited there in " +
          "'blpop' (2 ×; if it was answered, what it popped just then is lost), " +
          "'blmove' (1 ×; if it was answered, what it moved just then lies at its destination), " +
          "'xreadgroup' (1 ×; if it was answered, what it gave just then is pending for its consumer): asked again",
      ],
    );
    assert.deepEqual(scene.servers[0].asked.toSorted(), [...lines, 'XREAD BLOCK 0 STREAMS s $'].toSorted());
    assert.deepEqual(
      clients.map(({ said }) => said),
      ['', '', '', '', ''],
    );
  });

  test('on a way that had fallen silent, what is popped is lost: their connections end, as those of a Redis that ends', async () => {
    const { scene, waiting, lost } = await lostScene();
    const lines = ['BLMOVE a b LEFT RIGHT 0', 'XREADGROUP GROUP g c BLOCK 0 STREAMS s >'];
    const clients = waiting('BLPOP a 0', ...lines);
    await lost('cut');
    assert.deepEqual(
      clients.map(({ said, ended }) => [said, ended]),
      [
        ['', true],
        ['', false],
        ['', false],
      ],
    );
    assert.deepEqual(scene.servers[0].asked.toSorted(), lines);
    assert.match(scene.warnings.join('; '), /'blpop' \(1 ×; [^)]*\): their connections were closed/);
    assert.match(scene.warnings.join('; '), /'blmove' \(.*'xreadgroup' \([^)]*\): asked again/);
    assert.deepEqual([scene.pool.stats.inDoubt, scene.pool.stats.blockedClients], [3, 2]);
  });

  test('one that had begun to be answered has popped: its outcome is unknown, and it is not asked again', async () => {
    const { scene, waiting, lost } = await lostScene();
    const [client] = waiting('BLPOP a 0');
    scene.servers[0].answer('*2\r\n$1\r\na\r\n$300\r\nhalf of a jo');
    scene.settle();
    await lost('die');
    assert.match(
      client.said,
      /^-ERR 'blpop' waited on 'one': .*; if it was answered, what it popped just then is lost\r\n$/,
    );
    assert.deepEqual(scene.servers[0].asked, []);
    assert.equal(scene.pool.stats.inDoubt, 0);
  });

  test('with `unknown_outcomes: disconnect` the client hears of it as of a Redis that ends, unless it only reads', async () => {
    const { scene, waiting, lost } = await lostScene(['unknown_outcomes: disconnect']);
    const clients = waiting('BLPOP a 0', 'XREAD BLOCK 0 STREAMS s $');
    await lost('die');
    assert.deepEqual(
      clients.map(({ said, ended }) => [said, ended]),
      [
        ['', true],
        ['', false],
      ],
    );
    assert.deepEqual(scene.servers[0].asked, ['XREAD BLOCK 0 STREAMS s $']);
    assert.equal(scene.pool.stats.blockedClients, 1);
  });

  test('one that was not sent yet cannot have taken anything', async () => {
    const { scene, waiting, lost } = await lostScene(['timeout: 400']);
    scene.servers[0].always.delete('ROLE');
    waiting('BLPOP a 0');
    assert.ok(!scene.servers[0].log.includes('BLPOP a 0'), scene.servers[0].log.join('; '));
    await lost('die');
    assert.equal(scene.pool.stats.inDoubt, 0);
  });
});
