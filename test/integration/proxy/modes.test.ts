import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { program } from '../../../tools/fuzz/modes/program.ts';
import { differs } from '../../../tools/fuzz/modes/same.ts';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

/*
 * Several clients in all modes at once, transactions, waiting, listening, databases, RESP2 and RESP3, as one redis-server serves them: through
 * the proxy before one server, and before two where everything lives on one. The same programs every time; `npm run fuzz -- modes` goes
 * on from there.
 */
let plain: RedisServer;
let servers: RedisServer[];
let one: RunningProxy;
let two: RunningProxy;

before(async () => {
  [plain, ...servers] = await Promise.all([startRedis(), startRedis(), startRedis(), startRedis()]);
  one = await startProxy('bun', 1, (ports) => `${poolOf(servers[0])(ports)}  databases: 16\n`);
  two = await startProxy(
    'bun',
    1,
    (ports) => `${poolOf(servers[1], servers[2])(ports)}  hash_tag: "{}"\n  databases: 16\n`,
  );
});

after(async () => {
  await one?.stop();
  await two?.stop();
  await Promise.all([plain, ...servers].map((server) => server?.stop()));
});

const sameAt = (proxy: () => RunningProxy, home: () => readonly RedisServer[]) =>
  fc.asyncProperty(program, async (steps) => {
    const ours = { port: proxy().ports[0], servers: home().map(({ port }) => port) };
    const difference = await differs(plain.port, ours, steps);
    if (difference !== null) assert.fail(difference);
  });

describe('all modes, mixed over several clients', () => {
  test('are answered as by the server itself', async () => {
    await fc.assert(
      sameAt(
        () => one,
        () => servers.slice(0, 1),
      ),
      { seed: 1, numRuns: 40, includeErrorInReport: true },
    );
  });

  test('over two servers too, when their keys and channels live on one', async () => {
    await fc.assert(
      sameAt(
        () => two,
        () => servers.slice(1),
      ),
      { seed: 2, numRuns: 20, includeErrorInReport: true },
    );
  });
});
