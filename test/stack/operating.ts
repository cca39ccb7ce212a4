import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examine } from '../../scripts/doctor/examine.ts';
import { listContainers } from '../../scripts/observe/engine.ts';
import type { StackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';
import { wellFacts } from '../support/well-stack.ts';
import { parse } from './json-output.ts';

/** What an operator asks a running stack: is it well, what happened? */
export function operatingTests(stack: () => StackRun): void {
  test('doctor finds nothing wrong, names what is broken with the command that mends it; logs are one', async () => {
    interface Diagnosis {
      readonly well: boolean;
      readonly verdicts: ReadonlyArray<{ check: string; severity: string; what: string; mend: string[] }>;
      readonly unseen: readonly string[];
    }
    let last = '';
    const isWell = async (): Promise<boolean> => {
      const { exitCode, stdout } = await stack().twemstack('doctor', '--json');
      last = stdout;
      return exitCode === 0 && parse<Diagnosis>(stdout).unseen.length === 0;
    };
    const well = async (): Promise<void> => {
      await waitUntil('doctor to find nothing wrong', isWell, { withinMs: 60_000 }).catch((error) => {
        throw new Error(last, { cause: error });
      });
    };
    await well();
    const frozen = stack().engine.docker.getContainer('proof-proxy-c');
    await frozen.pause();
    try {
      const broken = await stack().twemstack('doctor', '--json');
      assert.equal(broken.exitCode, 1, broken.stderr);
      const { verdicts } = parse<Diagnosis>(broken.stdout);
      const [first] = verdicts;
      assert.deepEqual([first.check, first.mend], ['not-running', ['`docker unpause proof-proxy-c`']]);
      assert.match((await stack().twemstack('status')).stdout, /twemstack doctor/);
    } finally {
      await frozen.unpause();
    }
    await well();
    const { stdout } = await stack().twemstack('logs', '--json', '--since', '1h');
    const lines = stdout
      .split('\n')
      .map((line) => JSON.parse(line) as { stamp: string; member: string; event?: string });
    assert.equal(new Set(lines.map(({ member }) => member)).size, 14);
    // The engine itself keeps what one member says on stdout and stderr out of order by microseconds.
    const misplaced = lines.filter(
      ({ stamp, member }, at) => at > 0 && stamp < lines[at - 1].stamp && member !== lines[at - 1].member,
    );
    assert.deepEqual(misplaced, []);
    const events = new Set(lines.map(({ event }) => event));
    for (const event of ['promotion', 'VIP', 'start', 'deploy', 'proxy down'])
      assert.ok(events.has(event), `${event} in ${[...events].join(', ')}`);
  });

  test('what doctor offers for an append-only file that does not load can be typed as it stands', async () => {
    const containers = await listContainers(stack().engine.docker, stack().plan.name);
    const lastLines = new Map([['proof-shard-1-b', ['my store does not load (why)']]]);
    const { verdicts } = examine({ ...wellFacts(stack().plan), containers, lastLines });
    const steps = verdicts.find(({ check }) => check === 'broken-store')?.mend ?? [];
    const [, command] = /^`(.*)` shows how far/.exec(steps[2]) ?? [];
    const checked = await stack().run('sh', '-c', command);
    assert.match(checked.stdout, /AOF and multi-part AOF|All AOF files and manifest are valid/);
    assert.equal(checked.exitCode, 0, checked.stdout + checked.stderr);
  });
}
