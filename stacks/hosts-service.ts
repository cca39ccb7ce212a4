import { Construct } from './cdktf.ts';
import { DataStack } from './data-stack.ts';
import { DomainStack } from './domain-stack.ts';
import type { StackInputs } from './inputs.ts';
import type { ServiceDomain } from './redis-service.ts';

/**
 * The service on a machine for each domain: one terraform stack for its data volumes and one for its containers, with the
 * provider of that machine. None depends on anything of another machine, so one that is dead blocks its own alone. There is
 * no network to make but a domain's own way to the LAN, where members have addresses there, and images are named, not made: they are brought to every engine beforehand, built once.
 */
export class HostsService extends Construct {
  readonly domains: readonly ServiceDomain[];

  /** @throws Error when a domain has no engine in `inputs` */
  constructor(scope: Construct, id: string, inputs: StackInputs) {
    super(scope, id);
    this.domains = inputs.plan.domains.map((domain) => {
      if (inputs.engines?.get(domain.name) === undefined)
        throw new Error(`domain ${domain.name} has a machine, and the stacks are not told how to reach it`);
      const data = new DataStack(scope, domain, inputs);
      const members = new DomainStack(scope, domain, inputs);
      members.addDependency(data);
      return { plan: domain, data, members };
    });
  }
}
