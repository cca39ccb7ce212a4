import { isOnHosts } from '../../../topology/plan.ts';
import { standsInFront } from '../../rollout/two-networks.ts';
import { registerCheck } from '../check.ts';

export const oneNetwork = registerCheck({
  name: 'one-network',
  well: 'members stand on the back network',
  examine: ({ plan, containers }) => {
    if (isOnHosts(plan)) return [];
    const old = plan.members
      .map(({ name }) => name)
      .filter((name) => {
        const container = containers.get(name);
        return container !== undefined && standsInFront(container, plan);
      });
    if (old.length === 0) return [];
    return [
      {
        severity: 'wrong',
        subjects: old,
        what: `${old.join(', ')}: not on the network ${plan.back.name}`,
        why: 'the stack was made by a version with one network, or somebody disconnected them; the others cannot reach them',
        mend: ['`twemstack down` (data, passwords and the virtual IP stay)', '`twemstack up`'],
      },
    ];
  },
});
