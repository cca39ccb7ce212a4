import { placeOf } from '../../sentinel/guard/config.ts';
import type { AnyPlan, PlanShard, SentinelMember } from '../../topology/types.ts';
import type { StackStatus } from './status.ts';

/** What a sentinel takes for part of a shard, and what the stack has not. */
export interface Stray {
  readonly sentinel: SentinelMember;
  readonly shard: PlanShard;
  readonly kind: 'master' | 'replica' | 'sentinel';
  /** host:port */
  readonly place: string;
}

/** Everything that sentinels know and that is no member: told by somebody who should not have been able to, or left over. */
export function findStrays(plan: AnyPlan, status: StackStatus): Stray[] {
  const sentinels = new Set(plan.sentinels.map(placeOf));
  return status.members.flatMap(({ member, sentinel }) => {
    if (member.role !== 'sentinel' || sentinel === undefined) return [];
    return plan.shards.flatMap((shard): Stray[] => {
      const watched = sentinel.masters.find(({ name }) => name === shard.name);
      if (watched === undefined) return [];
      const members = new Set(shard.members.map(placeOf));
      const found = (kind: Stray['kind'], places: readonly string[], own: ReadonlySet<string>): Stray[] =>
        places.filter((place) => !own.has(place)).map((place) => ({ sentinel: member, shard, kind, place }));
      return [
        ...found('master', [placeOf(watched)], members),
        ...found('replica', watched.replicaPlaces, members),
        ...found('sentinel', watched.sentinelPlaces, sentinels),
      ];
    });
  });
}

/** A stray in words, as said of its sentinel. */
export function describeStray({ shard, kind, place }: Stray): string {
  if (kind === 'master') return `names ${place} as master of ${shard.name}, which is no member of the stack`;
  const role = kind === 'replica' ? `a replica of ${shard.name}` : `another sentinel of ${shard.name}`;
  return `holds ${place}, which is no member of the stack, for ${role}`;
}
