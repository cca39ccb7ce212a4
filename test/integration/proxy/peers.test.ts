import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { freePorts } from '../../../scripts/loopback-ports.ts';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Two proxies of one pool that know each other, the second one with two workers; and a third address where nobody is. */
let redis: RedisServer;
let first: RunningProxy;
let second: RunningProxy;
let nobody: number;
const open: RawClient[] = [];

const conf = (port: number, peers: readonly number[]): string =>
  `alpha:\n  listen: 127.0.0.1:${port}\n  redis: true\n  redis_auth: secret\n  peers:\n` +
  `${peers.map((each) => `   - 127.0.0.1:${each}\n`).join('')}  servers:\n   - 127.0.0.1:${redis.port}:1 one\n`;

before(async () => {
  redis = await startRedis();
  [nobody] = await freePorts(1);
  first = await startProxy('bun', 1, ([port]) => conf(port, [port]));
  const peers = [...first.ports];
  second = await startProxy('bun', 1, ([port]) => conf(port, [...peers, port]), ['--workers', '2']);
  await waitUntil('both workers', async () => /nutcracker_workers 2\n/.test(await metrics(second)));
  writeFileSync(first.confFile, conf(first.ports[0], [...first.ports, ...second.ports]));
  first.daemon.signal('SIGUSR1');
  const known = await connect(second, 'known');
  // the pool of before lets its clients go, so the connection is another one each time
  await waitUntil('the proxies to know each other', async () => {
    const asking = await connect(first);
    try {
      return (await list(asking)).some(({ name }) => name === 'known');
    } finally {
      asking.end();
    }
  });
  known.end();
});

/** Nobody of an earlier test is left. */
beforeEach(async () => {
  for (const client of open.splice(0)) client.end();
  const asking = await connect(first);
  await waitUntil('the others to have left', async () => (await list(asking)).length === 1);
  asking.end();
});

after(async () => {
  for (const client of open) client.end();
  await Promise.all([first?.stop(), second?.stop()]);
  await redis?.stop();
});

async function connect(proxy: RunningProxy, name?: string): Promise<RawClient> {
  const client = await RawClient.open(proxy.ports[0]);
  open.push(client);
  await client.ask(request('AUTH', 'secret'));
  if (name !== undefined) await client.ask(request('CLIENT', 'SETNAME', name));
  return client;
}

const metrics = async (proxy: RunningProxy): Promise<string> =>
  await (await fetch(`http://127.0.0.1:${proxy.statsPort}/metrics`)).text();

async function say(client: RawClient, ...words: string[]): Promise<string> {
  return await client.ask(request(...words));
}

/** The lines of CLIENT LIST as maps. */
async function list(client: RawClient, ...filter: string[]): Promise<Record<string, string>[]> {
  const reply = await say(client, 'CLIENT', 'LIST', ...filter);
  return reply
    .split('\n')
    .filter((line) => line.startsWith('id='))
    .map((line) => Object.fromEntries(line.split(' ').map((pair) => pair.split('='))));
}

const idOf = async (client: RawClient): Promise<string> =>
  (await say(client, 'CLIENT', 'ID')).slice(1).trimEnd();

describe('the clients of all proxies of a pool', () => {
  test('CLIENT LIST has each of them once, with numbers of their own, whichever worker they came by', async () => {
    const many = await Promise.all([
      connect(first, 'worker-of-first'),
      ...Array.from({ length: 20 }, () => connect(second, 'worker-of-second')),
    ]);
    for (const asked of [many[0], many[1], many[20]]) {
      const lines = (await list(asked)).filter(({ name }) => name.startsWith('worker-of-'));
      assert.equal(lines.length, many.length);
      assert.equal(new Set(lines.map(({ id }) => id)).size, many.length);
      const ids = await Promise.all(many.map(idOf));
      assert.deepEqual(new Set(lines.map(({ id }) => id)), new Set(ids));
      assert.ok(ids.every((id) => Number.isSafeInteger(Number(id))));
      // the kernel spreads connections by chance: of 20, none at all once in 500,000 times
      assert.deepEqual(new Set(lines.map(({ worker }) => worker)), new Set([undefined, '1', '2']));
    }
  });

  test('shows no connection that the proxies have among themselves', async () => {
    const asking = await connect(first, 'alone');
    await waitUntil('the one before to have left', async () => (await list(asking)).length === 1);
    assert.deepEqual(
      (await list(asking, 'TYPE', 'normal')).map(({ name }) => name),
      ['alone'],
    );
    assert.deepEqual(await list(asking, 'TYPE', 'pubsub'), []);
  });

  test('CLIENT LIST ID, KILL ID and UNBLOCK reach whoever it is', async () => {
    const [asking, there] = [await connect(first), await connect(second, 'there')];
    const id = await idOf(there);
    assert.deepEqual(
      (await list(asking, 'ID', id)).map(({ name }) => name),
      ['there'],
    );
    there.received = Buffer.alloc(0);
    there.send(request('BLPOP', 'nothing', '0'));
    await waitUntil('it to wait', async () => (await list(asking, 'ID', id))[0]?.flags === 'b');
    await waitUntil(
      'its server to say what it calls the connection',
      async () => (await say(asking, 'CLIENT', 'UNBLOCK', id, 'ERROR')) === ':1\r\n',
    );
    assert.match(await there.replies(1), /^-UNBLOCKED client unblocked via CLIENT UNBLOCK/);
    assert.equal(await say(asking, 'CLIENT', 'UNBLOCK', id), ':0\r\n');
    assert.equal(await say(asking, 'CLIENT', 'KILL', 'ID', id, 'TYPE', 'pubsub'), ':0\r\n');
    assert.equal(await say(asking, 'CLIENT', 'KILL', 'ID', id), ':1\r\n');
    await waitUntil('its end', () => there.closed);
    assert.equal(await say(asking, 'CLIENT', 'KILL', 'ID', id), ':0\r\n');
  });

  test('CLIENT KILL by address, in the old form and the new one; SKIPME is for oneself', async () => {
    const asking = await connect(first, 'asking');
    const [one, two] = await Promise.all([connect(second, 'kill-one'), connect(second, 'kill-two')]);
    const ends = [one, two].map(
      ({ socket }) =>
        new Promise((done) => {
          socket.once('end', () => done('in order'));
          socket.once('error', done);
        }),
    );
    const addr = async (wanted: string): Promise<string> =>
      (await list(asking)).find(({ name }) => name === wanted)?.addr ?? 'nobody';
    assert.equal(await say(asking, 'CLIENT', 'KILL', await addr('kill-one')), '+OK\r\n');
    assert.equal(await say(asking, 'CLIENT', 'KILL', '192.0.2.1:1'), '-ERR No such client\r\n');
    assert.equal(await say(asking, 'CLIENT', 'KILL', 'ADDR', await addr('kill-two')), ':1\r\n');
    await waitUntil('their end', () => one.closed && two.closed);
    assert.deepEqual(await Promise.all(ends), ['in order', 'in order']);
    const own = await addr('asking');
    assert.equal(await say(asking, 'CLIENT', 'KILL', 'ADDR', own), ':0\r\n');
    assert.equal(await say(asking, 'CLIENT', 'KILL', 'ADDR', own, 'SKIPME', 'NO'), ':1\r\n');
    await waitUntil('its own end', () => asking.closed);
  });

  test('CLIENT PAUSE holds up everyone but who has not said the password, until CLIENT UNPAUSE', async () => {
    const [asking, there] = [await connect(first), await connect(second)];
    await say(asking, 'SET', 'paused', 'before');
    assert.equal(await say(asking, 'CLIENT', 'PAUSE', '600000', 'WRITE'), '+OK\r\n');
    assert.equal(await say(there, 'GET', 'paused'), '$6\r\nbefore\r\n');
    const held = there.ask(Buffer.concat([request('SET', 'paused', 'after'), request('GET', 'paused')]), 2);
    const late = await connect(second);
    const lateHeld = late.ask(request('PUBLISH', 'x', 'y'));
    assert.equal(await redis.client.get('paused'), 'before');
    assert.equal(await say(asking, 'CLIENT', 'PAUSE', '600000'), '+OK\r\n');
    const balancer = await RawClient.open(second.ports[0]);
    assert.equal(await balancer.ask(request('PING')), '+PONG\r\n');
    balancer.end();
    assert.equal(await redis.client.get('paused'), 'before');
    assert.equal(await say(asking, 'CLIENT', 'UNPAUSE'), '+OK\r\n');
    assert.equal(await held, '+OK\r\n$5\r\nafter\r\n');
    assert.equal(await lateHeld, ':0\r\n');
  });

  test('CLIENT PAUSE ends by itself', async () => {
    const [asking, there] = [await connect(first), await connect(second)];
    assert.equal(await say(asking, 'CLIENT', 'PAUSE', '50'), '+OK\r\n');
    assert.equal(await say(there, 'PING'), '+PONG\r\n');
    assert.equal(await say(asking, 'PING'), '+PONG\r\n');
  });

  test('inside a transaction, what concerns the clients of others is refused', async () => {
    const asking = await connect(first);
    await say(asking, 'MULTI');
    assert.match(
      await say(asking, 'CLIENT', 'LIST'),
      /^-ERR 'client list' is not served inside a transaction/,
    );
    assert.match(await say(asking, 'EXEC'), /^-EXECABORT /);
  });

  test('who has only the password for applications is not taken for a proxy', async () => {
    const asking = await connect(first);
    const token = 'a'.repeat(64);
    assert.match(
      await say(asking, 'CLIENT', 'PEER', token, 'LIST'),
      /^-ERR 'client peer' is for the other proxies/,
    );
    assert.equal((await list(asking)).length, 1, 'and it is seen');
    const stranger = await RawClient.open(first.ports[0]);
    assert.match(await stranger.ask(request('CLIENT', 'PEER', token, 'LIST')), /^-NOAUTH /);
    stranger.end();
  });

  test('a proxy that hangs is left out, the log names it, and nobody waits for it twice', async () => {
    const asking = await connect(first, 'here');
    await connect(second, 'hung');
    const names = async (): Promise<string[]> => (await list(asking)).map(({ name }) => name).sort();
    assert.deepEqual(await names(), ['here', 'hung']);
    const pids = [second.daemon.pid, ...workersOf(second.daemon.pid)];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      assert.deepEqual(await names(), ['here']);
      assert.match(
        first.daemon.output(),
        new RegExp(
          `CLIENT LIST was carried out without the proxy 127.0.0.1:${second.ports[0]}: it does not answer`,
        ),
      );
      assert.match(await metrics(first), /nutcracker_peers_silent_total\{pool="alpha"\} [1-9]/);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await waitUntil('it to be asked again', async () => (await names()).includes('hung'));
  });

  test('so is one that nobody has started, and a proxy that is none of its peers says so', async () => {
    const alone = await startProxy('bun', 1, ([port]) => conf(port, [nobody]));
    try {
      const asking = await connect(alone, 'alone');
      assert.deepEqual(
        (await list(asking)).map(({ name }) => name),
        ['alone'],
      );
      assert.match(alone.daemon.output(), /this proxy is none of its peers/);
      assert.match(alone.daemon.output(), /without the proxy 127.0.0.1:\d+: ECONNREFUSED/);
    } finally {
      await alone.stop();
    }
  });
});

function workersOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((each) => each !== '')
    .map(Number);
}
