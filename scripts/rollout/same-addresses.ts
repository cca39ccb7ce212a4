import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { firstOf, InputError } from '../errors.ts';
import type { ContainerState } from '../observe/engine.ts';

/**
 * What a container has for addresses; where it is to have its own, the network of its host is none of these. One that has
 * never run has none yet that anybody knows: it may have been left half made.
 */
function placesOf(plan: AnyPlan, container: ContainerState | undefined): readonly string[] {
  if (container === undefined || container.status === 'created') return [];
  const { addresses, networks } = container;
  const hasOwn = !isOnHosts(plan) || plan.lan !== undefined;
  return hasOwn && networks.includes('host') ? ['the address of its host'] : addresses;
}

/**
 * Refuses to change the addresses of members that stand, as another `network`, `back_network`, `range` or another order of `domains` does: one
 * domain after the other there would be two halves that do not find each other.
 *
 * @throws InputError naming the members that would move
 */
export function demandSameAddresses(plan: AnyPlan, containers: ReadonlyMap<string, ContainerState>): void {
  const moved = plan.members.flatMap((member) => {
    const { name, address } = member;
    const wanted = member.role === 'edge' ? [member.frontAddress, address] : [address];
    const before = placesOf(plan, containers.get(name));
    return before.length === 0 || wanted.every((each) => before.includes(each))
      ? []
      : [`${name}: ${before.join(', ')} -> ${wanted.join(', ')}`];
  });
  if (moved.length === 0) return;
  throw new InputError('the addresses of members cannot change while the stack stands', {
    where: firstOf(moved),
    remedy:
      'nothing was changed; put `network`, `back_network`, `range` and the order of `domains` back, or `twemstack down` (the data stays) and then ' +
      '`twemstack up`',
  });
}
