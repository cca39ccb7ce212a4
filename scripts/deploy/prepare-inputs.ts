import type Docker from 'dockerode';
import type { StackInputs } from '../../stacks/inputs.ts';
import type { Credentials, Plan } from '../../topology/types.ts';
import { demandConsent, NO_CONSENT } from '../data/consent.ts';
import { credentialsFor } from '../data/credentials-for.ts';
import { keyMoves } from '../data/key-moves.ts';
import { droppedDatabases, outOfReach } from '../data/out-of-reach.ts';
import { formerRouting } from '../data/routing-record.ts';
import { answeringEngine } from '../docker-client.ts';
import type { Environment } from '../prepare/environment.ts';
import { readOrPrepare } from '../prepare/prepare.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import type { Reporter } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';
import { stackInputs } from './synth.ts';

export interface Prepared {
  readonly inputs: StackInputs;
  readonly environment: Environment;
  readonly credentials: Credentials;
}

/** What the stacks of a plan are wired from, for whoever deploys without `up`: what cannot be asked about is refused. */
export async function prepareInputs(home: Home, plan: Plan, reporter: Reporter): Promise<Prepared> {
  const environment = await readOrPrepare(home, reporter);
  const engine = await answeringEngine();
  const credentials = await credentialsFor(home, plan, engine);
  await demandSameHomes(home, plan, engine);
  return { inputs: stackInputs(home, plan, credentials, environment), environment, credentials };
}

/**
 * Terraform leaves volumes alone, for they stay in the configuration; it knows nothing of keys, and nobody can be asked.
 *
 * @throws InputError when keys would be looked for on another shard, or could be in a database that is not served any more
 */
async function demandSameHomes(home: Home, plan: Plan, engine: Docker | undefined): Promise<void> {
  const former = await formerRouting(home, plan.name, engine);
  if (former === undefined) return;
  const next = renderNutcrackerYml(plan);
  const moves = keyMoves(former.text, next);
  const unreached = outOfReach(plan.name, droppedDatabases(former.text, next), []);
  demandConsent(plan, { surplus: [], moves, outOfReach: unreached, former, notes: [] }, NO_CONSENT);
}
