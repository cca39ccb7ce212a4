import { isOnHosts } from '../../topology/plan.ts';
import { EXIT } from '../errors.ts';
import { prepare } from '../prepare/prepare.ts';
import { prepareHosts } from '../prepare/prepare-hosts.ts';
import { connectEngines } from '../stack/engines.ts';
import { findFormerHosts } from '../stack/former-hosts.ts';
import { stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

export interface PrepareOptions extends CommonOptions {
  readonly provider?: 'mirror' | 'registry' | 'bundled';
}

/** Finds or installs everything a deployment needs and says what it chose. */
export async function prepareVerb(options: PrepareOptions): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home, reporter, signal } = verbContext(options);
  const { provider } = options;
  const folder = stackFolder(options.file);
  const environment = isOnHosts(plan)
    ? (
        await prepareHosts(
          {
            home,
            plan,
            provider,
            folder,
            signal,
            engines: await connectEngines(plan, folder),
            former: await findFormerHosts(home, plan),
          },
          reporter,
        )
      ).environment
    : await prepare({ home, plan, provider }, reporter);
  if (options.json === true) printJson(environment);
  return EXIT.done;
}
