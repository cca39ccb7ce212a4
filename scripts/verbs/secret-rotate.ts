import type { Account } from '../../topology/types.ts';
import { NO_CONSENT } from '../data/consent.ts';
import { EXIT } from '../errors.ts';
import { seconds } from '../report/steps.ts';
import { rotate } from '../rotation/rotate.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { printJson, verbContext } from './context.ts';
import { settleData } from './data-consent.ts';
import type { PrepareOptions } from './prepare.ts';
import { accountOf } from './secret.ts';
import { prepareDeployment } from './up.ts';

/** Changes one password while everything runs. */
export async function rotateVerb(
  options: PrepareOptions & { readonly finish?: boolean },
  name: string,
): Promise<number> {
  const account = accountOf(name);
  const begin = performance.now();
  const context = verbContext(options);
  const deployment = await prepareDeployment(context, loadAnyPlan(options.file), options);
  await settleData(deployment, NO_CONSENT);
  const oldIsGood = await rotate(deployment, account, options.finish === true);
  const elapsed = performance.now() - begin;
  if (context.json) printJson({ account, oldIsGood, elapsedMs: Math.round(elapsed) });
  else process.stdout.write(`${outcome(account, oldIsGood)} (${seconds(elapsed)})\n`);
  return EXIT.done;
}

function outcome(account: Account, oldIsGood: boolean): string {
  if (!oldIsGood) return `the password of ${account} is changed; the old one is refused`;
  return (
    `both passwords of ${account} are good now: give the new one (\`twemstack secret ${account}\`) to everybody who uses ` +
    `it, then run \`twemstack secret rotate ${account} --finish\``
  );
}
