import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsoleState } from '../../console/document.ts';
import type { StackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';

/** The console of a stack that runs: its link opens it once, and it sees what `status` sees. */
export function consoleTests(stackOf: () => StackRun): void {
  test('the console: opened by its link alone, it shows every member, and what flows', async () => {
    const stack = stackOf();
    const running = stack.start('console', '--json');
    let printed = '';
    running.stdout?.on('data', (chunk: Buffer) => {
      printed += String(chunk);
    });
    try {
      await waitUntil('the console’s link', () => printed.trimEnd().endsWith('}'), { withinMs: 60_000 });
      const { link } = JSON.parse(printed) as { link: string };
      const origin = link.slice(0, link.indexOf('/?'));
      const jar = `${stack.home.root}/console-cookies`;
      const ask = (...args: string[]) => stack.run('curl', '-sS', '-m', '10', '-b', jar, '-c', jar, ...args);
      const code = ['-o', '/dev/null', '-w', '%{http_code}'];
      assert.equal((await ask(...code, `${origin}/events`)).stdout, '403');
      assert.equal((await ask(...code, link)).stdout, '303');
      assert.equal((await stack.run('curl', '-sS', ...code, link)).stdout, '403', 'a link is good once');
      assert.match((await ask(`${origin}/`)).stdout, /<script src="\/page\.js">/);
      // It ends after so many seconds: curl's exit code says so, and what it heard is what counts.
      const heard = await ask('-N', '-m', '4', `${origin}/events`);
      const [, first] = /event: state\ndata: (.*)/.exec(heard.stdout) ?? [];
      const state = JSON.parse(first ?? 'null') as ConsoleState | null;
      assert.deepEqual(
        state?.members.map(({ name }) => name),
        stack.plan.members.map(({ name }) => name),
      );
      assert.deepEqual(state?.problems, []);
      assert.equal(state?.members.filter(({ holdsVip }) => holdsVip).length, 1);
      assert.match(heard.stdout, /event: sample\ndata: .*"usedMemory":\d{5,}/);
      const refused = ['-H', `origin: ${origin}`, '--json', '{"action":"switchover shard-1"}'];
      assert.match((await ask(...refused, `${origin}/actions`)).stdout, /without --allow-actions/);
    } finally {
      running.kill('SIGINT');
    }
    const { exitCode } = await running;
    assert.equal(exitCode, 0);
  });
}
