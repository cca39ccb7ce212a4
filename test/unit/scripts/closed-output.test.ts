import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHECKOUT } from '../../../scripts/stack/home.ts';

/** Runs twemstack with the read ends of these streams closed before it writes anything. */
async function unread(
  streams: readonly ('stdout' | 'stderr')[],
  ...args: string[]
): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, [join(CHECKOUT, 'scripts/twemstack.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of streams) child[stream].destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

const FILE = ['--file', join(CHECKOUT, 'stack.yaml')];

for (const args of [
  ['--help'],
  ['plan', ...FILE],
  ['plan', '--json', ...FILE],
  ['plan', '--diagram', 'svg', ...FILE],
]) {
  test(`nobody reads stdout of \`${args.slice(0, 2).join(' ')}\`: it ends as if somebody did, without a word`, async () => {
    assert.deepEqual(await unread(['stdout'], ...args), { code: 0, stderr: '' });
  });
}

test('nobody reads stderr: the exit code is that of the mistake', async () => {
  assert.equal((await unread(['stderr'], 'plan', '--file', '/nowhere/stack.yaml')).code, 2);
  assert.equal((await unread(['stderr', 'stdout'], 'sweep')).code, 2);
});
