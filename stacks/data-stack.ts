import { Volume } from '@cdktf/provider-docker/lib/volume/index.js';
import type { Construct } from 'constructs';
import { containerOptions } from '../topology/container-options.ts';
import type { PlanDomain } from '../topology/types.ts';
import { BaseStack } from './base-stack.ts';
import type { StackInputs } from './inputs.ts';
import { OWNER_LABEL } from './owner-label.ts';

/** Name of the volume that holds a member's data. */
export const dataVolume = (member: string): string => `${member}-data`;

/** The data volumes of one domain, apart from its containers so that the ordinary `down` cannot destroy them. */
export class DataStack extends BaseStack {
  constructor(scope: Construct, domain: PlanDomain, inputs: StackInputs) {
    super(scope, domain.dataStack, inputs);
    for (const member of domain.members) {
      if (!containerOptions(inputs.plan, member).data) continue;
      new Volume(this, member.name, {
        name: dataVolume(member.name),
        labels: [{ label: OWNER_LABEL, value: inputs.plan.name }],
        lifecycle: { preventDestroy: inputs.protectData },
      });
    }
  }
}
