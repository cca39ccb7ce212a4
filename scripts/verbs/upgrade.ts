import { demandConsent } from '../data/consent.ts';
import { dataEditDocument, dataEditText } from '../data/data-text.ts';
import { EXIT } from '../errors.ts';
import { outlookDocument, outlookText } from '../rollout/describe.ts';
import { removeData } from '../rollout/remove-data.ts';
import { demandWhole, lookAhead, rollOut } from '../rollout/roll-out.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { printJson, verbContext } from './context.ts';
import { consentOf, type DataOptions, lookAtData } from './data-consent.ts';
import type { PrepareOptions } from './prepare.ts';
import { exitOf, prepareDeployment, report } from './up.ts';

export interface UpgradeOptions extends PrepareOptions, DataOptions {
  readonly dryRun?: boolean;
  readonly recreate?: boolean;
}

/** Brings a whole stack to what its file and its images say, one domain at a time, without an error for applications. */
export async function upgradeVerb(options: UpgradeOptions): Promise<number> {
  const begin = performance.now();
  const context = verbContext(options);
  const deployment = await prepareDeployment(context, loadAnyPlan(options.file), options);
  const { plan, reporter } = deployment;
  const data = await lookAtData(deployment);
  const going = options.dryRun === true ? [] : demandConsent(plan, data, consentOf(options));
  const outlook = await lookAhead(deployment, options.recreate === true);
  demandWhole(plan, outlook);
  const turns = outlookDocument(plan, outlook);
  if (options.dryRun === true) {
    if (context.json) printJson({ stack: plan.name, turns, data: dataEditDocument(data) });
    else process.stdout.write(`\n${dataEditText(data)}${outlookText(turns)}`);
    return EXIT.done;
  }
  reporter.note(`\n${outlookText(turns)}`);
  const result = await rollOut(deployment, outlook);
  await removeData(deployment, going);
  report(context, plan, result, performance.now() - begin);
  return exitOf(deployment);
}
