import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { programs } from '../../../tools/fuzz/modes/program.ts';
import { differs } from '../../../tools/fuzz/modes/same.ts';
import type { Setting } from '../../../tools/fuzz/modes/step.ts';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

/*
 * Several clients in all modes at once, transactions, waiting, listening, caching, databases, RESP2 and RESP3, as one redis-server serves them:
 * through the proxy before one server, and before two, where what they would have to do as one is refused. The same programs every time; `npm run fuzz -- modes` goes
 * on from there.
 */
let plain: RedisServer;
let servers: RedisServer[];
let one: RunningProxy;
let two: RunningProxy;
let inParts: RunningProxy;

/** Programs of each kind: a second or so of each. */
const RUNS = 15;

before(async () => {
  [plain, ...servers] = await Promise.all([startRedis(), startRedis(), startRedis(), startRedis()]);
  one = await startProxy('bun', 1, (ports) => `${poolOf(servers[0])(ports)}  databases: 16\n`);
  const before = (more: string) => (ports: readonly number[]) =>
    `${poolOf(servers[1], servers[2])(ports)}  hash_tag: "{}"\n  distribution: modula\n  databases: 16\n${more}`;
  two = await startProxy('bun', 1, before(''));
  inParts = await startProxy('bun', 1, before('  transactions: per_shard\n'));
});

after(async () => {
  await one?.stop();
  await two?.stop();
  await inParts?.stop();
  await Promise.all([plain, ...servers].map((server) => server?.stop()));
});

const sameAt = (setting: Setting, proxy: () => RunningProxy, home: () => readonly RedisServer[]) =>
  fc.asyncProperty(programs(setting), async (steps) => {
    const ours = { port: proxy().ports[0], servers: home().map(({ port }) => port) };
    const difference = await differs(plain.port, ours, setting, steps);
    if (difference !== null) assert.fail(difference);
  });

describe('all modes, mixed over several clients', () => {
  const SERVED: readonly [what: string, Setting, proxy: () => RunningProxy][] = [
    ['are answered as by the server itself', { servers: 1 }, () => one],
    ['over two servers too, when their keys and channels live on one', { servers: 2 }, () => two],
    ['over two servers, wherever that is not refused in words', { servers: 2, isSpread: true }, () => two],
    [
      'over two servers, with transactions in parts',
      { servers: 2, isSpread: true, inParts: true },
      () => inParts,
    ],
  ];
  for (const [i, [what, setting, proxy]] of SERVED.entries())
    test(what, async () => {
      const home = (): RedisServer[] => (setting.servers === 1 ? servers.slice(0, 1) : servers.slice(1));
      const property = sameAt(setting, proxy, home);
      await fc.assert(property, { seed: i + 1, numRuns: RUNS, includeErrorInReport: true });
    });
});
