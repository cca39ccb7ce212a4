import type { AnyPlan, RedisMember } from '../../../topology/types.ts';
import { currentMaster } from '../../observe/assess.ts';
import { isHolder } from '../../observe/holds-vip.ts';
import type { StackStatus } from '../../observe/status.ts';
import type { FaultContext } from '../drill.ts';
import { need } from './break.ts';

/** A shard's members by the role they have now. */
export interface ShardRoles {
  readonly shard: string;
  readonly master: RedisMember;
  readonly replicas: readonly RedisMember[];
}

/** The members of the shard that this round hits. */
export function hitShard({ plan, status, shard }: FaultContext): ShardRoles {
  return rolesOf(plan, status, shard);
}

export function rolesOf(plan: AnyPlan, status: StackStatus, shard: string): ShardRoles {
  const master = need(currentMaster(status, shard), `single master of ${shard}`);
  const members = plan.shards.find(({ name }) => name === shard)?.members ?? [];
  return { shard, master, replicas: members.filter(({ name }) => name !== master.name) };
}

/** The edge that holds the VIP now: of several the first one, which the load goes through. */
export function vipHolder({ plan, status }: FaultContext): string {
  const holder = status.members.find((entry) => isHolder(plan, entry));
  return need(holder?.member.name, 'edge that holds the VIP');
}

/** The domain whose loss hurts most: it holds most masters, and the VIP. */
export function worstDomain(plan: AnyPlan, status: StackStatus): string {
  const weight = (domain: string): number =>
    status.members
      .filter(({ member }) => member.domain === domain)
      .reduce(
        (sum, entry) => sum + (isHolder(plan, entry) ? 1 : 0) + (entry.redis?.role === 'master' ? 2 : 0),
        0,
      );
  return plan.domains
    .map(({ name }) => name)
    .reduce((worst, name) => (weight(name) > weight(worst) ? name : worst));
}
