import { App } from 'cdktf';
import { DataStack } from './data-stack.ts';
import { DomainStack } from './domain-stack.ts';
import type { StackInputs } from './inputs.ts';
import { NetworkStack } from './network-stack.ts';

/**
 * Writes one terraform configuration per stack below `outdir`/stacks: the network, and for each failure domain its
 * data volumes and its containers. Domains do not depend on each other: a dead one must not block the others.
 *
 * @throws when a container lacks what HardeningAspect asks for.
 */
export function synthStacks(inputs: StackInputs, outdir: string): void {
  const app = new App({ outdir, skipValidation: false });
  const network = new NetworkStack(app, inputs);
  for (const domain of inputs.plan.domains) {
    const data = new DataStack(app, domain, inputs);
    const members = new DomainStack(app, domain, inputs);
    members.addDependency(network);
    members.addDependency(data);
  }
  app.synth();
}
