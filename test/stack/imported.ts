import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';
import { parse } from './json-output.ts';

const PORT = '7399';

/** Keys of another Redis come into the stack, and are found at the virtual IP. */
export function importTests(stack: () => StackRun): void {
  test('import brings the keys of another Redis, closes it, and says where they are now', async () => {
    const { twemstack, begin, run, redisCli, credentials, plan } = stack();
    const settings = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'];
    const old = begin('redis-server', '--port', PORT, '--bind', '127.0.0.1', ...settings);
    try {
      const at = (...words: string[]) => run('redis-cli', '-p', PORT, ...words);
      await waitUntil('the other Redis', async () => (await at('PING')).stdout === 'PONG');
      await at('MSET', 'imported:1', 'one', 'imported:2', 'two');
      await at('EXPIRE', 'imported:2', '86400');
      const refused = await twemstack('import', '--from', `redis://127.0.0.1:${PORT}`, '--cut-over');
      assert.equal(refused.exitCode, 2, refused.stderr);
      assert.match(refused.stderr, /error: the pool is not empty; nothing was changed\n {2}where: shard-/);
      const imported = await twemstack(
        'import',
        '--from',
        `redis://127.0.0.1:${PORT}`,
        '--merge',
        '--cut-over',
        '--json',
      );
      assert.equal(imported.exitCode, 0, imported.stderr);
      const { use, compared, closed } = parse<{
        use: string[];
        compared: { samples: number };
        closed: { reopen: string }[];
      }>(imported.stdout);
      assert.deepEqual(use, [`${plan.vip}:${plan.pools[0].listen}`]);
      assert.equal(compared.samples, 2);
      assert.match(closed[0].reopen, /min-replicas-to-write 0/);
      const { application } = credentials();
      assert.equal((await redisCli(application, 'GET', 'imported:1')).stdout, 'one');
      assert.ok(Number((await redisCli(application, 'TTL', 'imported:2')).stdout) > 80_000);
      assert.match((await at('SET', 'imported:1', 'late')).stdout, /NOREPLICAS/);
      await redisCli(application, 'DEL', 'imported:1', 'imported:2');
    } finally {
      old.kill('SIGTERM');
      await old;
    }
  });
}
