import type { Credentials, Plan } from '../../topology/types.ts';
import type { Target } from './attacker.ts';

/** The first behind those that its clients may be in. */
function foreignDatabaseOf({ databases, redisDb }: Plan['pools'][number]): number {
  return databases === 0 ? redisDb + 1 : databases;
}

/** All that an attacker can have found out of a stack, and the one password that every application has. */
export function targetOf(plan: Plan, credentials: Credentials): Target {
  const poolPorts = plan.pools.map(({ listen }) => listen);
  return {
    vip: plan.vip,
    port: poolPorts[0],
    poolPorts,
    password: credentials.application,
    shards: plan.shards.map(({ name }) => name),
    neighbours: plan.members.map(({ name, role, address }) => ({ name, role, address })),
    edgeFronts: plan.edges.map(({ frontAddress }) => frontAddress),
    knownPorts: [
      ...new Set([
        ...poolPorts,
        ...plan.members.flatMap((member): number[] => {
          switch (member.role) {
            case 'edge':
              return [member.opsPort];
            case 'proxy':
              return [member.statsPort];
            default:
              return [member.port];
          }
        }),
      ]),
    ],
    foreignDatabase: foreignDatabaseOf(plan.pools[0]),
    vrid: plan.edge.vrid,
  };
}
