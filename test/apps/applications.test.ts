import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { APPLICATIONS, type Pool } from './applications.ts';
import { environmentOf, installRuntimes, RUNTIMES, type RuntimeName } from './install.ts';

/*
 * Unmodified libraries, as their documentation uses them, before one proxy with two servers. npm's always run; those of a
 * language that is not on this machine are named.
 */
const ALWAYS = 'node';
const RUN_MS = 90_000;
const POOLS: readonly Pool[] = ['sharded', 'per_shard', 'one shard'];

// all of it first: hooks and tests stand in one file without a wait between, or the servers end before the last language
const installed = await installRuntimes();
let servers: RedisServer[];
let proxy: RunningProxy;

before(async () => {
  // what Spring Session's index listens to: `redis.notify_keyspace_events` of a stack
  const events = ['--notify-keyspace-events', 'Egx'];
  servers = await Promise.all([startRedis(events), startRedis(events)]);
  const [one, two] = servers.map(({ port }, i) => `  - 127.0.0.1:${port}:1 shard-${i + 1}\n`);
  proxy = await startProxy(
    'bun',
    POOLS.length,
    ([sharded, parts, whole]) =>
      `parts:\n  listen: 127.0.0.1:${parts}\n  redis: true\n  hash_tag: "{}"\n  transactions: per_shard\n  servers:\n${one}${two}` +
      `sharded:\n  listen: 127.0.0.1:${sharded}\n  redis: true\n  hash_tag: "{}"\n  servers:\n${one}${two}` +
      `whole:\n  listen: 127.0.0.1:${whole}\n  redis: true\n  servers:\n${two}`,
  );
});

after(async () => {
  await proxy?.stop();
  await Promise.all((servers ?? []).map((server) => server.stop()));
});

for (const [name, result] of Object.entries(installed)) {
  const runtime = RUNTIMES[name as RuntimeName];
  if ('reason' in result) {
    test(`${name}: NOT RUN: ${result.reason}`, () => assert.notEqual(name, ALWAYS));
    continue;
  }
  describe(name, () => {
    for (const each of APPLICATIONS.filter((application) => application.runtime === name)) {
      for (const run of each.runs) {
        const [at, naming] = [`pool ${run.pool}`, run.naming ?? ''];
        test(`${each.name}${naming && ` (${naming})`}, ${at}${run.refused ? ': refused in words' : ''}`, async () => {
          await Promise.all(servers.map((server) => server.client.flushall()));
          const [program, ...args] = runtime.command(result.folder, each.program);
          const words = [...args, String(proxy.ports[POOLS.indexOf(run.pool)]), naming];
          const { stdout, stderr } = await execa(program, words, {
            cwd: result.folder,
            env: environmentOf(result.folder),
            timeout: RUN_MS,
            stdin: 'ignore',
          });
          const said = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { error?: string };
          if (run.refused) assert.match(said.error ?? JSON.stringify(said), run.refused, stderr);
          else assert.deepEqual(said, each.verdicts, stderr);
        });
      }
    }
  });
}

test('docs/applications.md has a row for each application that runs here, and for none that does not', () => {
  const page = readFileSync(new URL('../../docs/applications.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|]+?) \|.*\| proven \|/gm)].map(([, name]) => name);
  assert.deepEqual(rows.toSorted(), APPLICATIONS.map(({ name }) => name).toSorted());
});
