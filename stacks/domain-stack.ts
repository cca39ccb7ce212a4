import { lanName } from '../topology/macvlan.ts';
import { isOnHosts } from '../topology/plan.ts';
import type { PlanDomain } from '../topology/types.ts';
import { BaseStack } from './base-stack.ts';
import { type Construct, Network } from './cdktf.ts';
import type { StackInputs } from './inputs.ts';
import { MemberContainer } from './member-container.ts';
import { INSTANCE_LABEL, OWNER_LABEL } from './owner-label.ts';
import { SeedContainer } from './seed-container.ts';

/** All containers of one failure domain: what a rolling upgrade replaces at a time; and the network that leads them to the LAN. */
export class DomainStack extends BaseStack {
  constructor(scope: Construct, domain: PlanDomain, inputs: StackInputs) {
    super(scope, domain.stack, inputs, inputs.engines?.get(domain.name));
    const seed = new SeedContainer(this, domain, inputs);
    const lan = lanNetwork(this, domain, inputs);
    const before = lan === undefined ? [seed.container] : [seed.container, lan];
    for (const member of domain.members) new MemberContainer(this, member, before, inputs);
  }
}

/** Beside the members of a host: their way to the LAN by its device. Undefined where they have no addresses of their own. */
function lanNetwork(scope: Construct, { host }: PlanDomain, inputs: StackInputs): Network | undefined {
  const { instance, plan } = inputs;
  if (!isOnHosts(plan) || plan.lan === undefined || host?.macvlan === undefined) return undefined;
  const { parent, range } = host.macvlan;
  return new Network(scope, 'lan', {
    name: lanName(plan.name),
    driver: 'macvlan',
    options: { parent },
    ipamConfig: [{ subnet: plan.lan.subnet, gateway: plan.lan.gateway, ipRange: range }],
    labels: [
      { label: INSTANCE_LABEL, value: instance },
      { label: OWNER_LABEL, value: plan.name },
    ],
  });
}
