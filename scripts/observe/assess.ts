import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan, PlanShard, RedisMember } from '../../topology/types.ts';
import { isLedByOthers, vipsOf } from '../../topology/vips.ts';
import { isHolder } from './holds-vip.ts';
import type { HostStatus } from './host-status.ts';
import type { WatchedMaster } from './sentinel-view.ts';
import type { MemberStatus, StackStatus } from './status.ts';
import { describeStray, findStrays } from './strays.ts';

/** One thing that keeps the stack from being whole. */
export interface Problem {
  /** Member, shard or pool it is about. */
  readonly subject: string;
  readonly what: string;
  /** Member whose log may tell more. */
  readonly member?: string;
}

/**
 * What is wrong, as far as the given domains go: during a first deploy the others do not exist yet, so nothing that
 * needs them is demanded. Empty = whole.
 */
export function assess(plan: AnyPlan, status: StackStatus, domains: ReadonlySet<string>): Problem[] {
  const scope = status.members.filter(({ member }) => domains.has(member.domain));
  const whole = plan.domains.every((domain) => domains.has(domain.name));
  return [
    ...(status.hosts ?? []).flatMap((host) => (domains.has(host.domain) ? hostProblems(host) : [])),
    ...scope.flatMap(memberProblems),
    // the master may be in a domain that is still to come
    ...(whole ? plan.shards.flatMap((shard) => successionProblems(shard, scope)) : []),
    ...strayProblems(plan, scope, status),
    ...plan.shards.flatMap((shard) => shardProblems(shard, scope, whole, plan)),
    ...(whole ? entranceProblems(plan, status) : []),
  ];
}

/** One sentence for a host that is not reached, and none for each of its members. */
function hostProblems({ domain, problem }: HostStatus): Problem[] {
  return problem === undefined
    ? []
    : [{ subject: `host ${domain}`, what: `is not reached: ${problem}; what its members do is not known` }];
}

function memberProblems(status: MemberStatus): Problem[] {
  if (status.away === true) return [];
  const subject = status.member.name;
  const found = (what: string): Problem[] => [{ subject, what, member: subject }];
  if (status.error !== undefined) return found(status.error);
  const health = status.container?.health;
  if (health === 'unhealthy') return found('its healthcheck fails');
  if (health === 'starting') return found('its healthcheck has not passed yet');
  if (status.redis?.loading === true) return found('is still loading its data');
  if (status.sentinel?.tilt === true) {
    return found('is in TILT: it stalled, or its clock jumped; for some seconds it fails nothing over');
  }
  return [];
}

/** A shard whose master is down, and whose sentinels have nobody to promote. */
function successionProblems(shard: PlanShard, scope: readonly MemberStatus[]): Problem[] {
  const views = watchesOf(shard, scope).filter(({ flags }) => flags.includes('s_down'));
  const stuck = views.find(({ notPromoted, replicas }) => replicas > 0 && notPromoted.length >= replicas);
  if (stuck === undefined) return [];
  const nameOf = (address: string): string =>
    shard.members.find((member) => member.address === address)?.name ?? address;
  const reasons = stuck.notPromoted.map(({ address, reason }) => `${nameOf(address)}: ${reason}`).join('; ');
  return [
    { subject: shard.name, what: `its master is down, and the sentinels may promote nobody: ${reasons}` },
  ];
}

/** What sentinels, and masters, take for part of the stack and is not. */
function strayProblems(plan: AnyPlan, scope: readonly MemberStatus[], status: StackStatus): Problem[] {
  const told = findStrays(plan, { ...status, members: scope }).map((stray): Problem => {
    const { name } = stray.sentinel;
    return { subject: name, what: describeStray(stray), member: name };
  });
  const fed = scope.flatMap(({ member, redis }): Problem[] => {
    if (member.role !== 'redis' || redis === undefined) return [];
    const own = plan.shards.find(({ name }) => name === member.shard)?.members ?? [];
    const strangers = redis.replicas.filter(({ address }) => own.every((each) => each.address !== address));
    return strangers.map(({ address }) => ({
      subject: member.name,
      what: `feeds ${address}, which is no member of ${member.shard}`,
      member: member.name,
    }));
  });
  return [...told, ...fed];
}

function shardProblems(
  shard: PlanShard,
  scope: readonly MemberStatus[],
  whole: boolean,
  plan: AnyPlan,
): Problem[] {
  const problems: Problem[] = [];
  const nodes = scope.filter(({ member }) => member.role === 'redis' && member.shard === shard.name);
  const masters = nodes.filter(({ redis }) => redis?.role === 'master');
  const named = namedMasters(shard, scope);
  if (named.size > 1) {
    problems.push({
      subject: shard.name,
      what: `sentinels name different masters: ${[...named].join(', ')}`,
    });
  }
  if (masters.length > 1) {
    const names = masters.map(({ member }) => member.name).join(', ');
    problems.push({ subject: shard.name, what: `more than one master: ${names}` });
  }
  if (whole && masters.length === 0) {
    const waiting = nodes.flatMap(({ member, waiting: why }) =>
      why ? [`${member.name} waits: ${why}`] : [],
    );
    problems.push({ subject: shard.name, what: ['no master', ...waiting].join('; ') });
  }
  const master = masters.at(0);
  if (master !== undefined) problems.push(...masterProblems(shard, master, nodes, named, whole));
  if (whole) problems.push(...watchProblems(plan, shard, scope));
  return problems;
}

/** Addresses the sentinels in scope give as this shard's master. */
const namedMasters = (shard: PlanShard, scope: readonly MemberStatus[]): ReadonlySet<string> =>
  new Set(watchesOf(shard, scope).map(({ address }) => address));

/** What each sentinel that answers knows of a shard. */
export const watchesOf = (shard: PlanShard, scope: readonly MemberStatus[]): WatchedMaster[] =>
  scope.flatMap(({ sentinel }) => (sentinel?.masters ?? []).filter(({ name }) => name === shard.name));

function masterProblems(
  shard: PlanShard,
  master: MemberStatus,
  nodes: readonly MemberStatus[],
  named: ReadonlySet<string>,
  whole: boolean,
): Problem[] {
  const { address, name } = master.member;
  const problems: Problem[] = [];
  const [namedAddress] = named;
  // While the named one's domain is not deployed yet, a lone sentinel may remember an older master; more of them know.
  const comparable = whole || nodes.some((node) => node.member.address === namedAddress);
  if (named.size === 1 && namedAddress !== address && comparable) {
    problems.push({
      subject: name,
      what: `is a master, but the sentinels name ${namedAddress}`,
      member: name,
    });
  }
  for (const { member, redis } of nodes) {
    if (redis?.role !== 'replica') continue;
    if (redis.masterAddress !== address) {
      const what = `replicates from ${redis.masterAddress}, not from the master ${address}`;
      problems.push({ subject: member.name, what, member: member.name });
    } else if (redis.linkUp !== true) {
      problems.push({ subject: member.name, what: 'its link to the master is down', member: member.name });
    }
  }
  const online = master.redis?.replicas.filter((replica) => replica.online).length ?? 0;
  const expected = shard.members.length - 1;
  if (whole && online < expected) {
    problems.push({ subject: name, what: `has ${online} of ${expected} replicas online`, member: name });
  }
  return problems;
}

/** Every sentinel must know every replica and every peer: one it never heard of is not promoted, not re-pointed. */
function watchProblems(plan: AnyPlan, shard: PlanShard, scope: readonly MemberStatus[]): Problem[] {
  const replicas = shard.members.length - 1;
  const peers = plan.sentinels.length - 1;
  return scope.flatMap(({ member, sentinel }) => {
    if (sentinel === undefined) return [];
    const found = (what: string): Problem[] => [{ subject: member.name, what, member: member.name }];
    const watched = sentinel.masters.find(({ name }) => name === shard.name);
    if (watched === undefined) return found(`does not watch ${shard.name}`);
    if (watched.replicas !== replicas)
      return found(`knows ${watched.replicas} of ${replicas} replicas of ${shard.name}`);
    const [stray] = watched.strayReplicas;
    if (stray !== undefined) return found(`still takes ${stray} for a second master of ${shard.name}`);
    if (watched.otherSentinels !== peers) {
      return found(`knows ${watched.otherSentinels} of ${peers} other sentinels for ${shard.name}`);
    }
    if (watched.flags.some((flag) => flag !== 'master'))
      return found(`sees ${shard.name} as ${watched.flags.join(', ')}`);
    if (!watched.quorumCheck.startsWith('OK')) return found(`${shard.name}: ${watched.quorumCheck}`);
    return [];
  });
}

function entranceProblems(plan: AnyPlan, status: StackStatus): Problem[] {
  const problems: Problem[] = isLedByOthers(plan)
    ? []
    : vipsOf(plan).flatMap(({ address }) => vipProblems(plan, status, address));
  for (const pool of status.pools) {
    if (!pool.answers && pool.outside !== true)
      problems.push({
        subject: `${pool.vip ?? plan.vip}:${pool.port}`,
        what: `pool ${pool.name} does not answer PING`,
      });
  }
  return problems;
}

/** Holders are counted over all hosts that are reached. */
function vipProblems(plan: AnyPlan, { hosts, members }: StackStatus, subject: string): Problem[] {
  const holders = members.filter((entry) => isHolder(plan, entry, subject)).map(({ member }) => member.name);
  if (holders.length === 1) return [];
  if (holders.length === 0) {
    const edges = members.filter(({ vip }) => vip !== undefined).length;
    const alone = isOnHosts(plan) && plan.domains.length > 2 && edges === 1;
    const unseen = members.filter(({ away, member }) => member.role === 'edge' && away === true);
    const names = unseen.map(({ member }) => member.name).join(', ');
    const what =
      unseen.length === 0
        ? 'no edge holds the VIP'
        : `no edge that is reached holds the VIP (not reached: ${names})`;
    const why = alone ? ': an edge that reaches no other host gives it up' : '';
    const member = members.find(({ vip }) => vip !== undefined)?.member.name ?? plan.edges[0].name;
    return [{ subject, what: `${what}${why}`, member }];
  }
  const why = hosts === undefined ? '' : '; VRRP (IP protocol 112) does not pass between their hosts';
  return [{ subject, what: `more than one edge holds the VIP: ${holders.join(', ')}${why}` }];
}

/** The member that is master of a shard now, by its own word; undefined while there is none or more than one. */
export function currentMaster(status: StackStatus, shard: string): RedisMember | undefined {
  const masters = status.members.filter(
    ({ member, redis }) => member.role === 'redis' && member.shard === shard && redis?.role === 'master',
  );
  return masters.length === 1 ? (masters[0].member as RedisMember) : undefined;
}
