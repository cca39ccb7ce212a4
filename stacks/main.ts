import { isOnHosts } from '../topology/plan.ts';
import { App } from './cdktf.ts';
import { HostsService } from './hosts-service.ts';
import type { ServiceInputs, StackInputs } from './inputs.ts';
import { RedisService } from './redis-service.ts';

/**
 * Writes one terraform configuration per stack below `outdir`/stacks.
 *
 * @throws when a container lacks what HardeningAspect asks for.
 */
export function synthStacks(inputs: StackInputs, outdir: string): void {
  const app = new App({ outdir, skipValidation: false });
  if (isOfOneEngine(inputs)) new RedisService(app, inputs.plan.name, inputs);
  else new HostsService(app, inputs.plan.name, inputs);
  app.synth();
}

const isOfOneEngine = (inputs: StackInputs): inputs is ServiceInputs => !isOnHosts(inputs.plan);
