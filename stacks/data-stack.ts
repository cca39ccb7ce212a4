import { containerOptions } from '../topology/container-options.ts';
import type { PlanDomain } from '../topology/types.ts';
import { BaseStack } from './base-stack.ts';
import { type Construct, Volume } from './cdktf.ts';
import type { StackInputs } from './inputs.ts';
import { OWNER_LABEL } from './owner-label.ts';
import { dataVolume } from './volume-names.ts';

/** The data volumes of one domain, apart from its containers so that the ordinary `down` cannot destroy them. */
export class DataStack extends BaseStack {
  constructor(scope: Construct, domain: PlanDomain, inputs: StackInputs) {
    super(scope, domain.dataStack, inputs, inputs.engines?.get(domain.name));
    const members = domain.members.filter((member) => containerOptions(inputs.plan, member).data);
    const kept = inputs.keptMembers.get(domain.dataStack) ?? [];
    for (const name of [...members.map((member) => member.name), ...kept]) {
      new Volume(this, name, {
        name: dataVolume(name),
        labels: [{ label: OWNER_LABEL, value: inputs.plan.name }],
        lifecycle: { preventDestroy: inputs.protectData },
      });
    }
  }
}
