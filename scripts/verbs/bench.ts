import { benchText } from '../bench/proxy/report.ts';
import { benchProxy, PARTS, type Part } from '../bench/proxy.ts';
import { benchStack, type Figure } from '../bench/stack.ts';
import { dockerClient } from '../docker-client.ts';
import { EXIT, InputError } from '../errors.ts';
import { demandEnvironment } from '../prepare/environment.ts';
import { table } from '../report/table.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

export interface BenchOptions extends CommonOptions {
  readonly rounds: string;
  readonly only?: string;
  readonly quick?: boolean;
  readonly part?: string;
}

/** Measures and reports; it never fails because of a figure, that is for whoever reads them. */
export async function benchVerb(options: BenchOptions, what: string): Promise<number> {
  if (what === 'stack') return benchRunningStack(options);
  if (what === 'proxy') return benchBesideOriginal(options);
  throw new InputError(`there is no benchmark "${what}"`, { remedy: 'the benchmarks are stack and proxy' });
}

async function benchRunningStack(options: BenchOptions): Promise<number> {
  const plan = loadPlan(options.file);
  const { home, reporter } = verbContext(options);
  const environment = demandEnvironment(home);
  const credentials = deployedCredentials(home, plan.name);
  const engine = await dockerClient();
  const figures = await benchStack({ home, plan, credentials, environment, engine, reporter });
  if (options.json === true) printJson({ stack: plan.name, figures });
  else process.stdout.write(table(['figure', 'value', 'goal'], figures.map(row)));
  return EXIT.done;
}

/** The proxy beside the original `nutcracker`, which must be installed (Debian has it). */
async function benchBesideOriginal(options: BenchOptions): Promise<number> {
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

const row = ({ name, value, unit, goal }: Figure): string[] => [
  name,
  `${value.toFixed(unit === 's' ? 2 : 0)} ${unit}`,
  goal === undefined ? '' : `<= ${goal} ${unit}`,
];
