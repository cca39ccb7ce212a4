import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { findProgram } from '../../../scripts/prepare/platform.ts';
import { NativeTier } from '../../support/native-tier.ts';
import type { RunningProxy } from '../../support/proxy.ts';
import { buildSettableClock } from '../../support/settable-clock.ts';
import { spawnDaemon } from '../../support/spawn-daemon.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { startTierProxy } from '../../support/tier-proxy.ts';
import { waitUntil } from '../../support/wait-until.ts';

const HOUR = 3600;

const folder = mkdtempSync(join(tmpdir(), 'twemstack-clock-'));
const library = buildSettableClock(folder);
const skip = library === undefined ? 'there is no C compiler (cc)' : false;

/** The time of day is set while members run, as by NTP on a machine that started with a wrong one. */
describe('a clock that is set', { timeout: 150_000, skip }, () => {
  let tier: NativeTier;
  let proxy: RunningProxy;
  let application: Redis;

  before(async () => {
    tier = await NativeTier.create();
    tier.useClocks(library ?? '');
    await tier.start(...tier.sentinels, ...tier.redises);
    await tier.settled(2, 30_000);
    proxy = await startTierProxy(tier);
    application = new Redis({ port: proxy.ports[0], password: TEST_CREDENTIALS.application });
    application.on('error', () => undefined);
  });
  after(async () => {
    application?.disconnect();
    await proxy?.stop();
    await tier?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('set back by an hour for all sentinels: a master that dies is replaced, and written to', async () => {
    const master = await tier.settled(2);
    for (const sentinel of tier.sentinels) tier.setClock(sentinel, -HOUR);
    await tier.kill(master);
    const successor = await tier.settled(1, 20_000);
    assert.notEqual(successor.name, master.name);
    const written = (): Promise<boolean> =>
      application.set('since', 'then').then(
        (reply) => reply === 'OK',
        () => false,
      );
    await waitUntil('writes to flow', written, { withinMs: 10_000 });
  });

  test('set back by an hour for a redis: its file goes on being flushed every second', {
    skip: findProgram('strace') === undefined && 'there is no strace',
  }, async () => {
    await tier.restartEnded();
    const master = await tier.settled(1, 20_000);
    const policy = async (): Promise<string> =>
      String(await tier.call(master, 'operator', 'CONFIG', 'GET', 'appendfsync'));
    const before = await policy();
    tier.setClock(master, -HOUR);
    const tracer = await spawnDaemon('strace', [
      '-f',
      '-e',
      'trace=fdatasync',
      '-p',
      `${tier.daemon(master).pid}`,
    ]);
    const flushed = (): number => tracer.output().split('fdatasync(').length - 1;
    try {
      const often = async (): Promise<boolean> => {
        await application.set('n', `${flushed()}`).catch(() => undefined);
        return flushed() >= 4;
      };
      await waitUntil('four flushes', often, { withinMs: 20_000, everyMs: 50 });
    } finally {
      await tracer.stop();
    }
    await waitUntil('them to be as the file says', async () => (await policy()) === before, {
      withinMs: 10_000,
    });
  });
});
