import { prepareInputs } from '../deploy/prepare-inputs.ts';
import { stackOrder, synth } from '../deploy/synth.ts';
import { EXIT } from '../errors.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Writes the terraform configuration of every stack; `cdktf deploy` runs this through cdktf.json. */
export async function synthVerb(options: CommonOptions): Promise<number> {
  const plan = loadPlan(options.file);
  const { home, reporter } = verbContext(options);
  const { inputs, environment } = await prepareInputs(home, plan, reporter);
  await synth(home, inputs, environment.provider);
  if (options.json === true) printJson({ outdir: home.outdir, stacks: stackOrder(plan) });
  return EXIT.done;
}
