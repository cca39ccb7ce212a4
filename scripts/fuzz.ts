import { fuzzCore } from '../test/support/fuzz-core.ts';

/**
 * `npm run fuzz [-- MINUTES [SEED]]`: the proxy's core over an in-memory network with random pipelines, cuts, short
 * writes and leaving clients, ten minutes unless told otherwise. A failure names its seed, which repeats it.
 */
const minutes = Number(process.argv[2] ?? 10);
const first = Number(process.argv[3] ?? Date.now() % 1_000_000);
if (!(minutes > 0) || !Number.isInteger(first)) {
  process.stderr.write('usage: npm run fuzz [-- MINUTES [SEED]]\n');
  process.exit(2);
}
const until = Date.now() + minutes * 60_000;
const memory = (): number => Math.round(process.memoryUsage().rss / 1024 / 1024);
let answered = 0;
let seed = first;
for (let shown = 0; Date.now() < until; seed++) {
  try {
    answered += await fuzzCore(seed, 100);
  } catch (error) {
    process.stderr.write(`seed ${seed}: ${(error as Error).stack}\n`);
    process.exit(1);
  }
  if (Date.now() - shown > 10_000) {
    shown = Date.now();
    process.stderr.write(`seeds ${first}..${seed}: ${answered} answers checked, ${memory()} MB\n`);
  }
}
process.stdout.write(`seeds ${first}..${seed - 1}: ${answered} answers checked, all right\n`);
