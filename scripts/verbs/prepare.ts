import { EXIT } from '../errors.ts';
import { prepare } from '../prepare/prepare.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

export interface PrepareOptions extends CommonOptions {
  readonly provider?: 'mirror' | 'registry' | 'bundled';
}

/** Finds or installs everything a deployment needs and says what it chose. */
export async function prepareVerb(options: PrepareOptions): Promise<number> {
  const plan = loadPlan(options.file);
  const { home, reporter } = verbContext(options);
  const environment = await prepare({ home, plan, provider: options.provider }, reporter);
  if (options.json === true) printJson(environment);
  return EXIT.done;
}
