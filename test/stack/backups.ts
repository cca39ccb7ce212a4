import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';
import { parse } from './json-output.ts';

const KEYS = 500;
const valueAt = (i: number): string => createHash('sha256').update(`backup ${i}`).digest('hex');
const names = Array.from({ length: KEYS }, (_, i) => `backed:${i}`);

/** The restore drill: a backup is taken, the stack removed with its data, made again by others, and restored. */
export function backupTests(stack: () => StackRun): { before(): void; after(): void } {
  let held = 0;
  return {
    before: () =>
      test('backup writes what every shard holds, and verify restores it aside', async () => {
        const { twemstack, start, credentials, redisCli, home } = stack();
        const { application } = credentials();
        const pairs = names.flatMap((name, i) => [name, valueAt(i)]);
        assert.equal((await redisCli(application, 'MSET', ...pairs)).stdout, 'OK');
        assert.equal((await redisCli(application, 'EXPIRE', names[0], '86400')).stdout, '1');
        const running = start('backup', '--encrypt', '--keep', '2', '--json');
        const isLast = (): boolean => getPriority(running.pid ?? 0) === constants.priority.PRIORITY_LOW;
        await waitUntil('the backup to let everybody else go first', isLast, { everyMs: 5 });
        const taken = await running;
        assert.equal(taken.exitCode, 0, String(taken.stderr));
        const { shards, where } = parse<{
          where: string;
          shards: Array<{ fromMaster: boolean; databases: Record<string, { keys: number }> }>;
        }>(String(taken.stdout));
        assert.deepEqual(
          shards.map(({ fromMaster }) => fromMaster),
          [false, false],
        );
        held = shards
          .flatMap(({ databases }) => Object.values(databases))
          .reduce((sum, { keys }) => sum + keys, 0);
        assert.ok(held >= KEYS);
        assert.ok(existsSync(join(where, 'shard-2.rdb.age')));
        assert.equal((await twemstack('status')).exitCode, 0, 'no sentinel takes the reader for a replica');
        const listed = await twemstack('backup', 'list');
        assert.match(listed.stdout, new RegExp(`\\n\\d{4}-\\S+Z +${held} .* 2 +encrypted$`));
        const verified = await twemstack('backup', 'verify', '--json');
        assert.equal(verified.exitCode, 0, verified.stderr);
        assert.equal(parse<{ keys: number }>(verified.stdout).keys, held);
        const refused = await twemstack('restore');
        assert.equal(refused.exitCode, 2, refused.stderr);
        assert.match(
          refused.stderr,
          /stack proof holds data; nothing was changed\n {2}where: shard-1: \d+ keys/,
        );
        assert.ok(existsSync(home.private));
      }),
    after: () =>
      test('restore brings a stack that was removed with its volumes all keys of its backup back', async (t) => {
        const { twemstack, credentials, redisCli } = stack();
        const { application } = credentials();
        assert.equal((await redisCli(application, 'EXISTS', ...names)).stdout, '0');
        const restored = await twemstack('restore', '--json');
        assert.equal(restored.exitCode, 0, restored.stderr);
        const { elapsedMs, shards, leftOut, expired } = parse<{
          elapsedMs: number;
          shards: Record<string, number>;
          leftOut: number;
          expired: number;
        }>(restored.stdout);
        assert.deepEqual(Object.keys(shards), ['shard-1', 'shard-2']);
        const written = Object.values(shards).reduce((sum, keys) => sum + keys, 0);
        assert.equal(written + leftOut + expired, held);
        t.diagnostic(`${written} keys in ${(elapsedMs / 60_000).toFixed(2)} minutes`);
        const values = (await redisCli(application, 'MGET', ...names)).stdout.split('\n');
        assert.deepEqual(
          values,
          names.map((_, i) => valueAt(i)),
        );
        const left = Number((await redisCli(application, 'TTL', names[0])).stdout);
        assert.ok(left > 80_000 && left <= 86_400, `${left} s`);
      }),
  };
}
