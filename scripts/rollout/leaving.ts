import { guardRules } from '../../sentinel/guard-json.ts';
import { memberName } from '../../topology/placement.ts';
import type { AnyPlan, Member, PlanDomain, RedisMember, SentinelMember } from '../../topology/types.ts';
import { currentMaster } from '../observe/assess.ts';
import type { ContainerState } from '../observe/engine.ts';
import type { StackStatus } from '../observe/status.ts';
import type { PlannedHandover } from './order.ts';

/** Roles whose members others rely on. */
const RELIED_ON = ['edge', 'proxy', 'sentinel', 'redis'] as const;

type Named = Pick<Member, 'name' | 'domain' | 'role'>;

/** Members that stand and that the stack file has no longer. */
export interface Leaving {
  readonly redises: readonly RedisMember[];
  readonly sentinels: readonly SentinelMember[];
  /** All that leave, these and proxies and edges. */
  readonly all: readonly Named[];
}

export const NOBODY_LEAVES: Leaving = { redises: [], sentinels: [], all: [] };

/**
 * Who leaves: of fewer replicas, sentinels or edges, of other `domains` of a shard, of a domain less. Ports are those of
 * all of a kind; addresses are the container's own or, on the network of its host, that of the others there. What a shard
 * that is gone leaves behind is not among them.
 *
 * @param former addresses of hosts that are no longer in the file, by domain
 */
export function leavingMembers(
  plan: AnyPlan,
  containers: ReadonlyMap<string, ContainerState>,
  former: ReadonlyMap<string, string> = new Map(),
): Leaving {
  const own = new Set(plan.members.map(({ name }) => name));
  const [redises, sentinels, all]: [RedisMember[], SentinelMember[], Named[]] = [[], [], []];
  const strangers = [...containers.values()].filter(({ name }) => !own.has(name));
  for (const { name, role, addresses } of strangers.sort((x, y) => x.name.localeCompare(y.name))) {
    const kind = RELIED_ON.find((each) => each === role);
    if (kind === undefined) continue;
    const siblings = kind === 'redis' ? plan.shards.map(({ members }) => members[0]) : [];
    const sibling = longestFitting(plan, name, siblings);
    if (kind === 'redis' && sibling === undefined) continue;
    const domain = name.slice(memberName(plan.name, sibling?.shard ?? kind, '').length);
    all.push({ name, domain, role: kind });
    const neighbours = plan.domains.find((each) => each.name === domain)?.members ?? [];
    const address = addresses.at(0) ?? neighbours.at(0)?.address ?? former.get(domain);
    // Nobody can ask it anything, and it goes all the same.
    if (address === undefined) continue;
    const place = { name, domain, address, formerAddress: undefined };
    if (sibling !== undefined) redises.push({ ...sibling, ...place, initialMaster: false });
    if (kind === 'sentinel') sentinels.push({ ...plan.sentinels[0], ...place });
  }
  return { redises, sentinels, all };
}

/** Of whose shard a container of this name is; of two shards whose names both fit, the one with the longer name. */
const longestFitting = (
  plan: AnyPlan,
  name: string,
  firsts: readonly RedisMember[],
): RedisMember | undefined =>
  firsts
    .filter(({ shard }) => name.startsWith(memberName(plan.name, shard, '')))
    .sort((x, y) => y.shard.length - x.shard.length)
    .at(0);

/** The stack as it is before they go, as far as redises and sentinels go. */
export function withLeaving<P extends AnyPlan>(plan: P, { redises, sentinels }: Leaving): P {
  const asked = [...sentinels, ...redises];
  if (asked.length === 0) return plan;
  return {
    ...plan,
    sentinels: [...plan.sentinels, ...sentinels],
    members: [...plan.members, ...asked],
    domains: [...plan.domains, ...goneDomains(plan, asked)].map((domain) => ({
      ...domain,
      members: [...domain.members, ...asked.filter((member) => member.domain === domain.name)],
    })),
    shards: plan.shards.map((shard) => ({
      ...shard,
      members: [...shard.members, ...redises.filter((member) => member.shard === shard.name)],
    })),
  };
}

/** Domains that members which leave were of, and that the stack file has no longer. */
function goneDomains(plan: AnyPlan, asked: readonly Member[]): PlanDomain[] {
  const own = new Set(plan.domains.map(({ name }) => name));
  const gone = new Map(asked.map(({ address, domain }) => [domain, address]));
  const [{ host, ...first }] = plan.domains;
  // Only its name and address are asked for, and whom it has: nothing is deployed there any more.
  return [...gone]
    .filter(([domain]) => !own.has(domain))
    .map(([name, address]) => ({
      ...first,
      name,
      members: [],
      ...(host === undefined ? {} : { host: { ...host, address } }),
    }));
}

/** Masters among them, and who takes each over: of the members that stay and follow, the one whose domain holds fewest masters. */
export function leavingHandovers(
  plan: AnyPlan,
  { redises }: Leaving,
  status: StackStatus,
): PlannedHandover[] {
  const masters = new Map(plan.shards.map(({ name }) => [name, currentMaster(status, name)]));
  return plan.shards.flatMap(({ name: shard, members }): PlannedHandover[] => {
    const from = redises.find((member) => member.name === masters.get(shard)?.name);
    if (from === undefined) return [];
    const held = (domain: string): number =>
      [...masters.values()].filter((master) => master?.domain === domain).length;
    const [to] = members
      .filter(({ name }) =>
        status.members.some(({ member, redis }) => member.name === name && redis?.role === 'replica'),
      )
      .sort((x, y) => held(x.domain) - held(y.domain));
    if (to !== undefined) masters.set(shard, to);
    return [{ shard, from, to }];
  });
}

/**
 * Members of a shard that stay and have not all that was acknowledged, where they are so many that they could make one of
 * them master among themselves: a shard of fewer members asks fewer. What was confirmed by a member that leaves would be
 * gone with the master. One that is yet to be made has no say before it has its master's data.
 */
export function tooFarBehind(plan: AnyPlan, shard: string, status: StackStatus): RedisMember[] {
  const members = plan.shards.find(({ name }) => name === shard)?.members ?? [];
  const behind = members.filter((member) => {
    const seen = status.members.find((each) => each.member.name === member.name);
    if (seen?.redis === undefined) return seen?.container !== undefined || seen?.away === true;
    return seen.redis.role === 'replica' && (seen.redis.linkUp !== true || seen.redis.loading);
  });
  return behind.length >= guardRules(plan, shard, members.length).votes ? behind : [];
}
