import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { oneOf, seeded } from '../../scripts/chance.ts';
import type { StackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Lines of an `up` after which one may be killed, in the order in which they come. */
const STEPS = ['✓ synth', '✓ deploy proof-a-data:', '✓ deploy proof-network:', '✓ deploy proof-a:'];
/** In so long after most of them all domains are being made, at once. */
const LATER_MS = 5000;

/** An `up` that is killed outright, somewhere. The stack need not stand before; it stands afterwards. */
export function killedTests(stackOf: () => StackRun, seeds: readonly number[]): void {
  for (const seed of seeds) {
    test(`an up that was killed outright (seed ${seed}): the next one makes the stack whole`, async () => {
      const stack = stackOf();
      assert.equal((await stack.twemstack('down')).exitCode, 0);
      const chance = seeded(seed);
      const step = oneOf(chance, STEPS);
      const later = chance(LATER_MS);
      const running = stack.start('up');
      let shown = '';
      running.stderr?.on('data', (chunk: Buffer) => {
        shown += chunk.toString();
      });
      await waitUntil(`"${step}"`, () => shown.includes(step), { withinMs: 180_000 });
      await delay(later);
      running.kill('SIGKILL');
      await running;
      const next = await stack.twemstack('up');
      assert.equal(next.exitCode, 0, `killed ${later} ms after "${step}"\n${shown}\n${next.stderr}`);
      const status = await stack.twemstack('status');
      assert.equal(status.exitCode, 0, status.stdout);
    });
  }
}
