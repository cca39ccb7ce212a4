import { EXIT } from '../errors.ts';
import { outlookDocument, outlookText } from '../rollout/describe.ts';
import { demandWhole, lookAhead, rollOut } from '../rollout/roll-out.ts';
import { loadPlan } from '../stack/load.ts';
import { printJson, verbContext } from './context.ts';
import type { PrepareOptions } from './prepare.ts';
import { prepareDeployment, report } from './up.ts';

export interface UpgradeOptions extends PrepareOptions {
  readonly dryRun?: boolean;
  readonly recreate?: boolean;
}

/** Brings a whole stack to what its file and its images say, one domain at a time, without an error for applications. */
export async function upgradeVerb(options: UpgradeOptions): Promise<number> {
  const begin = performance.now();
  const context = verbContext(options);
  const deployment = await prepareDeployment(context, loadPlan(options.file), options);
  const { plan, reporter } = deployment;
  const outlook = await lookAhead(deployment, options.recreate === true);
  demandWhole(plan, outlook);
  const turns = outlookDocument(plan, outlook);
  if (options.dryRun === true) {
    if (context.json) printJson({ stack: plan.name, turns });
    else process.stdout.write(`\n${outlookText(turns)}`);
    return EXIT.done;
  }
  reporter.note(`\n${outlookText(turns)}`);
  report(context, plan, await rollOut(deployment, outlook), performance.now() - begin);
  return EXIT.done;
}
