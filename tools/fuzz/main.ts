import { fuzzModes } from './modes/modes.ts';
import { runFuzz } from './run.ts';
import { describe, soak } from './soak.ts';

const USAGE = `usage: npm run fuzz [-- MINUTES [SEED]]
       npm run fuzz -- modes [MINUTES [SEED]]
       npm run fuzz -- soak [MINUTES [SEED]]

fuzz: random requests, damaged bytes, crashing and hanging servers, every reply checked: the proxy's whole core over
an in-memory network. A failure names the seed that repeats it.
modes: random programs of several clients (transactions, waiting, listening, caching, databases, RESP2 and RESP3) on a
redis-server, and through the shipped proxy before one server and before two; every reply the same, or refused where it
must be; with every third seed the servers are restarted in between. What differs is made as small as can be.
soak: the shipped proxy before real redis-servers that are killed and stopped, with 300 clients, workers of a queue and listeners.
Ten minutes unless told otherwise.
`;

const SOAK_CLIENTS = 300;

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** Exit codes: 0 all right, 1 a failure was found, 2 wrong arguments. */
async function main(args: readonly string[]): Promise<number> {
  const [mode] = args;
  const named = mode === 'soak' || mode === 'modes';
  const [minutes = 10, seed = Date.now() % 1_000_000] = args.slice(named ? 1 : 0).map(Number);
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    process.stderr.write(USAGE);
    return 2;
  }
  if (mode === 'modes') {
    const { programs, failure } = await fuzzModes(minutes, seed, tell);
    process.stdout.write(`${failure ?? `${programs} programs, all answered alike`}\n`);
    return failure === null ? 0 : 1;
  }
  if (mode === 'soak') {
    const result = await soak({ seconds: minutes * 60, clients: SOAK_CLIENTS, seed, tell });
    process.stdout.write(`${describe(result)}\n`);
    return 0;
  }
  const { failure, text } = await runFuzz(minutes, seed, tell);
  process.stdout.write(`${text}\n`);
  return failure ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
