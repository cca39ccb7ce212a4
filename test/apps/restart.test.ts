import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { poolOf, startProxy } from '../support/proxy.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitUntil } from '../support/wait-until.ts';
import { installRuntime, RUNTIMES } from './install.ts';

test('BullMQ on one shard: its server restarts while jobs are done, and none is lost or left', async () => {
  const installation = await installRuntime(RUNTIMES.node);
  assert.ok('folder' in installation, JSON.stringify(installation));
  const data = mkdtempSync(join(tmpdir(), 'twemstack-apps-'));
  const settings = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', data];
  let redis = await startRedis(settings);
  const proxy = await startProxy('bun', 1, poolOf(redis));
  try {
    const [program, ...args] = RUNTIMES.node.command(installation.folder, 'bullmq-restart');
    const running = execa(program, [...args, String(proxy.ports[0]), ''], {
      timeout: 60_000,
      stdin: 'ignore',
    });
    let said = '';
    running.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await waitUntil('the first jobs', () => said.includes('begun\n'), { withinMs: 30_000 });
    await redis.stop();
    redis = await startRedis(settings, redis.port);
    const { stdout, stderr } = await running;
    assert.deepEqual(JSON.parse(stdout.split('\n').at(-1) ?? ''), { done: 300, left: [0, 0, 0] }, stderr);
  } finally {
    await proxy.stop();
    await redis.stop();
    rmSync(data, { recursive: true, force: true });
  }
});
