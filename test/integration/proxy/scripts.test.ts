import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Callback, Redis, type Result } from 'ioredis';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { carryOut, type Step } from '../../support/same-as-redis.ts';
import { waitUntil } from '../../support/wait-until.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    addTo(key: string, by: number, callback?: Callback<number>): Result<number, Context>;
  }
}

/* Scripts as applications use them, over two servers, and as one redis-server answers them. */
let servers: RedisServer[];
let plain: RedisServer;
let alone: RedisServer;
let two: RunningProxy;
let one: RunningProxy;
const clients: Redis[] = [];

const ADD = "return redis.call('incrby', KEYS[1], ARGV[1])";
const sha = (body: string): string => createHash('sha1').update(body).digest('hex');
const NOSCRIPT = /^ReplyError: NOSCRIPT No matching script/;

before(async () => {
  [plain, alone, ...servers] = await Promise.all([startRedis(), startRedis(), startRedis(), startRedis()]);
  two = await startProxy('bun', 1, poolOf(...servers));
  one = await startProxy('node', 1, poolOf(alone));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  for (const { client } of servers) await client.call('SCRIPT', 'FLUSH');
});

after(async () => {
  await Promise.all([two, one].map((proxy) => proxy?.stop()));
  await Promise.all([plain, alone, ...servers].map((server) => server?.stop()));
});

function connected(): Redis {
  const client = new Redis(two.ports[0], '127.0.0.1');
  clients.push(client);
  return client;
}

/** A key on each server, which no test has used. */
let keys = 0;
async function homes(client: Redis): Promise<string[]> {
  const found: string[] = [];
  for (; found[0] === undefined || found[1] === undefined; keys++) {
    const key = `${keys * 7919}:script`;
    await client.set(key, '0');
    found[(await servers[0].client.exists(key)) === 1 ? 0 : 1] ??= key;
    await client.del(key);
  }
  return found;
}

describe('scripts over two servers', () => {
  test('what one client loads another runs on both, alone and in transactions', async () => {
    const [loader, client] = [connected(), connected()];
    assert.equal(await loader.call('SCRIPT', 'LOAD', ADD), sha(ADD));
    for (const server of servers)
      assert.deepEqual(await server.client.call('SCRIPT', 'EXISTS', sha(ADD)), [1]);
    for (const key of await homes(client)) {
      assert.equal(await client.evalsha(sha(ADD), 1, key, 2), 2);
      assert.equal(await client.evalsha(sha(ADD), 1, key, 3), 5);
      const replies = await client.multi().evalsha(sha(ADD), 1, key, 4).incr(key).exec();
      assert.deepEqual(replies, [
        [null, 9],
        [null, 10],
      ]);
    }
  });

  test('they run on after a server has restarted, also in pipelines', async () => {
    const client = connected();
    const [, key] = await homes(client);
    await client.call('SCRIPT', 'LOAD', ADD);
    assert.equal(await client.evalsha(sha(ADD), 1, key, 1), 1);
    const { port } = servers[1];
    await servers[1].stop();
    await assert.rejects(client.get(key));
    servers[1] = await startRedis([], port);
    const pipeline = client.pipeline();
    for (let i = 0; i < 5; i++) pipeline.evalsha(sha(ADD), 1, key, 1);
    const replies = (await pipeline.exec()) ?? [];
    assert.deepEqual(
      replies.map(([error, reply]) => error ?? reply),
      [1, 2, 3, 4, 5],
    );
  });

  test('what comes with EVAL runs on the other server', async () => {
    const client = connected();
    const [here, there] = await homes(client);
    const body = `${ADD} -- seen in EVAL`;
    assert.equal(await client.eval(body, 1, here, 1), 1);
    assert.equal(await connected().evalsha(sha(body), 1, there, 7), 7);
  });

  test('SCRIPT FLUSH behind the proxy does no harm, through it forgets them', async () => {
    const client = connected();
    const [key] = await homes(client);
    await client.call('SCRIPT', 'LOAD', ADD);
    assert.equal(await client.evalsha(sha(ADD), 1, key, 1), 1);
    for (const server of servers) await server.client.call('SCRIPT', 'FLUSH');
    assert.equal(await client.evalsha(sha(ADD), 1, key, 1), 2);
    assert.deepEqual(await client.call('SCRIPT', 'EXISTS', sha(ADD), sha('other')), [1, 0]);
    assert.equal(await client.call('SCRIPT', 'FLUSH'), 'OK');
    assert.deepEqual(await client.call('SCRIPT', 'EXISTS', sha(ADD)), [0]);
    await assert.rejects(client.evalsha(sha(ADD), 1, key, 1), NOSCRIPT);
    assert.equal(await client.get(key), '2');
  });

  test('a shard that comes with a reload gets what was loaded before', async () => {
    const [third, pool] = [await startRedis(), poolOf(...servers)];
    try {
      await connected().call('SCRIPT', 'LOAD', ADD);
      const told = (): number => two.daemon.output().split('is in force').length;
      const reload = async (conf: string): Promise<void> => {
        const before = told();
        writeFileSync(two.confFile, conf);
        two.daemon.signal('SIGUSR1');
        await waitUntil('the reload', () => told() > before);
      };
      await reload(poolOf(...servers, third)(two.ports));
      const client = connected();
      for (let i = 0; i < 50; i++)
        assert.equal(await client.evalsha(sha(ADD), 1, `reload:${i * 7919}`, 1), 1);
      assert.ok((await third.client.dbsize()) > 0);
      await reload(pool(two.ports));
    } finally {
      await third.stop();
    }
  });

  test("ioredis' own commands, one by one, in a pipeline and in a transaction", async () => {
    const client = connected();
    client.defineCommand('addTo', { numberOfKeys: 1, lua: `${ADD} -- defined` });
    const [here, there] = await homes(client);
    const replies = (await client.pipeline().addTo(here, 1).addTo(there, 2).addTo(here, 3).exec()) ?? [];
    assert.deepEqual(
      replies.map(([error, reply]) => error ?? reply),
      [1, 2, 4],
    );
    assert.equal(await client.addTo(there, 1), 3);
    assert.deepEqual(await client.multi().addTo(here, 1).addTo(here, 1).exec(), [
      [null, 5],
      [null, 6],
    ]);
  });
});

const BODIES = [
  'return 1',
  'return KEYS[1]',
  "return redis.call('incr',KEYS[1])",
  "return {err='NOSCRIPT mine'}",
];
const body = fc.constantFrom(...BODIES);
const key = fc.constantFrom('a', 'b');
const bySha = body.map(sha);
const anything: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('EVALSHA', 'EVALSHA_RO'), bySha, fc.constant('1'), key) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('EVAL', 'EVAL_RO'), body, fc.constant('1'), key) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('SCRIPT'), fc.constant('EXISTS'), bySha, bySha) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('GET'), key) },
);
/** Not for transactions. */
const outside: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(fc.constant('SCRIPT'), fc.constant('LOAD'), body) },
  { weight: 1, arbitrary: fc.constantFrom(['SCRIPT', 'FLUSH'], ['SCRIPT', 'FLUSH', 'ASYNC']) },
);
const transaction = fc
  .array(
    anything.filter(([name]) => name !== 'SCRIPT'),
    { maxLength: 3 },
  )
  .map((inside) => [['MULTI'], ...inside, ['EXEC']]);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    client: fc.nat({ max: 1 }),
    requests: fc
      .array(
        fc.oneof(
          { weight: 6, arbitrary: anything.map((words) => [words]) },
          { weight: 2, arbitrary: outside.map((words) => [words]) },
          { weight: 2, arbitrary: transaction },
        ),
        { minLength: 1, maxLength: 5 },
      )
      .map((chunks) => chunks.flat()),
  }),
  { minLength: 5, maxLength: 30 },
);

describe('scripts over one server', () => {
  test('of any program are answered as by the server itself', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (program) => {
        for (const server of [plain, alone]) await server.client.flushall();
        // both begin without a script
        const whole: Step[] = [{ client: 0, requests: [['SCRIPT', 'FLUSH']] }, ...program];
        const ours = await carryOut(one.ports[0], 2, whole);
        const theirs = await carryOut(plain.port, 2, whole);
        const at = theirs.findIndex((line, i) => line !== ours[i]);
        if (at >= 0) assert.fail(`redis: ${theirs[at]}\nours:  ${ours[at]}`);
      }),
      { numRuns: 40 },
    );
  });
});
