import { benchStack, type Figure } from '../bench/stack.ts';
import { demandEngine } from '../docker-client.ts';
import { EXIT, InputError } from '../errors.ts';
import { demandEnvironment } from '../prepare/environment.ts';
import { table } from '../report/table.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

export type BenchOptions = CommonOptions;

/** Measures and reports; it never fails because of a figure, that is for whoever reads them. */
export async function benchVerb(options: BenchOptions, what: string): Promise<number> {
  if (what !== 'stack') {
    throw new InputError(`there is no benchmark "${what}"`, {
      remedy: 'twemstack bench stack; the proxy beside the original: `npm run bench -- proxy` in a checkout',
    });
  }
  const plan = loadPlan(options.file);
  const { home, reporter } = verbContext(options);
  const environment = demandEnvironment(home);
  const credentials = deployedCredentials(home, plan.name);
  const engine = await demandEngine();
  const figures = await benchStack({ home, plan, credentials, environment, engine, reporter });
  if (options.json === true) printJson({ stack: plan.name, figures });
  else process.stdout.write(table(['figure', 'value', 'goal'], figures.map(row)));
  return EXIT.done;
}

const row = ({ name, value, unit, goal }: Figure): string[] => [
  name,
  `${value.toFixed(unit === 's' ? 2 : 0)} ${unit}`,
  goal === undefined ? '' : `<= ${goal} ${unit}`,
];
