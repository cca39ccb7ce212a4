import type { PlanDomain } from '../topology/types.ts';
import { BaseStack } from './base-stack.ts';
import type { Construct } from './cdktf.ts';
import type { StackInputs } from './inputs.ts';
import { MemberContainer } from './member-container.ts';
import { SeedContainer } from './seed-container.ts';

/** All containers of one failure domain: what a rolling upgrade replaces at a time. */
export class DomainStack extends BaseStack {
  constructor(scope: Construct, domain: PlanDomain, inputs: StackInputs) {
    super(scope, domain.stack, inputs, inputs.engines?.get(domain.name));
    const seed = new SeedContainer(this, domain, inputs);
    for (const member of domain.members) new MemberContainer(this, member, seed, inputs);
  }
}
