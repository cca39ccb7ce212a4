import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { RawClient, request } from '../support/raw-client.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitUntil } from '../support/wait-until.ts';

/* auto_eject_hosts: both proxies before the same two servers, of which one fails; what clients see, step by step. */
const KEYS = ['name', 'name2', 'apple', 'zebra', 'orange', 'qwerty', '42', 'Berlin', 'x', 'linux48'];
const LIMIT = 3;
const RETRY_MS = 700;
let steady: RedisServer;
let failing: RedisServer;
let ours: RunningProxy;
let original: RunningProxy;

before(async () => {
  [steady, failing] = await Promise.all([startRedis(), startRedis()]);
  await fill(steady, 'steady');
  await fill(failing, 'failing');
  const conf = ([port]: readonly number[]): string => `p:
  listen: 127.0.0.1:${port}
  redis: true
  timeout: 300
  auto_eject_hosts: true
  server_failure_limit: ${LIMIT}
  server_retry_timeout: ${RETRY_MS}
  servers:
   - 127.0.0.1:${steady.port}:1 server1
   - 127.0.0.1:${failing.port}:1 server2
`;
  ours = await startProxy('bun', 1, conf);
  original = await startProxy('original', 1, conf);
});

after(async () => {
  await Promise.all([ours?.stop(), original?.stop()]);
  await Promise.all([steady?.stop(), failing?.stop()]);
});

/** Every key holds the name of the server that has it. */
async function fill(server: RedisServer, name: string): Promise<void> {
  for (const key of KEYS) await server.client.set(key, name);
}

async function ask(proxy: RunningProxy, keys: readonly string[]): Promise<string[]> {
  const client = await RawClient.open(proxy.ports[0]);
  const text = await client.ask(Buffer.concat(keys.map((key) => request('GET', key))), keys.length);
  client.end();
  return text.split('\r\n').filter((line) => line !== '' && line[0] !== '$');
}

/** The same requests to both, one connection for each group. */
async function both(
  groups: readonly (readonly string[])[],
): Promise<[original: string[][], ours: string[][]]> {
  const answers: [string[][], string[][]] = [[], []];
  for (const [i, proxy] of [original, ours].entries()) {
    for (const keys of groups) answers[i].push(await ask(proxy, keys));
  }
  return answers;
}

async function restartFailing(): Promise<void> {
  failing = await startRedis([], failing.port);
  await fill(failing, 'failing');
}

async function backAtBoth(key: string): Promise<void> {
  for (const proxy of [original, ours]) {
    await waitUntil('the server to be back', async () => (await ask(proxy, [key]))[0] === 'failing');
  }
}

describe('a server that fails', () => {
  let key: string;

  test('that refuses connections: as many errors, then its keys at the other server', async () => {
    // no connection is open yet: one that the server closes while it is idle counts with the original only
    await failing.stop();
    const mapping = await both(KEYS.map((each) => [each]));
    assert.deepEqual(mapping[1], mapping[0]);
    const refused = mapping[0].findIndex(([answer]) => answer.startsWith('-'));
    assert.ok(refused >= 0);
    key = KEYS[refused];
    assert.equal(mapping[0].filter(([answer]) => answer === '-ERR Connection refused').length, LIMIT);
    const [theirs, mine] = await both([KEYS]);
    assert.deepEqual(mine, theirs);
    assert.deepEqual(
      mine[0],
      KEYS.map(() => 'steady'),
    );
  });

  test('that stays away: the original lets clients find out, ours does not (documented)', async () => {
    const errors = async (proxy: RunningProxy): Promise<number> => {
      const answers = await Promise.all(Array.from({ length: 4 }, () => ask(proxy, [key])));
      return answers.flat().filter((answer) => answer.startsWith('-')).length;
    };
    let seen = 0;
    await waitUntil('the original to try it with clients', async () => {
      assert.equal(await errors(ours), 0);
      seen += await errors(original);
      return seen > 0;
    });
  });

  test('that is back: all keys are where they were, at both', async () => {
    await restartFailing();
    await backAtBoth(key);
    const [theirs, mine] = await both([KEYS]);
    assert.deepEqual(mine, theirs);
    assert.ok(mine[0].includes('failing') && mine[0].includes('steady'));
  });

  test('that hangs: a time-out counts once, however many requests it takes along', async () => {
    failing.daemon.signal('SIGSTOP');
    try {
      const round = Array.from({ length: 5 }, () => key);
      const [theirs, mine] = await both([round, round, round, round, KEYS]);
      assert.deepEqual(mine, theirs);
      for (const answers of mine.slice(0, LIMIT))
        assert.deepEqual(
          answers,
          round.map(() => '-ERR Connection timed out'),
        );
      assert.deepEqual(
        mine[LIMIT],
        round.map(() => 'steady'),
      );
    } finally {
      failing.daemon.signal('SIGCONT');
    }
    await backAtBoth(key);
  });
});
