import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ASKED, REPLACED } from '../support/commands-of-pages.ts';
import type { StackRun } from '../support/stack-run.ts';

/** What the pages tell people to type, as it stands there but for the name of the stack. */
export function typedTests(stack: () => StackRun): void {
  async function type(command: string): Promise<string> {
    const named = command.replaceAll('alpha-', `${stack().plan.name}-`);
    const { exitCode, stdout, stderr } = await stack().run('sh', '-c', named);
    assert.equal(exitCode, 0, `${named}\n${stderr}\n${stdout}`);
    return stdout;
  }

  test('what the pages ask of a running stack it answers', async () => {
    for (const stdout of await Promise.all(ASKED.map(type))) assert.notEqual(stdout, '');
  });

  test('a redis that is given an empty volume as the page says has everything again', async () => {
    const { plan, twemstack, redisCli, credentials } = stack();
    const { application } = credentials();
    const count = async (): Promise<string> => (await redisCli(application, 'DBSIZE')).stdout;
    const before = await count();
    assert.ok(Number(before) > 100, `${before} keys`);
    let shown = '';
    for (const command of REPLACED) shown = await type(command);
    assert.match(shown, /\b2 added, 0 changed, 0 removed/);
    assert.equal((await twemstack('status')).exitCode, 0);
    assert.equal(await count(), before);
    const [{ name }] = plan.shards[0].members;
    assert.match(
      shown,
      new RegExp(`${name} +shard-1 (replica .* lag \\d+ bytes|master .* 2 replicas online)`),
    );
  });
}
