import { App } from './cdktf.ts';
import type { StackInputs } from './inputs.ts';
import { RedisService } from './redis-service.ts';

/**
 * Writes one terraform configuration per stack below `outdir`/stacks.
 *
 * @throws when a container lacks what HardeningAspect asks for.
 */
export function synthStacks(inputs: StackInputs, outdir: string): void {
  const app = new App({ outdir, skipValidation: false });
  new RedisService(app, inputs.plan.name, inputs);
  app.synth();
}
