import { runFuzz } from './fuzz/run.ts';

const USAGE = `usage: npm run fuzz [-- MINUTES [SEED]]

Random requests, damaged bytes, crashing and hanging servers, every reply checked: the proxy's whole core over an
in-memory network, for ten minutes unless told otherwise. A failure names the seed that repeats it.
`;

/** Exit codes: 0 all right, 1 a failure was found, 2 wrong arguments. */
async function main(args: readonly string[]): Promise<number> {
  const [minutes = 10, seed = Date.now() % 1_000_000] = args.map(Number);
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { failure, text } = await runFuzz(minutes, seed, (line) => void process.stderr.write(`${line}\n`));
  process.stdout.write(`${text}\n`);
  return failure ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
