import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type Docker from 'dockerode';
import { noteFailure, noteGood, readBackupRecord } from '../../../scripts/backup/record.ts';
import { faultsLeftBehind, holdDrills } from '../../../scripts/drill/left-faults.ts';
import { FaultNotes, readFaults } from '../../../scripts/drill/noted-faults.ts';
import { takeBackFaults } from '../../../scripts/drill/take-back.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { inTemporaryFolder, planOf } from '../../support/stack-fixture.ts';

/** A stack of a name that no drill on this machine has. */
const plan = planOf(`name: t${process.pid}\nvip: 198.18.0.100\n`);
const FROZEN = { what: 'm is frozen', remedy: { kind: 'thaw', member: 'm' } } as const;
const KILLED = { what: 'n was killed', remedy: { kind: 'start', member: 'n' } } as const;

/** An engine that writes down what it is told; `gone` is a container it does not have. */
function engineOf(gone = ''): { engine: Docker; told: string[] } {
  const told: string[] = [];
  const engine = {
    getContainer: (name: string) => ({
      inspect: async () => {
        if (name === gone) throw new Error(`no such container: ${name}`);
        return { State: { Paused: name === 'm', Running: false, Restarting: false } };
      },
      unpause: async () => void told.push(`unpause ${name}`),
      start: async () => void told.push(`start ${name}`),
    }),
  };
  return { engine: engine as unknown as Docker, told };
}

async function withNotes(work: (home: Home, notes: FaultNotes) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (root) => {
    const home = new Home(root);
    home.privateDir(home.stack(plan.name));
    await work(home, new FaultNotes(home, plan.name));
  });
}

describe('faults that a drill wrote down', () => {
  test('are there from before they are made until they are taken back', async () => {
    await withNotes(async (home, notes) => {
      const [first, second] = [notes.add('hang-master', FROZEN), notes.add('hang-master', KILLED)];
      assert.deepEqual(
        readFaults(home, plan.name).map(({ drill, what }) => [drill, what]),
        [
          ['hang-master', 'm is frozen'],
          ['hang-master', 'n was killed'],
        ],
      );
      first();
      assert.deepEqual(
        readFaults(home, plan.name).map(({ what }) => what),
        ['n was killed'],
      );
      second();
      assert.deepEqual(readFaults(home, plan.name), []);
    });
  });

  test('are taken back by whoever comes next, once, and it is said', async () => {
    await withNotes(async (home, notes) => {
      notes.add('hang-master', FROZEN);
      notes.add('kill-master', KILLED);
      const { engine, told } = engineOf();
      const said = await takeBackFaults(home, plan, engine);
      assert.deepEqual(told.sort(), ['start n', 'unpause m']);
      assert.match(said[0], /^drill hang-master, at .*, was cut off and left this: m is frozen; taken back$/);
      assert.deepEqual(await takeBackFaults(home, plan, engine), []);
    });
  });

  test('are named when they cannot be taken back, and keep no other from it', async () => {
    await withNotes(async (home, notes) => {
      notes.add('hang-master', FROZEN);
      notes.add('kill-master', KILLED);
      const { engine, told } = engineOf('n');
      const said = await takeBackFaults(home, plan, engine);
      assert.deepEqual(told, ['unpause m']);
      assert.match(said[1], /n was killed; it could not be taken back: no such container: n/);
    });
  });

  test('a backup that a drill let fail has not failed, and one that failed before has', async () => {
    await withNotes(async (home, notes) => {
      const before = { at: 1, why: 'no room' };
      noteFailure(home, plan.name, before.at, before.why);
      noteGood(home, plan.name, 2);
      notes.add('alerts', { what: 'a backup failed', remedy: { kind: 'backup', lastFailure: before } });
      noteFailure(home, plan.name, 3, 'by a drill');
      const [said] = await takeBackFaults(home, plan, engineOf().engine);
      assert.match(said, /a backup failed; taken back$/);
      assert.deepEqual(readBackupRecord(home, plan.name), { lastGood: 2, lastFailure: before });
    });
  });

  test('are left alone while a drill is running', async () => {
    await withNotes(async (home, notes) => {
      notes.add('hang-master', FROZEN);
      const held = await holdDrills(plan.name);
      const { engine, told } = engineOf();
      assert.deepEqual(await takeBackFaults(home, plan, engine), []);
      assert.deepEqual(told, []);
      await held?.release();
      assert.equal((await faultsLeftBehind(home, plan.name)).length, 1);
    });
  });
});
