import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { closeScenes, type MemoryClient, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const NEW = { kind: 'tcp', host: '10.0.0.9', port: 6379 } as const;
const FOLLOWED = ['sentinels:', '  - 10.9.9.9:26379', 'failover_hold: 3000'];
const TWO = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];
/** Longer than a request waits before it is asked again. */
const AGAIN_MS = 80;

/** A scene whose servers say what they call a connection of ours, and that they are masters. */
async function sceneOf(settings: readonly string[] = [], addresses?: readonly string[], others?: string[]) {
  const scene = await memoryScene(settings, addresses, others);
  for (const server of scene.servers) {
    server.always.set('CLIENT', ':77');
    server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0');
  }
  return scene;
}

function ask(scene: MemoryScene, client: MemoryClient, ...lines: string[]): string {
  client.said = '';
  for (const line of lines) client.ask(...line.split(' '));
  scene.settle();
  return client.said;
}

describe('a command that waits', () => {
  test('goes over a connection of its own, in its turn, and holds up nobody else', async () => {
    const scene = await sceneOf();
    const [server] = scene.servers;
    const [waiting, other] = [scene.client(), scene.client()];
    ask(scene, waiting, 'RPUSH b 1', 'BLPOP a 0', 'GET x');
    assert.deepEqual(server.asked, ['RPUSH b 1']);
    server.answer(':1');
    scene.settle();
    assert.deepEqual(server.asked, ['BLPOP a 0']);
    ask(scene, other, 'RPUSH a 1');
    assert.deepEqual(server.asked, ['BLPOP a 0', 'RPUSH a 1']);
    assert.equal(scene.pool.stats.blockedClients, 1);
    server.answer('*2\r\n$1\r\na\r\n$1\r\n1', ':1');
    scene.settle();
    assert.equal(other.said, ':1\r\n');
    assert.deepEqual(server.asked, ['GET x']);
    server.answer('$-1');
    scene.settle();
    assert.equal(waiting.said, ':1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n$-1\r\n');
    assert.equal(scene.pool.stats.blockedClients, 0);
  });

  test('may wait longer than the pool gives any request, but not for ever when it named a time', async () => {
    const scene = await sceneOf(['timeout: 400']);
    const [forEver, forTwo] = [scene.client(), scene.client()];
    ask(scene, forEver, 'BLPOP a 0');
    ask(scene, forTwo, 'BRPOP b 2');
    scene.pass(2300);
    assert.deepEqual([forEver.said, forTwo.said], ['', '']);
    scene.pass(200);
    assert.match(forTwo.said, /^-ERR /);
    scene.pass(100_000);
    assert.equal(forEver.said, '');
  });

  test('over several servers is refused with both keys and servers named, and nothing is asked', async () => {
    const scene = await sceneOf([], TWO);
    const client = scene.client();
    const homes = (key: string): string => {
      ask(scene, client, `GET ${key}`);
      const index = scene.servers.findIndex(({ asked }) => asked.length > 0);
      scene.servers[index].answer('$-1');
      scene.settle();
      return ['one', 'two'][index];
    };
    const keys = Array.from({ length: 40 }, (_, n) => `${n}k`);
    const first = keys[0];
    const other = keys.find((key) => homes(key) !== homes(first));
    const said = ask(scene, client, `BLPOP ${first} ${other} 1`);
    assert.match(
      said,
      new RegExp(`^-ERR keys '${first}' \\(\\w+\\) and '${other}' \\(\\w+\\) of 'blpop' live`),
    );
    assert.equal(scene.servers.flatMap(({ asked }) => asked).length, 0);
    ask(scene, client, `BLMOVE {t}a {t}b LEFT RIGHT 1`);
    assert.equal(scene.servers.flatMap(({ asked }) => asked).length, 1);
  });

  test('XREAD waits with BLOCK only; inside MULTI nothing waits', async () => {
    const scene = await sceneOf();
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'XREAD COUNT 1 STREAMS s 0');
    assert.equal(server.links.length, 1);
    server.answer('*-1');
    ask(scene, client, 'XREADGROUP GROUP block c BLOCK 0 STREAMS s >');
    assert.equal(server.links.length, 2);
    server.answer('*-1');
    scene.settle();
    ask(scene, client, 'MULTI', 'BLPOP a 0', 'XREAD BLOCK 0 STREAMS a 0', 'EXEC');
    assert.deepEqual(server.asked, ['MULTI', 'BLPOP a 0', 'XREAD BLOCK 0 STREAMS a 0', 'EXEC']);
    assert.equal(server.links.length, 2);
  });

  test('a thousand of them keep a few hundred bytes each for what they ask', async () => {
    const scene = await sceneOf(['blocking_clients: 2000']);
    const clients = Array.from({ length: 1000 }, () => scene.client());
    for (const client of clients) client.ask('BLPOP', 'a', '0');
    scene.settle();
    const [server] = scene.pool.servers;
    const kept = server.pinned.all.reduce((sum, { queue }) => sum + queue.weight, 0);
    assert.equal(scene.pool.stats.blockedClients, 1000);
    assert.ok(kept <= 1000 * 1024, `${kept} bytes`);
    // one that asks for more has room for it
    const long = scene.client();
    const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`);
    ask(scene, long, `BLPOP ${keys.join(' ')} 0`);
    assert.equal(scene.servers[0].asked.at(-1), `BLPOP ${keys.join(' ')} 0`);
  });

  test('too many are told so, and the connection goes on', async () => {
    const scene = await sceneOf(['blocking_clients: 2']);
    const clients = [scene.client(), scene.client(), scene.client()];
    for (const client of clients) ask(scene, client, 'BLPOP a 0');
    assert.equal(clients[2].said, "-ERR 2 clients wait on 'one' already (blocking_clients)\r\n");
    scene.servers[0].answer('*-1');
    scene.settle();
    assert.equal(ask(scene, clients[2], 'BLPOP a 0'), '');
  });
});

describe('wait_replicas', () => {
  test('what was popped is given on when the replicas have it, and told as not confirmed when they have not', async () => {
    const scene = await sceneOf(['wait_replicas: 1', 'wait_timeout: 500']);
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    assert.deepEqual(server.asked, ['BLPOP a 0', 'WAIT 1 500']);
    server.answer('*2\r\n$1\r\na\r\n$3\r\njob');
    scene.settle();
    assert.equal(client.said, '');
    server.answer(':1');
    scene.settle();
    assert.equal(client.said, '*2\r\n$1\r\na\r\n$3\r\njob\r\n');
    ask(scene, client, 'BLPOP a 0');
    server.answer('*2\r\n$1\r\na\r\n$3\r\njob', ':0');
    scene.settle();
    assert.match(client.said, /^-ERR .*written on the master, not confirmed by replicas/);
  });
});

describe('a client that leaves while it waits', () => {
  test('is ended at the server at once, and nothing is lost', async () => {
    const scene = await sceneOf();
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    client.leave();
    scene.settle();
    assert.ok(server.log.includes('CLIENT UNBLOCK 77 TIMEOUT'), server.log.join('; '));
    server.answer('*-1');
    scene.settle();
    assert.deepEqual([scene.pool.stats.undelivered, scene.pool.stats.blockedClients], [0, 0]);
    // the connection is of use to the next
    ask(scene, scene.client(), 'BLPOP a 0');
    assert.equal(server.links.length, 2);
  });

  test('what was popped for it all the same is logged and counted', async () => {
    const scene = await sceneOf();
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    client.leave();
    scene.settle();
    scene.servers[0].answer('*2\r\n$1\r\na\r\n$3\r\njob');
    scene.settle();
    assert.equal(scene.pool.stats.undelivered, 1);
    assert.match(scene.warnings.join('\n'), /'blpop' of .* answered by 'one' after that client had left/);
  });

  test('CLIENT UNBLOCK ends the waiting of another client', async () => {
    const scene = await sceneOf();
    const [waiting, other] = [scene.client(), scene.client()];
    const id = ask(scene, waiting, 'CLIENT ID').slice(1).trim();
    assert.equal(ask(scene, other, `CLIENT UNBLOCK ${id}`), ':0\r\n');
    ask(scene, waiting, 'BLPOP a 0');
    assert.equal(ask(scene, other, `CLIENT UNBLOCK ${id} ERROR`), ':1\r\n');
    assert.ok(scene.servers[0].log.includes('CLIENT UNBLOCK 77 ERROR'));
    scene.servers[0].answer('-UNBLOCKED client unblocked via CLIENT UNBLOCK');
    scene.settle();
    assert.match(waiting.said, /^-UNBLOCKED client unblocked/);
  });
});

describe('a client that waits while clients are let go', () => {
  /** Long enough for the patience of `letGo(5)` to be over. */
  const dismissed = async (scene: MemoryScene): Promise<void> => {
    scene.pool.letGo(5);
    await delay(25);
    scene.settle();
  };

  test('is ended at the server, and its connection ends without an answer: it asks again elsewhere', async () => {
    const scene = await sceneOf();
    const [server] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    await dismissed(scene);
    assert.deepEqual([server.log.includes('CLIENT UNBLOCK 77 TIMEOUT'), client.ended], [true, false]);
    server.answer('*-1');
    scene.settle();
    assert.deepEqual([client.said, client.ended, scene.pool.stats.blockedClients], ['', true, 0]);
  });

  test('gets what was popped for it meanwhile, and then its connection ends', async () => {
    const scene = await sceneOf();
    const client = scene.client();
    ask(scene, client, 'BLMOVE a b LEFT RIGHT 0');
    await dismissed(scene);
    scene.servers[0].answer('$3\r\njob');
    await delay(5);
    scene.settle();
    assert.deepEqual([client.said, client.ended], ['$3\r\njob\r\n', true]);
    assert.equal(scene.pool.stats.undelivered, 0);
  });

  test('and whose request has not reached a master goes at once', async () => {
    const scene = await sceneOf(FOLLOWED);
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    scene.servers[0].answer(
      '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    );
    scene.settle();
    await dismissed(scene);
    assert.deepEqual([client.said, client.ended, scene.pool.stats.blockedClients], ['', true, 0]);
  });
});

describe('a switch of master while a client waits', () => {
  test('it is asked again of the new master, with the time that is left', async () => {
    const scene = await sceneOf(FOLLOWED, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
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
    const scene = await sceneOf(FOLLOWED);
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
    const scene = await sceneOf(FOLLOWED);
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
    const scene = await sceneOf(FOLLOWED);
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
    const scene = await sceneOf();
    const client = scene.client();
    ask(scene, client, 'BLPOP a 0');
    scene.servers[0].cut();
    scene.settle();
    assert.match(
      client.said,
      /^-ERR 'blpop' waited on 'one': .*; if it was answered, what it popped just then is lost\r\n$/,
    );
    ask(scene, client, 'XREAD BLOCK 0 STREAMS s $');
    scene.servers[0].cut();
    scene.settle();
    assert.match(client.said, /^-ERR 'xread' waited on 'one': [^;]*\r\n$/);
  });
});

describe('a connection that is lost while clients wait on it', () => {
  /** Longer than it takes until the log has a line. */
  const LINE_MS = 150;

  async function lostScene(settings: readonly string[] = []) {
    const scene = await sceneOf([...FOLLOWED, ...settings]);
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

describe('WAIT', () => {
  const MINE = ['PING', 'WAIT 1 0'];

  test('asks every server behind all that the client has written; the fewest replicas count', async () => {
    const scene = await sceneOf(['timeout: 400'], TWO);
    const [one, two] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'SET a 1', 'WAIT 1 0', 'GET a');
    const home = one.asked.length > 0 ? one : two;
    assert.deepEqual([...one.asked, ...two.asked], ['SET a 1']);
    home.answer('+OK');
    scene.settle();
    assert.deepEqual([one.asked, two.asked], [MINE, MINE]);
    one.answer('+PONG', ':2');
    two.answer('+PONG');
    scene.pass(60_000);
    assert.equal(client.said, '+OK\r\n');
    two.answer(':1');
    scene.settle();
    assert.equal(client.said, '+OK\r\n:1\r\n');
    assert.deepEqual([...one.asked, ...two.asked], ['GET a']);
    assert.equal(scene.pool.stats.blockedClients, 0);
  });

  test('a server that is lost meanwhile is named, and a client that leaves holds no connection', async () => {
    const scene = await sceneOf([], TWO);
    const [one, two] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'WAIT 1 0');
    one.cut();
    two.answer('+PONG', ':1');
    scene.settle();
    assert.match(
      client.said,
      /^-ERR 'wait' was not done by 'one' \(the replicas of 'one' are not known: .*\)\r\n$/,
    );
    ask(scene, client, 'WAIT 1 0');
    assert.equal(scene.pool.stats.blockedClients, 1);
    client.leave();
    scene.settle();
    assert.equal(scene.pool.stats.blockedClients, 0);
    for (const server of scene.pool.servers) assert.equal(server.pinned.count('blocking'), 0);
  });

  test('a client that is to come back elsewhere is let go without an answer', async () => {
    const scene = await sceneOf();
    const client = scene.client();
    ask(scene, client, 'WAIT 1 0');
    scene.pool.letGo(1);
    await delay(AGAIN_MS);
    scene.settle();
    assert.deepEqual([client.said, client.ended], ['', true]);
    assert.equal(scene.pool.servers[0].pinned.count('blocking'), 0);
  });

  test('is refused inside a transaction', async () => {
    const scene = await sceneOf();
    const said = ask(scene, scene.client(), 'MULTI', 'WAIT 1 0', 'EXEC');
    assert.match(said, /^\+OK\r\n-ERR 'wait' is not served inside a transaction\r\n-EXECABORT/);
  });
});
