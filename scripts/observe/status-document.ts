import type { AnyPlan } from '../../topology/types.ts';
import type { Problem } from './assess.ts';
import type { MemberStatus, StackStatus } from './status.ts';

/** The document of `status --json`. @param backups where it was looked after them */
export function statusDocument(
  plan: AnyPlan,
  status: StackStatus,
  problems: readonly Problem[],
  backups?: Readonly<Record<'kind' | 'text', string>>,
): Record<string, unknown> {
  return {
    stack: plan.name,
    vip: plan.vip,
    vips: plan.vips,
    healthy: problems.length === 0,
    problems: problems.map(({ subject, what }) => ({ subject, what })),
    ...(backups === undefined ? {} : { backups }),
    pools: status.pools,
    ...(status.hosts === undefined ? {} : { hosts: status.hosts }),
    members: status.members.map((entry) => ({
      name: entry.member.name,
      domain: entry.member.domain,
      role: roleNow(entry),
      address: entry.member.address,
      health: healthNow(entry),
      container: entry.container?.status,
      image: entry.container?.imageName,
      version: entry.redis?.version,
      vip: entry.vip,
      vips: entry.vips,
      offset: entry.redis?.offset,
      lagBytes: lagBytes(entry, status),
      keys: entry.redis?.keys,
      restarts: entry.container?.restarts,
      oomKilled: entry.container?.oomKilled,
      tilt: entry.sentinel?.tilt,
      error: entry.error,
    })),
  };
}

/** Its part in the stack now, in words: of a redis its shard and role, of the edge that holds the VIP that it does. */
export function roleNow({ member, redis, vip, vips = [] }: MemberStatus): string {
  if (member.role === 'redis')
    return redis === undefined ? `${member.shard} ?` : `${member.shard} ${redis.role}`;
  if (member.role === 'edge' && vips.length > 0) return `edge (VIP ${vips.join(', ')})`;
  if (member.role === 'edge') return vip === true ? 'edge (VIP)' : 'edge';
  return member.role;
}

/** Its health in one word: what the engine says, unless it is away, absent, busy or silent. */
export function healthNow({ away, container, error }: MemberStatus): string {
  if (away === true) return 'unknown';
  if (container === undefined) return 'absent';
  if (container.status !== 'running') return container.status;
  if (error?.startsWith('BUSY') === true) return 'busy';
  if (error !== undefined) return 'silent';
  return container.health === 'none' ? 'running' : container.health;
}

/** How many bytes a replica's data is behind its master's, both read in the same round; undefined of anything else. */
export function lagBytes(entry: MemberStatus, status: StackStatus): number | undefined {
  if (entry.redis?.role !== 'replica') return undefined;
  const master = status.members.find(
    ({ member }) =>
      member.role === 'redis' &&
      entry.member.role === 'redis' &&
      member.shard === entry.member.shard &&
      member.address === entry.redis?.masterAddress,
  );
  if (master?.redis === undefined) return undefined;
  return Math.max(0, master.redis.offset - entry.redis.offset);
}
