import type { PlanShard, RedisMember } from '../../topology/types.ts';
import type { RedisLogin } from '../observe/redis-call.ts';
import { type RedisView, readRedis } from '../observe/redis-view.ts';

/** A member of a shard as it is now. */
export interface SeenMember {
  readonly member: RedisMember;
  /** undefined: it does not answer, and `error` says why. */
  readonly view?: RedisView;
  readonly error?: string;
}

/** Asks all members of a shard at once. */
export const lookAtMembers = (shard: PlanShard, login: RedisLogin): Promise<SeenMember[]> =>
  Promise.all(
    shard.members.map(async (member) => {
      try {
        return { member, view: await readRedis(member, login) };
      } catch (error) {
        return { member, error: `does not answer (${(error as Error).message})` };
      }
    }),
  );

/** The master among them. During a failover two may say that they are: the one that others follow is it. */
export function masterAmong(members: readonly SeenMember[]): SeenMember | undefined {
  const masters = members.filter(({ view }) => view?.role === 'master');
  return masters.find(({ member }) => isFollowed(member, members)) ?? masters[0];
}

const isFollowed = ({ address }: RedisMember, members: readonly SeenMember[]): boolean =>
  members.some(({ view }) => view?.linkUp === true && view.masterAddress === address);
