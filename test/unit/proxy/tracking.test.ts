import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Link } from '../../../proxy/transport/link.ts';
import {
  ask,
  closeScenes,
  type MemoryClient,
  type MemoryScene,
  memoryScene,
  type ScriptedServer,
  TWO,
  tell,
} from '../../support/memory-scene.ts';

afterEach(closeScenes);

const HELLO = '%1\r\n+proto\r\n:3';

/** What a server says when a key has changed. */
const changed = (key: string): string => `>2\r\n$10\r\ninvalidate\r\n*1\r\n$${key.length}\r\n${key}`;
const EVERYTHING = '>2\r\n$10\r\ninvalidate\r\n_\r\n';

/** A client whose tracking every server has confirmed. */
async function tracked(
  options = '',
  settings: readonly string[] = [],
  addresses: readonly string[] = TWO,
): Promise<{ scene: MemoryScene; client: MemoryClient; servers: readonly ScriptedServer[] }> {
  const scene = await memoryScene(settings, addresses);
  const client = scene.client();
  for (const server of scene.servers) server.always.set('HELLO', HELLO);
  ask(scene, client, 'HELLO 3');
  const line = `CLIENT TRACKING ON ${options}`.trimEnd();
  ask(scene, client, line);
  client.said = '';
  for (const server of scene.servers) {
    assert.deepEqual(server.asked, [line]);
    server.answer('+OK');
    scene.settle();
    assert.deepEqual(server.asked, ['CLIENT GETREDIR']);
    server.answer(':0');
  }
  scene.settle();
  assert.equal(client.said, '+OK\r\n');
  client.said = '';
  return { scene, client, servers: scene.servers };
}

/** A key that lives on each of two servers. */
async function keysOf(scene: MemoryScene): Promise<readonly string[]> {
  const { routing } = scene.pool;
  return routing.servers.map((server) => {
    for (let i = 0; ; i++) {
      const key = Buffer.from(`key-${i}`);
      if (routing.serverFor(key, 0, key.length) === server) return String(key);
    }
  });
}

describe('CLIENT TRACKING', () => {
  test('has a connection to each server, asks everything there, and is told what changes', async () => {
    const { scene, client, servers } = await tracked();
    const [key] = await keysOf(scene);
    const other = scene.client();
    ask(scene, other, 'PING');
    ask(scene, client, `GET ${key}`);
    servers[0].answer('$1\r\n1');
    scene.settle();
    assert.equal(client.said, '$1\r\n1\r\n');
    client.said = '';
    tell(scene, servers[0].links[0], changed(key));
    assert.equal(client.said, `${changed(key)}\r\n`);
    assert.equal(other.said, '+PONG\r\n');
    assert.match(ask(scene, scene.client(), 'INFO clients'), /tracking_clients:1\r\n/);
    client.leave();
    scene.settle();
    assert.equal(scene.pool.stats.trackingClients, 0);
    assert.ok(servers.every(({ links }) => links.length <= 1));
  });

  test('what changes is told behind every answer that was given before, and that waits for another server', async () => {
    const { scene, client, servers } = await tracked();
    const [here, there] = await keysOf(scene);
    ask(scene, client, `GET ${there}`, `GET ${here}`);
    servers[0].answer('$3\r\nold');
    tell(scene, servers[0].links[0], changed(here));
    assert.equal(client.said, '', 'its answer is not out yet');
    servers[1].answer('$5\r\nthere');
    scene.settle();
    assert.equal(client.said, `$5\r\nthere\r\n$3\r\nold\r\n${changed(here)}\r\n`);
  });

  const long = 'k'.repeat(513);
  const tooLong =
    '-ERR a client that is tracked (CLIENT TRACKING, without BCAST) reads keys of at most 512 bytes: servers remember each\r\n';
  for (const line of [
    `GET ${long}`,
    `MGET a ${long}`,
    `EVAL x 2 a ${long}`,
    `ZINTER 2 a ${long}`,
    `XREAD STREAMS ${long} 0`,
  ]) {
    test(`servers need not remember a long name: ${line.slice(0, 20)}…`, async () => {
      const { scene, client, servers } = await tracked();
      ask(scene, client, line);
      assert.equal(client.said, tooLong);
      assert.ok(servers.every(({ asked }) => asked.length === 0));
    });
  }

  test('a long name is written, also by a client that is tracked, and read where no key is remembered', async () => {
    const { scene, client, servers } = await tracked('', [], TWO.slice(0, 1));
    ask(scene, client, `SET ${long} 1`);
    assert.deepEqual(servers[0].asked, [`SET ${long} 1`]);
    ask(scene, client, 'MULTI', `GET ${long}`, 'EXEC');
    servers[0].answer('+OK');
    scene.settle();
    assert.equal(
      client.said,
      `+OK\r\n+OK\r\n${tooLong}-EXECABORT Transaction discarded because of: ${tooLong.slice(5)}`,
    );
    const other = await tracked('BCAST', [], TWO.slice(0, 1));
    ask(other.scene, other.client, `GET ${long}`);
    assert.deepEqual(other.servers[0].asked, [`GET ${long}`]);
  });

  test('so it is with parts of one answer', async () => {
    const { scene, client, servers } = await tracked();
    const [here, there] = await keysOf(scene);
    ask(scene, client, `MGET ${here} ${there}`);
    servers[0].answer('*1\r\n$3\r\nold');
    tell(scene, servers[0].links[0], changed(here));
    assert.equal(client.said, '');
    servers[1].answer('*1\r\n$1\r\n2');
    scene.settle();
    assert.equal(client.said, `*2\r\n$3\r\nold\r\n$1\r\n2\r\n${changed(here)}\r\n`);
  });

  test('is cut anywhere by the network, between replies', async () => {
    const { scene, client, servers } = await tracked('', [], TWO.slice(0, 1));
    const text = `${changed('a-key')}\r\n`;
    for (let at = 1; at < text.length; at++) {
      client.said = '';
      ask(scene, client, 'GET a');
      const [link] = servers[0].links;
      for (const part of [text.slice(0, at), text.slice(at)]) {
        const bytes = Buffer.from(part);
        link.write(bytes, 0, bytes.length);
        scene.settle();
      }
      servers[0].answer('$1\r\n1');
      scene.settle();
      assert.equal(client.said, `$1\r\n1\r\n${text}`, `cut at ${at}`);
    }
  });

  test('FLUSHALL, which its server carries out in each database, says once that everything goes', async () => {
    const { scene, client, servers } = await tracked('', ['databases: 16']);
    const [key] = await keysOf(scene);
    const [{ links }] = servers;
    tell(scene, links[0], EVERYTHING.repeat(16).trimEnd());
    assert.equal(client.said, EVERYTHING);
    client.said = '';
    ask(scene, client, `GET ${key}`);
    tell(scene, links[0], `$1\r\n1\r\n${EVERYTHING}${changed(key)}\r\n${EVERYTHING}`.trimEnd());
    assert.equal(client.said, `$1\r\n1\r\n${EVERYTHING}${changed(key)}\r\n`);
  });

  test('a lost connection makes everything doubtful, at once and behind what was under way', async () => {
    const { scene, client, servers } = await tracked();
    servers[1].cut();
    scene.settle();
    assert.equal(client.said, EVERYTHING);
    const [here, there] = await keysOf(scene);
    ask(scene, client, `GET ${there}`);
    // made anew, and tracked before anything else is asked
    assert.deepEqual(servers[1].asked, ['CLIENT TRACKING ON']);
    servers[1].answer('+OK');
    scene.settle();
    servers[1].answer('$1\r\n2');
    scene.settle();
    assert.equal(client.said, '$1\r\n2\r\n');
    client.said = '';
    ask(scene, client, `GET ${there}`, `GET ${here}`);
    servers[0].answer('$1\r\n1');
    scene.settle();
    servers[1].cut();
    scene.settle();
    assert.match(
      client.said,
      /^>2\r\n\$10\r\ninvalidate\r\n_\r\n-[^\r]*\r\n\$1\r\n1\r\n>2\r\n\$10\r\ninvalidate\r\n_\r\n$/,
    );
  });

  test('a master that moves makes everything doubtful', async () => {
    const { scene, client } = await tracked('', [], TWO.slice(0, 1));
    scene.pool.servers[0].moveTo({ kind: 'tcp', host: '10.0.0.9', port: 6379 });
    scene.settle();
    assert.equal(client.said, EVERYTHING);
  });

  test('OPTIN: CLIENT CACHING YES goes to the server of the next command, in front of it', async () => {
    const { scene, client, servers } = await tracked('OPTIN');
    const [here, there] = await keysOf(scene);
    assert.equal(ask(scene, client, 'CLIENT CACHING YES', 'CLIENT TRACKINGINFO').slice(0, 5), '+OK\r\n');
    ask(scene, client, `GET ${here}`, `GET ${there}`);
    assert.deepEqual(servers[0].asked, ['CLIENT CACHING YES', `GET ${here}`]);
    assert.deepEqual(servers[1].asked, [`GET ${there}`]);
    servers[0].answer('+OK', '$1\r\n1');
    servers[1].answer('$1\r\n2');
    scene.settle();
    assert.equal(client.said, '$1\r\n1\r\n$1\r\n2\r\n');
    ask(scene, client, 'CLIENT CACHING YES', 'MULTI', `PTTL ${here}`, `GET ${here}`, 'EXEC', `GET ${here}`);
    assert.deepEqual(servers[0].asked, [
      'CLIENT CACHING YES',
      'MULTI',
      `PTTL ${here}`,
      `GET ${here}`,
      'EXEC',
      `GET ${here}`,
    ]);
  });

  test('OPTIN: CLIENT CACHING YES inside a transaction goes to its server in its place', async () => {
    const { scene, client, servers } = await tracked('OPTIN');
    const [, there] = await keysOf(scene);
    const lines = ['MULTI', `GET ${there}`, 'CLIENT CACHING YES', `MGET ${there}`, 'EXEC'];
    ask(scene, client, ...lines, `GET ${there}`);
    assert.deepEqual(servers[1].asked, [...lines, `GET ${there}`]);
    servers[1].answer('+OK', '+QUEUED', '+QUEUED', '+QUEUED', '*3\r\n_\r\n+OK\r\n*1\r\n_', '_');
    scene.settle();
    assert.equal(client.said, `+OK\r\n${'+QUEUED\r\n'.repeat(3)}*3\r\n_\r\n+OK\r\n*1\r\n_\r\n_\r\n`);
    client.said = '';
    // behind WATCH everything is in doubt anyhow, and the connection that watches is not tracked
    ask(scene, client, `WATCH ${there}`);
    servers[1].answer('+OK');
    ask(scene, client, 'MULTI', 'CLIENT CACHING YES', `GET ${there}`, 'EXEC');
    servers[1].answer('+OK', '+QUEUED', '*1\r\n$1\r\n1');
    scene.settle();
    assert.match(client.said, /\*2\r\n\+OK\r\n\$1\r\n1\r\n>2\r\n\$10\r\ninvalidate\r\n_\r\n$/);
  });

  test('what was not prepared as it should be is doubtful', async () => {
    const { scene, client, servers } = await tracked('OPTIN', [], TWO.slice(0, 1));
    ask(scene, client, 'CLIENT CACHING YES', 'GET a');
    servers[0].answer('-ERR no', '$1\r\n1');
    scene.settle();
    assert.equal(client.said, `+OK\r\n${EVERYTHING}$1\r\n1\r\n${EVERYTHING}`);
  });

  test('what is read in a transaction behind WATCH is not remembered, so it is doubtful', async () => {
    const { scene, client, servers } = await tracked('', [], TWO.slice(0, 1));
    ask(scene, client, 'WATCH a');
    servers[0].answer('+OK');
    ask(scene, client, 'MULTI', 'GET a', 'EXEC');
    servers[0].answer('+OK', '+QUEUED', '*1\r\n$1\r\n1');
    scene.settle();
    assert.equal(client.said, `+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n${EVERYTHING}`);
  });

  test('one who waits is told at once', async () => {
    const { scene, client, servers } = await tracked('', [], TWO.slice(0, 1));
    ask(scene, client, 'BLPOP list 0');
    tell(scene, servers[0].links[0], changed('a'));
    assert.equal(client.said, `${changed('a')}\r\n`);
  });

  test('so is one whose waiting was asked for behind what changes its keys', async () => {
    const { scene, client, servers } = await tracked('BCAST', [], TWO.slice(0, 1));
    ask(scene, client, 'SET a 1', 'BLPOP list 0');
    servers[0].answer('+OK');
    tell(scene, servers[0].links[0], changed('a'));
    assert.equal(client.said, `+OK\r\n${changed('a')}\r\n`);
  });

  test('BCAST without a prefix is that of all keys: one more prefix overlaps with it, as in Redis', async () => {
    const { scene, client } = await tracked('BCAST');
    assert.equal(
      ask(scene, client, 'CLIENT TRACKING ON BCAST PREFIX user:'),
      "-ERR Prefix 'user:' overlaps with an existing prefix ''. Prefixes for a single client must not overlap.\r\n",
    );
    assert.match(ask(scene, client, 'CLIENT TRACKINGINFO'), /\$8\r\nprefixes\r\n\*1\r\n\$0\r\n\r\n$/);
    assert.equal(ask(scene, client, 'CLIENT TRACKING ON BCAST'), '+OK\r\n', 'it is what it was');
  });

  test('RESET, HELLO 2 and OFF end it', async () => {
    for (const end of ['RESET', 'HELLO 2', 'CLIENT TRACKING OFF']) {
      const { scene, client, servers } = await tracked('', [], TWO.slice(0, 1));
      ask(scene, client, end, 'GET a');
      servers[0].answer('$1\r\n1');
      tell(scene, servers[0].links.at(-1) as Link, '');
      assert.equal(scene.pool.stats.trackingClients, 0, end);
      assert.doesNotMatch(client.said, /invalidate/, end);
      closeScenes();
    }
  });

  test('what is told of every write is bounded: 64 prefixes of all clients together, and a tenth of the clients', async () => {
    const { scene, client, servers } = await tracked('BCAST', ['tracking_clients: 30'], TWO.slice(0, 1));
    const track = (prefixes: readonly string[]): { client: MemoryClient; said: string } => {
      const one = scene.client();
      ask(scene, one, 'HELLO 3');
      one.said = '';
      ask(
        scene,
        one,
        ['CLIENT TRACKING ON BCAST', ...prefixes.map((prefix) => `PREFIX ${prefix}`)].join(' '),
      );
      for (let i = 0; i < 2 && one.said === ''; i++) {
        servers[0].answer(i === 0 ? '+OK' : ':0');
        scene.settle();
      }
      return { client: one, said: one.said };
    };
    const prefixes = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}:`);
    const first = track(prefixes('a', 40));
    assert.equal(first.said, '+OK\r\n');
    assert.match(
      track(prefixes('b', 40)).said,
      /^-ERR all clients together have at most 64 different prefixes/,
    );
    assert.equal(track(prefixes('a', 40)).said, '+OK\r\n', 'the same ones cost a server nothing more');
    assert.match(
      track([]).said,
      /^-ERR 3 clients are told of all that is written already .*tracking_clients/,
    );
    client.leave();
    first.client.leave();
    scene.settle();
    assert.equal(track(prefixes('b', 20)).said, '+OK\r\n', 'who left counts no longer');
  });

  test('is refused in words: RESP2, REDIRECT, a server that does not let us, and no room for one more', async () => {
    const scene = await memoryScene(['tracking_clients: 1'], TWO.slice(0, 1));
    const [server] = scene.servers;
    server.always.set('HELLO', HELLO);
    const [one, two] = [scene.client(), scene.client()];
    assert.match(ask(scene, one, 'CLIENT TRACKING ON'), /^-ERR 'client tracking' is served with RESP3 only/);
    ask(scene, one, 'HELLO 3');
    ask(scene, two, 'HELLO 3');
    assert.match(
      ask(scene, one, 'CLIENT TRACKING ON REDIRECT 5'),
      /^-ERR 'client tracking' with REDIRECT is not served/,
    );
    ask(scene, one, 'CLIENT TRACKING ON');
    assert.match(
      ask(scene, two, 'CLIENT TRACKING ON'),
      /^-ERR 1 clients are tracked on 'one' already \(tracking_clients\)/,
    );
    server.answer("-NOPERM this user has no permissions to run the 'client|tracking' command");
    scene.settle();
    assert.match(one.said, /^-ERR server 'one' refused CLIENT TRACKING: NOPERM/);
    ask(scene, one, 'GET a');
    server.answer('$1\r\n1');
    scene.settle();
    assert.equal(one.said, '$1\r\n1\r\n');
  });

  test('a client that reads nothing of what it is told is not read for, and is closed in the end', async () => {
    const { scene, client, servers } = await tracked('BCAST', [], TWO.slice(0, 1));
    client.proxyEnd.capacity = 1000;
    client.link.pause();
    const [link] = servers[0].links;
    const much = Buffer.from(`${changed('x'.repeat(1000))}\r\n`.repeat(100));
    for (let i = 0; i < 40; i++) {
      link.write(much, 0, much.length);
      scene.settle();
    }
    assert.ok(scene.pool.budget.used < 3 * 1024 * 1024, `${scene.pool.budget.used} bytes are kept`);
    scene.pass(60_001);
    scene.pass(1);
    assert.equal(scene.pool.clients.size, 0);
  });
});
