import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { THROUGH_DEATH } from './applications.ts';
import { GOING_ON } from './going-on.ts';
import { installRuntimes } from './install.ts';
import { ThroughDeath } from './through-death.ts';

/*
 * All of these at work at once, each with jobs of its own, on one shard with guards and sentinels, when its master is
 * killed: one death for all of them. Nothing that was accepted is lost, and nobody has to be started anew.
 */
const installed = await installRuntimes();
let death: ThroughDeath;

const nameOf = ({ name, naming }: (typeof THROUGH_DEATH)[number]): string =>
  naming === undefined ? name : `${name} (${naming})`;

before(async () => {
  death = await ThroughDeath.of(
    THROUGH_DEATH.map((each) => ({ ...each, name: nameOf(each) })),
    installed,
  );
});

after(() => death?.close());

describe("a master's death under all of them at once", () => {
  for (const each of THROUGH_DEATH) {
    const name = nameOf(each);
    const installation = installed[each.runtime];
    if ('reason' in installation) {
      test(`${name}: NOT RUN: ${installation.reason}`, () => assert.notEqual(each.runtime, 'node'));
      continue;
    }
    test(`${name}: ${each.promise}`, async () => {
      const { output, verdicts } = await death.verdictsOf(name);
      assert.deepEqual(verdicts, { lost: [], worked: true }, `${output}\n${death.proxy.daemon.output()}`);
    });
  }
});

test('docs/applications.md says of which a death was survived', () => {
  const page = readFileSync(new URL('../../docs/applications.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|]+?) \|.*\| proven \| ([^|]+?) \|/gm)];
  const proven = [
    ...THROUGH_DEATH.map(({ name, promise }) => [name, promise] as const),
    ...GOING_ON.flatMap(({ rows: kept }) => Object.entries(kept)),
  ];
  assert.deepEqual(
    new Map(rows.filter(([, , said]) => said !== 'not tried').map(([, name, said]) => [name, said])),
    new Map(proven.toSorted(([a], [b]) => (a < b ? -1 : 1))),
  );
});
