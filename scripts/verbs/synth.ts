import type Docker from 'dockerode';
import type { Plan } from '../../topology/types.ts';
import { demandConsent, NO_CONSENT } from '../data/data-edit.ts';
import { keyMoves } from '../data/key-moves.ts';
import { formerRouting } from '../data/routing-record.ts';
import { stackInputs, stackOrder, synth } from '../deploy/synth.ts';
import { answeringEngine } from '../docker-client.ts';
import { EXIT } from '../errors.ts';
import { readOrPrepare } from '../prepare/prepare.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import { credentialsFor } from '../stack/credentials-for.ts';
import type { Home } from '../stack/home.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Writes the terraform configuration of every stack; `cdktf deploy` runs this through cdktf.json. */
export async function synthVerb(options: CommonOptions): Promise<number> {
  const plan = loadPlan(options.file);
  const { home, reporter } = verbContext(options);
  const environment = await readOrPrepare(home, reporter);
  const engine = await answeringEngine();
  const credentials = await credentialsFor(home, plan, engine);
  await demandSameHomes(home, plan, engine);
  await synth(home, stackInputs(home, plan, credentials, environment), environment.provider);
  if (options.json === true) printJson({ outdir: home.outdir, stacks: stackOrder(plan) });
  return EXIT.done;
}

/**
 * Terraform leaves volumes alone, for they stay in the configuration; it knows nothing of keys, and nobody can be asked.
 *
 * @throws InputError when keys would be looked for on another shard
 */
async function demandSameHomes(home: Home, plan: Plan, engine: Docker | undefined): Promise<void> {
  const former = await formerRouting(home, plan.name, engine);
  if (former === undefined) return;
  const moves = keyMoves(former.text, renderNutcrackerYml(plan));
  demandConsent(plan, { surplus: [], moves, former, notes: [] }, NO_CONSENT);
}
