import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { encodeRequest } from '../../../proxy/protocol/replies.ts';
import type { Link } from '../../../proxy/transport/link.ts';
import { MemoryLink } from '../../../proxy/transport/memory.ts';
import {
  answer,
  ask,
  closeScenes,
  FOLLOWED,
  type MemoryClient,
  type MemoryScene,
  memoryScene,
  type ScriptedServer,
  TWO,
  tell,
} from '../../support/memory-scene.ts';
import { waitUntil } from '../../support/wait-until.ts';

afterEach(closeScenes);

const NEW = { kind: 'tcp', host: '10.0.0.9', port: 6379 } as const;
const MASTER = '*3\r\n$6\r\nmaster\r\n:0\r\n*0';

/** An array of bulk strings and integers, without the last line end. */
function array(...elements: (string | number)[]): string {
  const lines = elements.map((each) =>
    typeof each === 'number' ? `:${each}` : `$${each.length}\r\n${each}`,
  );
  return [`*${elements.length}`, ...lines].join('\r\n');
}

const push = (...elements: (string | number)[]): string => array(...elements).replace('*', '>');

async function subscriber(
  settings: readonly string[] = [],
): Promise<{ scene: MemoryScene; client: MemoryClient; server: ScriptedServer; link: Link }> {
  const scene = await memoryScene(settings);
  const [server] = scene.servers;
  const client = scene.client();
  ask(scene, client, 'SUBSCRIBE a');
  answer(scene, client, server, array('subscribe', 'a', 1));
  return { scene, client, server, link: server.links[server.links.length - 1] };
}

describe('SUBSCRIBE', () => {
  test('is answered when the server has confirmed it, in its turn, and nothing behind it is looked at before', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    const client = scene.client();
    assert.equal(ask(scene, client, 'GET k', 'SUBSCRIBE a b a', 'PING x'), '');
    assert.deepEqual(server.asked, ['GET k']);
    answer(scene, client, server, '$-1');
    assert.deepEqual(server.asked, ['SUBSCRIBE a b']);
    const first = server.links[server.links.length - 1];
    tell(scene, first, array('subscribe', 'a', 1));
    assert.equal(client.said, '$-1\r\n');
    // heard before the client knows that it listens
    tell(scene, first, array('message', 'a', 'early'));
    assert.equal(client.said, '$-1\r\n');
    tell(scene, first, array('subscribe', 'b', 2));
    const confirmed = [1, 2, 2].map((count, i) => `${array('subscribe', 'aba'[i], count)}\r\n`).join('');
    assert.equal(
      client.said,
      `$-1\r\n${confirmed}${array('message', 'a', 'early')}\r\n${array('pong', 'x')}\r\n`,
    );
  });

  test('in RESP2 only what cannot be mistaken is served, in Redis’ words; all of it again after UNSUBSCRIBE', async () => {
    const { scene, client, server } = await subscriber();
    assert.match(
      ask(scene, client, 'GET k'),
      /^-ERR Can't execute 'get': only \(P\|S\)SUBSCRIBE \/ \(P\|S\)UNSUBSCRIBE \/ PING \/ QUIT \/ RESET are allowed in this context\r\n$/,
    );
    assert.match(
      ask(scene, client, 'EXEC'),
      /^-EXECABORT Transaction discarded because of: Can't execute 'exec': only \(P\|S\)SUBSCRIBE /,
    );
    assert.equal(ask(scene, client, 'PING'), `${array('pong', '')}\r\n`);
    ask(scene, client, 'UNSUBSCRIBE');
    assert.equal(
      answer(scene, client, server, array('message', 'a', 'm')).length > 0,
      true,
      'messages until it is confirmed',
    );
    client.said = '';
    tell(scene, server.links[server.links.length - 1], array('unsubscribe', 'a', 0));
    assert.equal(client.said, `${array('unsubscribe', 'a', 0)}\r\n`);
    assert.equal(server.links.length, 0, 'a connection that nobody listens on is closed');
    assert.equal(ask(scene, client, 'PING'), '+PONG\r\n');
    assert.equal(
      ask(scene, client, 'UNSUBSCRIBE', 'PUNSUBSCRIBE p'),
      '*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n*3\r\n$12\r\npunsubscribe\r\n$1\r\np\r\n:0\r\n',
    );
  });

  test('in RESP3 messages are pushed between replies, never into one', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    server.always.set('HELLO', '%0');
    const client = scene.client();
    ask(scene, client, 'HELLO 3');
    ask(scene, client, 'SUBSCRIBE a');
    assert.equal(
      answer(scene, client, server, array('subscribe', 'a', 1)),
      `${push('subscribe', 'a', 1)}\r\n`,
    );
    const [link] = server.links;
    ask(scene, client, 'GET k');
    const other = server.links.find((each) => each !== link) as Link;
    const value = 'v'.repeat(100_000);
    const half = Buffer.from(`$${value.length}\r\n${value.slice(0, 50_000)}`);
    other.write(half, 0, half.length);
    scene.settle();
    assert.ok(client.said.length > 40_000, 'a part of the reply is there');
    tell(scene, link, array('message', 'a', 'm'));
    tell(scene, other, value.slice(50_000));
    assert.equal(client.said, `$${value.length}\r\n${value}\r\n${push('message', 'a', 'm')}\r\n`);
  });

  test('a channel is listened to where PUBLISH to it goes, a pattern and events of keys everywhere, each message once', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'news', 'chat'];
    ask(scene, client, `SUBSCRIBE ${names.join(' ')}`);
    const where = scene.servers.map(({ asked }) => asked[0].split(' ').slice(1));
    assert.ok(where.every((its) => its.length > 0));
    assert.deepEqual(where.flat().sort(), [...names].sort());
    for (const [i, { links }] of scene.servers.entries())
      for (const [n, name] of where[i].entries()) tell(scene, links[0], array('subscribe', name, n + 1));
    const publisher = scene.client();
    ask(scene, publisher, ...names.map((name) => `PUBLISH ${name} m`));
    for (const [i, { asked }] of scene.servers.entries())
      assert.deepEqual(
        asked.slice(1),
        where[i].map((name) => `PUBLISH ${name} m`),
      );
    const listener = scene.client();
    for (const { asked } of scene.servers) asked.length = 0;
    ask(scene, listener, 'PSUBSCRIBE n*');
    ask(scene, scene.client(), 'SUBSCRIBE __keyevent@0__:expired');
    for (const { asked } of scene.servers)
      assert.deepEqual(asked, ['PSUBSCRIBE n*', 'SUBSCRIBE __keyevent@0__:expired']);
  });

  test('a refusal of one server is the answer, and the others forget it', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    ask(scene, client, 'PSUBSCRIBE x*');
    const [one, two] = scene.servers;
    assert.equal(answer(scene, client, one, array('psubscribe', 'x*', 1)), '');
    const refusal = '-NOPERM this user has no permissions to access one of the channels used as arguments';
    assert.equal(answer(scene, client, two, refusal), '');
    assert.deepEqual(one.asked, ['PUNSUBSCRIBE x*']);
    // Said before it was asked to forget it: the client, which listens to nothing, would take it for the answer.
    tell(scene, one.links[0], array('pmessage', 'x*', 'xy', 'late'));
    assert.equal(client.said, '');
    assert.equal(answer(scene, client, one, array('punsubscribe', 'x*', 0)), `${refusal}\r\n`);
    assert.equal(ask(scene, client, 'PING'), '+PONG\r\n');
    assert.deepEqual(
      scene.servers.map(({ links }) => links.length),
      [0, 0],
    );
  });

  test('as many clients as may listen on a server already do: told so by name, and room when one leaves', async () => {
    const { scene, client } = await subscriber(['subscribing_clients: 1']);
    const other = scene.client();
    const full = "-ERR 1 clients subscribe on 'one' already (subscribing_clients)\r\n";
    assert.equal(ask(scene, other, 'SUBSCRIBE b'), full);
    assert.equal(ask(scene, other, 'PING'), '+PONG\r\n');
    client.leave();
    scene.settle();
    assert.equal(scene.servers[0].links.length, 0, 'closed with the client');
    assert.equal(ask(scene, other, 'SUBSCRIBE b'), '');
    assert.deepEqual(scene.servers[0].asked, ['SUBSCRIBE b']);
  });

  test('more names than a client may have, new ones or the same again, are refused; as many are served in no time', async () => {
    const { scene, client, server } = await subscriber();
    const subscribe = (verb: string, names: readonly string[]): string => {
      client.said = '';
      client.send(encodeRequest([verb, ...names]));
      scene.settle();
      return client.said;
    };
    const names = Array.from({ length: 100_001 }, (_, i) => `n${i}`);
    assert.equal(subscribe('UNSUBSCRIBE', names), "-ERR 'unsubscribe' has at most 100000 names here\r\n");
    assert.equal(
      subscribe('SUBSCRIBE', names.slice(1)),
      '-ERR a client subscribes to at most 100000 channels and patterns here\r\n',
    );
    const begin = performance.now();
    assert.equal(subscribe('SUBSCRIBE', names.slice(2)), '');
    assert.equal(server.asked.length, 1);
    assert.ok(performance.now() - begin < 30_000, 'work that grows with the square takes minutes');
    assert.equal(ask(scene, scene.client(), 'PING'), '+PONG\r\n');
  });

  test('more patterns than redis looks through in no time are refused, in one request or in many', async () => {
    const { scene, client, server } = await subscriber();
    const names = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, i) => `n${from + i}`).join(' ');
    const refusal = '-ERR a client subscribes to at most 4096 patterns here\r\n';
    assert.equal(ask(scene, client, `PSUBSCRIBE ${names(0, 4097)}`), refusal);
    assert.deepEqual(server.asked, []);
    assert.equal(ask(scene, client, `PSUBSCRIBE ${names(0, 4096)}`), '');
    assert.equal(server.asked.length, 1);
  });

  test('more patterns of all clients than servers compare in no time are refused, and room when one leaves', async () => {
    const { scene, client } = await subscriber();
    const names = Array.from({ length: 4096 }, (_, i) => `n${i}`).join(' ');
    const others = [client, scene.client(), scene.client(), scene.client()];
    for (const each of others) assert.equal(ask(scene, each, `PSUBSCRIBE ${names}`), '');
    const late = scene.client();
    assert.equal(
      ask(scene, late, 'PSUBSCRIBE x'),
      '-ERR all clients together subscribe to at most 16384 patterns here: servers compare each with every message\r\n',
    );
    others[1].leave();
    scene.settle();
    assert.equal(ask(scene, late, `PSUBSCRIBE ${names}`), '');
  });

  test('RESET and QUIT end it', async () => {
    for (const [end, said] of [
      ['RESET', '+RESET\r\n'],
      ['QUIT', '+OK\r\n'],
    ]) {
      const { scene, client, server } = await subscriber();
      assert.equal(ask(scene, client, end), said);
      assert.equal(server.links.length, 0);
      if (end === 'RESET') assert.equal(ask(scene, client, 'PING'), '+PONG\r\n');
    }
  });
});

describe('a subscriber and the end of its server', () => {
  test('its connection is lost: subscribed again, not answered again', async () => {
    const { scene, client, server } = await subscriber();
    client.said = '';
    server.cut();
    await waitUntil('the subscription', () => {
      scene.settle();
      return server.asked.length > 0;
    });
    assert.deepEqual(server.asked, ['SUBSCRIBE a']);
    assert.equal(answer(scene, client, server, array('subscribe', 'a', 1)), '');
    tell(scene, server.links[0], array('message', 'a', 'again'));
    assert.equal(client.said, `${array('message', 'a', 'again')}\r\n`);
  });

  test('the next one is gone too, before all is said to it: subscribed on the one after that', async (t) => {
    const { scene, client, server } = await subscriber();
    ask(scene, client, 'PSUBSCRIBE p*');
    answer(scene, client, server, array('psubscribe', 'p*', 2));
    client.said = '';
    const gone = t.mock.method(MemoryLink.prototype, 'write', () => -1);
    server.cut();
    await waitUntil('a connection in vain', () => {
      scene.settle();
      return gone.mock.callCount() > 0;
    });
    gone.mock.restore();
    await waitUntil('the subscriptions', () => {
      scene.settle();
      return server.asked.length > 1;
    });
    assert.deepEqual(server.asked, ['SUBSCRIBE a', 'PSUBSCRIBE p*']);
    answer(scene, client, server, array('subscribe', 'a', 1));
    answer(scene, client, server, array('psubscribe', 'p*', 2));
    tell(scene, server.links[0], array('message', 'a', 'again'));
    assert.equal(client.said, `${array('message', 'a', 'again')}\r\n`);
  });

  test('the master moves: subscribed there at once, and a SUBSCRIBE that waited is answered once', async () => {
    const scene = await memoryScene(FOLLOWED, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
    for (const server of scene.servers) server.always.set('ROLE', MASTER);
    const [old, next] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'SUBSCRIBE a');
    answer(scene, client, old, array('subscribe', 'a', 1));
    scene.pool.servers[0].wait();
    old.cut();
    assert.equal(ask(scene, client, 'SUBSCRIBE b'), '');
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    assert.deepEqual(next.asked, ['SUBSCRIBE a', 'SUBSCRIBE b']);
    assert.equal(answer(scene, client, next, array('subscribe', 'a', 1)), '');
    assert.equal(
      answer(scene, client, next, array('subscribe', 'b', 2)),
      `${array('subscribe', 'b', 2)}\r\n`,
    );
  });

  test('no master comes: the SUBSCRIBE that waits is answered after failover_hold, the others go on', async () => {
    const settings = FOLLOWED.map((line) => line.replace('3000', '50'));
    const scene = await memoryScene(settings, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
    for (const server of scene.servers) server.always.set('ROLE', MASTER);
    const client = scene.client();
    ask(scene, client, 'SUBSCRIBE a');
    answer(scene, client, scene.servers[0], array('subscribe', 'a', 1));
    scene.pool.servers[0].wait();
    scene.servers[0].cut();
    ask(scene, client, 'SUBSCRIBE b');
    await waitUntil('the answer', () => {
      scene.settle();
      return client.said !== '';
    });
    assert.equal(client.said, "-ERR server 'one' did not confirm it within 50 ms\r\n");
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    assert.deepEqual(scene.servers[1].asked, ['SUBSCRIBE a']);
  });

  test('a server that is not there is said at once where nothing is held', async () => {
    const scene = await memoryScene([], ['10.0.0.1:6379:1 one']);
    const client = scene.client();
    ask(scene, client, 'SUBSCRIBE a');
    scene.servers[0].cut();
    client.said = '';
    scene.settle();
    assert.equal(client.said, '-ERR Connection reset by peer\r\n');
    assert.equal(ask(scene, client, 'PING'), '+PONG\r\n');
  });
});

describe('a subscriber that does not read', () => {
  test('its messages stay on the server, others hear theirs, and it is ended when the server ends it', async () => {
    const { scene, client, server, link } = await subscriber();
    const other = scene.client();
    ask(scene, other, 'SUBSCRIBE a');
    answer(scene, other, server, array('subscribe', 'a', 1));
    const otherLink = server.links.find((each) => each !== link) as Link;
    client.proxyEnd.capacity = 1000;
    client.link.pause();
    const payload = 'p'.repeat(100_000);
    for (let i = 0; i < 40; i++) tell(scene, link, array('message', 'a', payload));
    const kept = scene.pool.budget.used;
    assert.ok(kept < 1_500_000, `${kept} bytes are kept`);
    other.said = '';
    tell(scene, otherLink, array('message', 'a', 'm'));
    assert.equal(other.said, `${array('message', 'a', 'm')}\r\n`);
    link.close();
    scene.settle();
    assert.ok(client.ended);
    assert.match(scene.warnings.join(), /closed its connection, and it was slow to read/);
    assert.ok(!other.ended);
  });
});

describe('who subscribes', () => {
  test('is shown by CLIENT LIST, and counted until it has left', async () => {
    const { scene, client, server } = await subscriber();
    const other = scene.client();
    const list = (): string => ask(scene, other, 'CLIENT LIST TYPE pubsub');
    assert.match(list(), /flags=P .*sub=1 psub=0 ssub=0 .*cmd=subscribe /);
    ask(scene, client, 'PSUBSCRIBE x* y*');
    answer(scene, client, server, array('psubscribe', 'x*', 2));
    tell(scene, server.links[0], array('psubscribe', 'y*', 3));
    assert.match(list(), /sub=1 psub=2 ssub=0 /);
    assert.equal(scene.pool.stats.subscribedClients, 1);
    assert.doesNotMatch(ask(scene, other, 'CLIENT LIST TYPE normal'), /sub=1/);
    client.leave();
    scene.settle();
    assert.equal(list(), '$0\r\n\r\n');
    assert.equal(scene.pool.stats.subscribedClients, 0);
  });
});

describe('PUBSUB', () => {
  test('says which server did not give its part', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    ask(scene, client, 'PUBSUB CHANNELS');
    scene.servers[0].answer('*1\r\n$1\r\nx');
    scene.servers[1].answer('-LOADING for a while');
    scene.settle();
    assert.equal(
      client.said,
      "-ERR 'pubsub channels' was not done by 'two' (LOADING for a while); done by 'one'\r\n",
    );
    ask(scene, client, 'PUBSUB NUMSUB name');
    const [server] = scene.servers.filter(({ asked }) => asked.length > 0);
    server.answer('-LOADING for a while');
    scene.settle();
    assert.match(
      client.said,
      /^-ERR 'pubsub numsub' was not done by '(one|two)' \(LOADING for a while\)\r\n$/,
    );
  });

  test('puts together what the servers say', async () => {
    const scene = await memoryScene([], TWO);
    const [one, two] = scene.servers;
    const client = scene.client();
    ask(scene, client, 'PUBSUB CHANNELS');
    answer(scene, client, one, array('a', '__keyevent@0__:set'));
    assert.equal(
      answer(scene, client, two, array('b', '__keyevent@0__:set')),
      `${array('a', '__keyevent@0__:set', 'b')}\r\n`,
    );
    ask(scene, client, 'PUBSUB NUMPAT');
    answer(scene, client, one, ':3');
    assert.equal(answer(scene, client, two, ':2'), ':3\r\n');
    const names = ['a', 'b', 'c', 'd', 'e', 'news', 'chat'];
    ask(scene, client, `PUBSUB NUMSUB ${names.join(' ')}`);
    for (const server of scene.servers) {
      const its = server.asked[0].split(' ').slice(2);
      answer(scene, client, server, array(...its.flatMap((name) => [name, name.charCodeAt(0)])));
    }
    assert.equal(client.said, `${array(...names.flatMap((name) => [name, name.charCodeAt(0)]))}\r\n`);
    assert.equal(ask(scene, client, 'PUBSUB NUMSUB'), '*0\r\n');
    assert.match(ask(scene, client, 'PUBSUB HELP'), /^\*14\r\n\+PUBSUB <subcommand>/);
    assert.equal(
      ask(scene, client, 'PUBSUB nothing'),
      "-ERR unknown subcommand 'nothing'. Try PUBSUB HELP.\r\n",
    );
  });
});

describe('PUBLISH', () => {
  test('keeps its place among the requests of its client, and is a part of its transactions', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    ask(scene, client, 'SET a 1', 'PUBLISH c m', 'MULTI', 'PUBLISH c n', 'EXEC');
    assert.deepEqual(scene.servers[0].asked, ['SET a 1', 'PUBLISH c m', 'MULTI', 'PUBLISH c n', 'EXEC']);
  });

  test('does not overtake who has begun to subscribe to its channel, alone or in a transaction, small or large', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    ask(scene, scene.client(), 'SUBSCRIBE a b');
    ask(scene, scene.client(), 'PUBLISH c m', 'SPUBLISH a m', 'MULTI', 'GET k', 'EXEC');
    const others = ['PUBLISH c m', 'SPUBLISH a m', 'MULTI', 'GET k', 'EXEC'];
    assert.deepEqual(server.asked, ['SUBSCRIBE a b', ...others], 'what it will not hear does not wait');
    ask(scene, scene.client(), 'PUBLISH a m', 'GET after');
    ask(scene, scene.client(), 'MULTI', 'PUBLISH b n', 'EXEC');
    const [large, larger] = [100_000, 2_000_000].map((length) => `PUBLISH b ${'x'.repeat(length)}`);
    for (const each of [large, larger]) ask(scene, scene.client(), each);
    assert.deepEqual(server.asked.slice(6), []);
    const asked = server.asked.length;
    const [link] = server.links;
    tell(scene, link, array('subscribe', 'a', 1));
    assert.equal(server.asked.length, asked, 'confirmed in part');
    tell(scene, link, array('subscribe', 'b', 2));
    const sent = ['PUBLISH a m', 'GET after', 'MULTI', 'PUBLISH b n', 'EXEC', large, larger];
    assert.deepEqual(server.asked.slice(asked).sort(), sent.sort());
  });

  test('waits for patterns too, and no longer for who has left, was refused, or is not confirmed in half a second', async () => {
    const scene = await memoryScene([]);
    const [server] = scene.servers;
    const [leaving, waiting] = [scene.client(), scene.client()];
    ask(scene, leaving, 'PSUBSCRIBE n*');
    ask(scene, scene.client(), 'PUBLISH news 1');
    ask(scene, scene.client(), 'SPUBLISH news 1');
    assert.deepEqual(server.asked, ['PSUBSCRIBE n*', 'SPUBLISH news 1']);
    leaving.leave();
    scene.settle();
    assert.deepEqual(server.asked.slice(2), ['PUBLISH news 1']);
    ask(scene, waiting, 'SSUBSCRIBE news');
    ask(scene, scene.client(), 'SPUBLISH news 2');
    ask(scene, scene.client(), 'PUBLISH news 2');
    tell(scene, server.links[server.links.length - 1], '-NOPERM no');
    assert.match(waiting.said, /^-NOPERM/);
    assert.deepEqual(server.asked.slice(3), ['SSUBSCRIBE news', 'PUBLISH news 2', 'SPUBLISH news 2']);
    ask(scene, waiting, 'SUBSCRIBE news');
    ask(scene, scene.client(), 'PUBLISH news 3');
    assert.equal(server.asked[server.asked.length - 1], 'SUBSCRIBE news');
    await waitUntil('it has waited long enough', () => {
      scene.settle();
      return server.asked[server.asked.length - 1] === 'PUBLISH news 3';
    });
    ask(scene, scene.client(), 'PUBLISH news 4');
    assert.equal(server.asked[server.asked.length - 1], 'PUBLISH news 4', 'nor does anybody else');
  });

  test('is answered without a word of the replicas, and needs none', async () => {
    const scene = await memoryScene(['wait_replicas: 1']);
    const client = scene.client();
    ask(scene, client, 'PUBLISH c m');
    assert.deepEqual(scene.servers[0].asked, ['PUBLISH c m']);
    assert.equal(answer(scene, client, scene.servers[0], ':3'), ':3\r\n');
    ask(scene, client, 'SET k v', 'PUBLISH c m');
    assert.deepEqual(scene.servers[0].asked.slice(0, 2), ['SET k v', 'PUBLISH c m']);
    assert.equal(
      answer(scene, client, scene.servers[0], '+OK', ':3'),
      '',
      'not before the write in front of it',
    );
    assert.match(answer(scene, client, scene.servers[0], ':1'), /^\+OK\r\n:3\r\n/);
  });

  test('is not sent twice', async () => {
    const scene = await memoryScene(FOLLOWED, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
    for (const server of scene.servers) server.always.set('ROLE', MASTER);
    const client = scene.client();
    ask(scene, client, 'PUBLISH c m');
    scene.servers[0].cut();
    scene.settle();
    assert.match(client.said, /^-ERR .*not answered/);
  });
});
