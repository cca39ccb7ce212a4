import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { faultsOf, GOING_ON } from './going-on.ts';
import { installRuntimes } from './install.ts';
import { ThroughDeath } from './through-death.ts';

/*
 * Clients, and what stands on them, that do one thing again and again while the master is killed: counting, walking, handing
 * over, listening, locking, remembering. One process for each language; one death for all of them.
 */
const installed = await installRuntimes();
let death: ThroughDeath;

before(async () => {
  death = await ThroughDeath.of(
    GOING_ON.map((each) => ({ ...each, name: each.runtime })),
    installed,
  );
});

after(() => death?.close());

for (const { rows, runtime } of GOING_ON) {
  const installation = installed[runtime];
  for (const [row, promise] of Object.entries(rows)) {
    if ('reason' in installation) {
      test(`${row}: NOT RUN: ${installation.reason}`, () => assert.notEqual(runtime, 'node'));
      continue;
    }
    test(`${row}: ${promise}`, async () => {
      const { output, verdicts } = await death.verdictsOf(runtime);
      const faults = faultsOf(verdicts as Record<string, unknown>, row);
      assert.notDeepEqual(faults, {}, output);
      const none = Object.fromEntries(Object.keys(faults).map((name) => [name, []]));
      assert.deepEqual(faults, none, `${output}\n${death.proxy.daemon.output()}`);
    });
  }
}
