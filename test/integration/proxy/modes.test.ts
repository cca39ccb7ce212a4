import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
/** Of those behind a proxy, for what they hold through a restart. */
let folders: string[];

/** Programs of each kind: a second or so of each. */
const RUNS = 15;
/** A restart is a quarter of a second. */
const RUNS_WITH_RESTARTS = 15;

const kept = (folder: string) => ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'no'];

before(async () => {
  folders = [0, 1, 2].map(() => mkdtempSync(join(tmpdir(), 'twemstack-modes-')));
  plain = await startRedis();
  servers = await Promise.all(folders.map((folder) => startRedis(kept(folder))));
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
  await Promise.all([plain, ...(servers ?? [])].map((server) => server?.stop()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function restart(i: number): Promise<void> {
  const { port } = servers[i];
  await servers[i].stop();
  servers[i] = await startRedis(kept(folders[i]), port);
}

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

  test('when the two servers are restarted in between, nobody notices', async () => {
    const setting = { servers: 2, restarts: true } as const;
    let restarts = 0;
    const property = fc.asyncProperty(programs(setting), fc.nat({ max: 10 }), async (steps, n) => {
      const again = async (): Promise<void> => {
        restarts++;
        await Promise.all([restart(1), restart(2)]);
      };
      const [port] = two.ports;
      const ports = servers.slice(1).map((server) => server.port);
      const ours = { port, servers: ports, restart: { after: 1 + n, servers: again } };
      const difference = await differs(plain.port, ours, setting, steps);
      if (difference !== null) assert.fail(difference);
    });
    await fc.assert(property, { seed: 5, numRuns: RUNS_WITH_RESTARTS, includeErrorInReport: true });
    assert.ok(restarts > RUNS_WITH_RESTARTS / 3, `${restarts} restarts`);
  });
});
