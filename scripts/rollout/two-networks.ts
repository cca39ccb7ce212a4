import type { Plan } from '../../topology/types.ts';
import { InputError } from '../errors.ts';
import type { ContainerState } from '../observe/engine.ts';

/**
 * Of a stack that was made when there was one network, applications beside members. One that has never run is not: who makes
 * a container connects it to its networks one after the other, and may have been killed in between.
 */
export const standsInFront = ({ networks, status }: ContainerState, { back }: Plan): boolean =>
  status !== 'created' && !networks.includes(back.name);

/**
 * Refuses to change a stack that has one network: member by member there would be two halves that cannot reach each other.
 *
 * @throws InputError
 */
export function demandBackNetwork(plan: Plan, containers: ReadonlyMap<string, ContainerState>): void {
  const old = plan.members
    .map(({ name }) => name)
    .filter((name) => {
      const container = containers.get(name);
      return container !== undefined && standsInFront(container, plan);
    });
  if (old.length === 0) return;
  throw new InputError(
    `stack ${plan.name} was made with one network; applications and members have one each now, ${plan.front.name} and ` +
      `${plan.back.name}, and a running stack cannot go over`,
    {
      where: old.join(', '),
      remedy:
        'nothing was changed; `twemstack down` (data, passwords and the virtual IP stay) and then `twemstack up`; what else ' +
        'reaches members, stats or ops ports by their addresses finds the new ones in `twemstack plan`',
    },
  );
}
