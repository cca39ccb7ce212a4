import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { backupId, nextBackupId } from '../../../scripts/backup/manifest.ts';
import { keepSchedule } from '../../../scripts/backup/schedule.ts';
import { InputError, NotSoError } from '../../../scripts/errors.ts';
import { backupVerb, placeOf } from '../../../scripts/verbs/backup.ts';
import { inTemporaryFolder, planOf } from '../../support/stack-fixture.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** A schedule that runs through six hours in no time. */
async function sixHours(options: {
  newest?: number;
  fails?: (attempt: number) => boolean;
  everyMs?: (now: number) => number;
  /** By how much the time of day is wrong when so much time has gone by. */
  clock?: (passed: number) => number;
}): Promise<{ taken: number[]; told: string[] }> {
  const controller = new AbortController();
  const begin = Date.parse('2026-11-27T12:00:00Z');
  let [now, attempt] = [begin, 0];
  let newest = options.newest === undefined ? undefined : backupId(new Date(begin + options.newest));
  const [taken, told]: [number[], string[]] = [[], []];
  await keepSchedule({
    signal: controller.signal,
    now: () => now + (options.clock?.(now - begin) ?? 0),
    ticks: () => now,
    wait: async (ms) => {
      now += ms;
      if (now - begin >= 6 * HOUR_MS) controller.abort();
    },
    state: async () => ({ everyMs: options.everyMs?.(now - begin) ?? HOUR_MS, newest }),
    take: async () => {
      if (options.fails?.(attempt++) === true)
        throw new NotSoError('no replica is in step', { remedy: 'look at status' });
      newest = nextBackupId(newest, new Date(now + (options.clock?.(now - begin) ?? 0)));
      taken.push((now - begin) / MINUTE_MS);
    },
    tell: (sentence) => void told.push(sentence),
  });
  return { taken, told };
}

describe('a schedule of backups', () => {
  test('takes the first at once when there is none, and then one every so often', async () => {
    assert.deepEqual((await sixHours({})).taken, [0, 60, 120, 180, 240, 300]);
  });

  test('goes on from the newest backup that there is', async () => {
    assert.deepEqual((await sixHours({ newest: -20 * MINUTE_MS })).taken, [40, 100, 160, 220, 280, 340]);
  });

  test('tells of one that fails, with the remedy, and tries again after five minutes', async () => {
    const { taken, told } = await sixHours({ fails: (attempt) => attempt === 1 || attempt === 2 });
    assert.deepEqual(taken, [0, 70, 130, 190, 250, 310]);
    assert.match(told[0], /error: no replica is in step\n {2}do: {4}look at status/);
    assert.match(told[1], /the next try is at 2026-11-27T13:05:00/);
  });

  test('does as the stack file says by then', async () => {
    const { taken } = await sixHours({ everyMs: (now) => (now < 2 * HOUR_MS ? HOUR_MS : 2 * HOUR_MS) });
    assert.deepEqual(taken, [0, 60, 180, 300]);
  });

  test('goes on when the clock is set back by a day, or was a day ahead for a while', async () => {
    const back = await sixHours({ clock: (passed) => (passed < 90 * MINUTE_MS ? 0 : -24 * HOUR_MS) });
    assert.deepEqual(back.taken, [0, 60, 120, 180, 240, 300]);
    const ahead = await sixHours({ clock: (passed) => (passed < 90 * MINUTE_MS ? 24 * HOUR_MS : 0) });
    assert.deepEqual(ahead.taken, [0, 60, 120, 180, 240, 300]);
    const found = await sixHours({ newest: 24 * HOUR_MS });
    assert.deepEqual(found.taken, [60, 120, 180, 240, 300]);
  });

  test('ends at once when the stack file is wrong from the beginning', async () => {
    const state = async (): Promise<never> => {
      throw new NotSoError('no');
    };
    const take = async (): Promise<void> => undefined;
    await assert.rejects(
      keepSchedule({ state, take, tell: () => undefined, signal: new AbortController().signal }),
      /^NotSoError: no$/,
    );
  });
});

test('a backup has a later id than all there are, whatever the clock says: the oldest are the first to go', () => {
  const now = new Date('2026-11-27T12:00:00.700Z');
  assert.equal(nextBackupId(undefined, now), '2026-11-27T12-00-00Z');
  assert.equal(nextBackupId('2026-11-27T11-00-00Z', now), '2026-11-27T12-00-00Z');
  assert.equal(nextBackupId('2026-11-27T12-00-00Z', now), '2026-11-27T12-00-01Z');
  assert.equal(nextBackupId('2026-11-28T23-59-59Z', now), '2026-11-29T00-00-00Z');
});

test('an option that is wrong ends it at once, and is not tried again for ever', async () => {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, 'stack.yaml');
    writeFileSync(file, 'name: alpha\nvip: 198.18.0.100\nbackup: { every: 1h }\n');
    for (const wrong of [{ rate: '0mb' }, { keep: '0' }])
      await assert.rejects(backupVerb({ file, schedule: true, ...wrong }), InputError);
  });
});

describe('where backups are kept', () => {
  const plan = (backup: string) => planOf(`name: alpha\nvip: 198.18.0.100\nbackup: ${backup}`);

  test('is where the option says, else where stack.yaml does, from where it lies', () => {
    const file = '/etc/stacks/alpha.yaml';
    assert.equal(placeOf({ file, to: 'here' }, plan('{ to: there }')), 'here');
    assert.equal(placeOf({ file }, plan('{ to: there }')), '/etc/stacks/there');
    assert.equal(placeOf({ file }, plan('{ to: /mnt/there }')), '/mnt/there');
    assert.equal(placeOf({ file }, plan('{ to: "s3://backups/there" }')), 's3://backups/there');
    assert.equal(placeOf({ file }, plan('{ keep: 3 }')), undefined);
  });
});
