import type { PlanBase, RedisMember } from '../topology/types.ts';
import type { GuardConfig } from './guard/config.ts';
import { type Rules, rulesFor } from './guard/core/election.ts';

/**
 * What a guard is told. Holds the guards' password in clear: they prove to each other that they know it, and log in to
 * the redises and sentinels with it.
 *
 * @param passwords the one in use first; undefined ones are left out
 */
export function renderGuardConfig(
  plan: PlanBase,
  member: RedisMember,
  passwords: ReadonlyArray<string | undefined>,
): string {
  const { downAfterMs, failoverTimeoutMs } = plan.sentinel;
  const places = placesOf(plan, member);
  const config: GuardConfig = {
    ...places,
    downAfterMs,
    failoverTimeoutMs,
    rules: guardRules(plan, member.shard, places.peers.length + 1),
    passwords: passwords.filter((password) => password !== undefined),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** The part of it that only a start puts in force: who and where everybody is. */
export const fixedOfGuard = (plan: PlanBase, member: RedisMember): string =>
  JSON.stringify(placesOf(plan, member));

function placesOf(
  plan: PlanBase,
  { name, shard, address, port, guardPort }: RedisMember,
): Pick<GuardConfig, 'name' | 'shard' | 'address' | 'port' | 'guardPort' | 'peers' | 'sentinels'> {
  const members = plan.shards.find((each) => each.name === shard)?.members ?? [];
  return {
    name,
    shard,
    address,
    port,
    guardPort,
    peers: members
      .filter((peer) => peer.name !== name)
      .map((peer) => ({
        name: peer.name,
        address: peer.address,
        port: peer.port,
        guardPort: peer.guardPort,
      })),
    sentinels: plan.sentinels.map((each) => ({ name: each.name, address: each.address, port: each.port })),
  };
}

/**
 * How many votes a promotion needs in a shard. Of the pools that stand on it the one that waits for fewest replicas
 * counts; one that waits for none has no promise.
 */
export function guardRules({ pools, durability }: PlanBase, shard: string, members: number): Rules {
  const own = pools.filter(({ shards }) => shards.includes(shard));
  const waits = own.map(({ waitReplicas }) => waitReplicas).filter((count) => count > 0);
  return rulesFor(members, waits.length === 0 ? 0 : Math.min(...waits), durability === 'strict');
}
