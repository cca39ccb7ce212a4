/** `npm run bench -- proxy`: our proxy beside the original; `-- stack` is the operator's `twemstack bench stack`. */
import { Command, CommanderError } from 'commander';
import { EXIT, InputError, OperatorError } from '../../scripts/errors.ts';
import { type BenchOptions, benchVerb } from '../../scripts/verbs/bench.ts';
import { printJson } from '../../scripts/verbs/context.ts';
import { benchText } from './proxy/report.ts';
import { benchProxy, PARTS, type Part } from './proxy.ts';

interface ProxyOptions {
  readonly json?: boolean;
  readonly rounds: string;
  readonly only?: string;
  readonly quick?: boolean;
  readonly part?: string;
}

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
  .command('stack')
  .description('a running stack; stops one domain for some seconds (npx twemstack bench stack)')
  .option('-f, --file <path>', 'the stack file')
  .option('--json', 'one JSON document on stdout, nothing else')
  .action(async (options: BenchOptions) => {
    process.exitCode = await benchVerb(options, 'stack');
  });

/** Measures and reports; it never fails because of a figure, that is for whoever reads them. */
async function benchBesideOriginal(options: ProxyOptions): Promise<number> {
  const rounds = Number(options.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) {
    throw new InputError(`--rounds "${options.rounds}" is not a whole number from 1 to 50`);
  }
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

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.badInput;
  else if (error instanceof OperatorError) {
    process.stderr.write(`${error.format()}\n`);
    process.exitCode = error.exitCode;
  } else throw error;
}
