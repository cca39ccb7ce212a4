import { benchStack, type Figure } from '../bench/stack.ts';
import { dockerClient } from '../docker-client.ts';
import { EXIT, InputError, NotSoError } from '../errors.ts';
import { readEnvironment } from '../prepare/environment.ts';
import { table } from '../report/table.ts';
import { readCredentials } from '../stack/credentials.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Measures and reports; it never fails because of a figure, that is for whoever reads them. */
export async function benchVerb(options: CommonOptions, what: string): Promise<number> {
  if (what !== 'stack')
    throw new InputError(`there is no benchmark "${what}"`, { remedy: 'the benchmarks are: stack' });
  const plan = loadPlan(options.file);
  const { home, reporter } = verbContext(options);
  const environment = readEnvironment(home);
  const credentials = readCredentials(home, plan.name);
  if (environment === undefined || credentials === undefined) {
    throw new NotSoError(`stack ${plan.name} is not deployed from here`, {
      remedy: 'run `twemstack up` first',
    });
  }
  const engine = await dockerClient();
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
