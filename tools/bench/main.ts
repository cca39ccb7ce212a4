/** `npm run bench -- proxy`: our proxy beside the original; `-- path`: what a request costs on its way through a stack; `-- backup`: what a backup costs its clients; `-- stack` is the operator's `twemstack bench stack`. */
import { Command, CommanderError } from 'commander';
import { dockerClient } from '../../scripts/docker-client.ts';
import { drilledPool } from '../../scripts/drill/load/drilled-pool.ts';
import { EXIT, InputError, OperatorError } from '../../scripts/errors.ts';
import { deployedCredentials } from '../../scripts/stack/credentials.ts';
import { loadPlan } from '../../scripts/stack/load.ts';
import { rateOf } from '../../scripts/verbs/backup.ts';
import { type BenchOptions, benchVerb } from '../../scripts/verbs/bench.ts';
import { type CommonOptions, printJson, verbContext } from '../../scripts/verbs/context.ts';
import { benchBackup } from './backup.ts';
import { backupBenchText } from './backup-text.ts';
import { benchPath } from './path.ts';
import { pathText } from './path-text.ts';
import { benchText } from './proxy/report.ts';
import { benchProxy, PARTS, type Part } from './proxy.ts';

interface ProxyOptions {
  readonly json?: boolean;
  readonly rounds: string;
  readonly only?: string;
  readonly quick?: boolean;
  readonly part?: string;
}

interface PathCommandOptions extends CommonOptions {
  readonly rounds: string;
}

interface BackupCommandOptions extends PathCommandOptions {
  readonly rate?: string;
}

/** 10 MB of data: less than `redis.maxmemory` is unless it is said, whatever the number of shards. */
const BACKUP_KEYS = 10_000;
const BACKUP_SLICE_MS = 3000;

const program = new Command('npm run bench --').showHelpAfterError().exitOverride();

program
  .command('proxy')
  .description('our proxy beside the original nutcracker, which must be installed (Debian has it)')
  .option('--rounds <n>', 'rounds per load', '5')
  .option('--only <text>', 'only loads whose name contains this')
  .option('--quick', 'only the goals, from shorter runs')
  .option('--part <name>', `one of ${PARTS.join(', ')}`)
  .option('--json', 'one JSON document on stdout, nothing else')
  .action(async (options: ProxyOptions) => {
    process.exitCode = await benchBesideOriginal(options);
  });
program
  .command('path')
  .description(
    'CPU time for a request by tier, through the VIP of a running stack, beside one plain redis-server',
  )
  .option('-f, --file <path>', 'the stack file')
  .option('--rounds <n>', 'rounds per load', '3')
  .option('--json', 'one JSON document on stdout, nothing else')
  .action(async (options: PathCommandOptions) => {
    process.exitCode = await benchOfPath(options);
  });
program
  .command('backup')
  .description('throughput through the VIP of a running stack, without and with a backup that is being taken')
  .option('-f, --file <path>', 'the stack file')
  .option('--rounds <n>', 'of eight slices each, about 40 s', '8')
  .option('--rate <size>', 'as of `twemstack backup` (default: backup.rate of the stack file)')
  .option('--json', 'one JSON document on stdout, nothing else')
  .action(async (options: BackupCommandOptions) => {
    process.exitCode = await benchOfBackup(options);
  });
program
  .command('stack')
  .description('a running stack; stops one domain for some seconds (npx twemstack bench stack)')
  .option('-f, --file <path>', 'the stack file')
  .option('--json', 'one JSON document on stdout, nothing else')
  .action(async (options: BenchOptions) => {
    process.exitCode = await benchVerb(options, 'stack');
  });

/** Measures and reports; it never fails because of a figure, that is for whoever reads them. */
async function benchBesideOriginal(options: ProxyOptions): Promise<number> {
  const rounds = roundsOf(options.rounds);
  const { only, quick = false, json = false } = options;
  const part = options.part as Part | undefined;
  if (part !== undefined && !PARTS.includes(part)) {
    throw new InputError(`--part "${part}" is none of ${PARTS.join(', ')}`);
  }
  // what was started ends with this process
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(EXIT.notSo));
  const result = await benchProxy({
    rounds,
    only,
    quick,
    part,
    progress: (text) => void process.stderr.write(`${text}\n`),
    done: (results) => void (json || process.stdout.write(benchText(results))),
  });
  if (json) printJson(result);
  return EXIT.done;
}

/** As above. */
async function benchOfPath(options: PathCommandOptions): Promise<number> {
  const rounds = roundsOf(options.rounds);
  const plan = loadPlan(options.file);
  const { home } = verbContext(options);
  const result = await benchPath({
    plan,
    credentials: deployedCredentials(home, plan.name),
    engine: await dockerClient(),
    rounds,
    progress: (text) => void process.stderr.write(`${text}\n`),
  });
  if (options.json === true) printJson(result);
  else process.stdout.write(pathText(result));
  return EXIT.done;
}

/** As above. */
async function benchOfBackup(options: BackupCommandOptions): Promise<number> {
  const rounds = roundsOf(options.rounds);
  const plan = loadPlan(options.file);
  const credentials = deployedCredentials(verbContext(options).home, plan.name);
  const result = await benchBackup({
    plan,
    credentials,
    place: { host: plan.vip, port: drilledPool(plan).listen, password: credentials.application },
    rounds,
    rateMb: rateOf(options.rate) ?? plan.backup.rateMb,
    keys: BACKUP_KEYS,
    leastSliceMs: BACKUP_SLICE_MS,
    progress: (text) => void process.stderr.write(`${text}\n`),
  });
  if (options.json === true) printJson(result);
  else process.stdout.write(backupBenchText(result));
  return EXIT.done;
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 50) return rounds;
  throw new InputError(`--rounds "${text}" is not a whole number from 1 to 50`);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.badInput;
  else if (error instanceof OperatorError) {
    process.stderr.write(`${error.format()}\n`);
    process.exitCode = error.exitCode;
  } else throw error;
}
