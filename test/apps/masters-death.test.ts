import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { NativeTier } from '../support/native-tier.ts';
import type { RunningProxy } from '../support/proxy.ts';
import { TEST_CREDENTIALS } from '../support/stack-fixture.ts';
import { startTierProxy } from '../support/tier-proxy.ts';
import { waitUntil } from '../support/wait-until.ts';
import { THROUGH_DEATH } from './applications.ts';
import { environmentOf, installRuntimes, RUNTIMES } from './install.ts';

/*
 * All of these at work at once, each with jobs of its own, on one shard with guards and sentinels, when its master is
 * killed: one death for all of them. Nothing that was accepted is lost, and nobody has to be started anew.
 */
const RUN_MS = 180_000;
const POOLS =
  'pools: { error: { listen: 6379 }, disconnect: { listen: 6380, unknown_outcomes: disconnect } }';

interface Run {
  /** What it printed so far. */
  said(): string;
  readonly ended: Promise<{ readonly stdout: string; readonly stderr: string }>;
}

const installed = await installRuntimes();
const runs = new Map<string, Run>();
let tier: NativeTier;
let proxy: RunningProxy;

const nameOf = ({ name, naming }: (typeof THROUGH_DEATH)[number]): string =>
  naming === undefined ? name : `${name} (${naming})`;

before(async () => {
  tier = await NativeTier.started(POOLS);
  proxy = await startTierProxy(tier);
  const killed = [];
  for (const each of THROUGH_DEATH) {
    const installation = installed[each.runtime];
    if ('reason' in installation) continue;
    const { folder } = installation;
    const [program, ...args] = RUNTIMES[each.runtime].command(folder, each.program);
    const port = proxy.ports[tier.plan.pools.findIndex(({ name }) => name === (each.pool ?? 'error'))];
    const running = execa(program, [...args, String(port), each.naming ?? ''], {
      cwd: folder,
      env: { ...environmentOf(folder), APPS_PASSWORD: TEST_CREDENTIALS.application },
      timeout: RUN_MS,
      stdin: 'pipe',
      reject: false,
    });
    let text = '';
    running.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    // one that ends early is its own test's affair
    running.stdin.on('error', () => undefined);
    killed.push(() => running.stdin.end('killed\n'));
    runs.set(nameOf(each), { said: () => text, ended: running });
  }
  await waitUntil(
    'all to be at work, or at their end',
    () => [...runs.values()].every(({ said }) => /^(begun|\{)/m.test(said())),
    { withinMs: RUN_MS / 2 },
  );
  await tier.kill(await tier.settled(2));
  for (const tell of killed) tell();
});

after(async () => {
  await proxy?.stop();
  await tier?.close();
});

describe("a master's death under all of them at once", () => {
  for (const each of THROUGH_DEATH) {
    const name = nameOf(each);
    const installation = installed[each.runtime];
    if ('reason' in installation) {
      test(`${name}: NOT RUN: ${installation.reason}`, () => assert.notEqual(each.runtime, 'node'));
      continue;
    }
    test(`${name}: ${each.promise}`, async () => {
      const run = runs.get(name);
      assert.ok(run);
      const { stdout, stderr } = await run.ended;
      const verdicts = JSON.parse(stdout.trim().split('\n').at(-1) || '{}') as unknown;
      assert.deepEqual(verdicts, { lost: [], worked: true }, `${stdout}${stderr}\n${proxy.daemon.output()}`);
    });
  }
});

test('docs/applications.md says of which a death was survived', () => {
  const page = readFileSync(new URL('../../docs/applications.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|]+?) \|.*\| proven \| ([^|]+?) \|/gm)];
  assert.deepEqual(
    new Map(rows.filter(([, , said]) => said !== 'not tried').map(([, name, said]) => [name, said])),
    new Map(
      THROUGH_DEATH.map(({ name, promise }) => [name, promise] as const).toSorted(([a], [b]) =>
        a < b ? -1 : 1,
      ),
    ),
  );
});
