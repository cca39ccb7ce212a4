import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fuzzSeed } from './seed.ts';

/** What the worker says: which seed it begins, what it has checked so far, and how much memory is in use after it. */
export interface Progress {
  readonly seed: number;
  readonly checked: number;
  readonly heapMb: number;
}

const SEEDS_BETWEEN = 50;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const [first, until] = process.argv.slice(2).map(Number);
let checked = 0;
let heapMb = 0;
for (let seed = first; Date.now() < until; seed++) {
  if ((seed - first) % SEEDS_BETWEEN === 0) {
    collectGarbage();
    heapMb = process.memoryUsage().heapUsed / 1024 / 1024;
  }
  process.send?.({ seed, checked, heapMb } satisfies Progress);
  checked += await fuzzSeed(seed);
  // what was posted is let go in a turn of the event loop, of which a seed has none
  await turn();
}
process.send?.({ seed: -1, checked, heapMb } satisfies Progress);
