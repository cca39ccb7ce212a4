import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ASKED, REPLACED } from '../support/commands-of-pages.ts';
import type { StackRun } from '../support/stack-run.ts';

/** What the pages tell people to type, as it stands there but for the name of the stack. */
export function typedTests(stack: () => StackRun): { asked(): void; replaced(): void } {
  async function type(command: string): Promise<string> {
    const named = command.replaceAll('alpha-', `${stack().plan.name}-`);
    const { exitCode, stdout, stderr } = await stack().run('sh', '-c', named);
    assert.equal(exitCode, 0, `${named}\n${stderr}\n${stdout}`);
    return stdout;
  }

  return {
    asked: () =>
      test('what the pages ask of a running stack it answers', async () => {
        const [plan, keys] = await Promise.all(ASKED.map(type));
        assert.match(plan, new RegExp(`^stack ${stack().plan.name}: `));
        assert.match(keys, /^\d+$/);
      }),
    replaced: () =>
      test('a redis that is given an empty volume as the page says has everything again', async () => {
        const { plan, twemstack, redisCli, credentials } = stack();
        const { application } = credentials();
        const names = Array.from({ length: 100 }, (_, i) => `replaced:${i}`);
        const stored = await redisCli(application, 'MSET', ...names.flatMap((name) => [name, name]));
        assert.equal(stored.stdout, 'OK');
        let shown = '';
        for (const command of REPLACED) shown = await type(command);
        assert.match(shown, /\b2 added, 0 changed, 0 removed/);
        const [{ name }] = plan.shards[0].members;
        const row = `${name} +shard-1 (replica .* lag \\d+ bytes|master .* 2 replicas online)`;
        assert.match(shown, new RegExp(row));
        assert.equal((await twemstack('status')).exitCode, 0);
        assert.equal((await redisCli(application, 'EXISTS', ...names)).stdout, '100');
      }),
  };
}
