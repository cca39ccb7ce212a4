import type { AnyPlan, PlanShard, RedisMember } from '../../topology/types.ts';
import { InputError, NotSoError } from '../errors.ts';
import type { MemberStatus, StackStatus } from '../observe/status.ts';
import { findShard } from '../stack/find-shard.ts';

/** Who hands over to whom. */
export interface Handover {
  readonly shard: string;
  readonly from: RedisMember;
  readonly to: RedisMember;
}

/** Bytes a replica may be behind when asked; it must be level once writes pause, for which there is a quarter second. */
const MAX_LAG_BYTES = 1_000_000;

/**
 * Whether a switchover is safe now, and between whom. Pure.
 *
 * @param to name of the member that shall be master; without one the replica that has most
 * @throws InputError for a shard or member that is not in the plan, NotSoError with all reasons why it is not safe
 */
export function checkSwitchover(plan: AnyPlan, status: StackStatus, name: string, to?: string): Handover {
  const shard = findShard(plan, name);
  const wanted = to === undefined ? undefined : findMember(shard, to);
  const nodes = status.members.filter(({ member }) => shard.members.some((own) => own.name === member.name));
  const masters = nodes.filter(({ redis }) => redis?.role === 'master');
  if (masters.length !== 1) {
    throw unsafe(name, [
      masters.length === 0
        ? 'no member says that it is master'
        : `more than one member says that it is master: ${masters.map(({ member }) => member.name).join(', ')}`,
    ]);
  }
  const master = masters[0];
  const from = master.member as RedisMember;
  if (wanted?.name === from.name)
    throw new NotSoError(`${from.name} is the master of ${name} already`, { where: '--to' });
  const candidate =
    wanted === undefined ? mostAdvanced(nodes) : nodes.find(({ member }) => member.name === wanted.name);
  if (candidate === undefined) throw unsafe(name, ['no replica answers']);
  const reasons = [
    ...sentinelReasons(plan, status, name, from, candidate),
    ...replicaReasons(master, candidate),
  ];
  if (reasons.length > 0) throw unsafe(name, reasons);
  return { shard: name, from, to: candidate.member as RedisMember };
}

function findMember(shard: PlanShard, name: string): RedisMember {
  const member = shard.members.find((candidate) => candidate.name === name);
  if (member !== undefined) return member;
  throw new InputError(`${shard.name} has no member "${name}"`, {
    where: '--to',
    remedy: `its members are ${shard.members.map((candidate) => candidate.name).join(', ')}`,
  });
}

const unsafe = (shard: string, reasons: readonly string[]): NotSoError =>
  new NotSoError(
    `a switchover of ${shard} would not be safe:\n${reasons.map((why) => `    ${why}`).join('\n')}`,
    {
      remedy:
        'nothing was changed; `twemstack status` shows how it stands, `twemstack up` mends what is down',
    },
  );

function mostAdvanced(nodes: readonly MemberStatus[]): MemberStatus | undefined {
  const replicas = nodes.filter(({ redis }) => redis?.role === 'replica');
  return replicas.sort((a, b) => (b.redis?.offset ?? 0) - (a.redis?.offset ?? 0)).at(0);
}

function sentinelReasons(
  plan: AnyPlan,
  status: StackStatus,
  shard: string,
  master: RedisMember,
  candidate: MemberStatus,
): string[] {
  const views = status.members.flatMap(({ member, sentinel }) => {
    const view = sentinel?.masters.find(({ name }) => name === shard);
    return view === undefined ? [] : [{ sentinel: member.name, ...view }];
  });
  const reasons: string[] = [];
  const needed = Math.floor(plan.sentinels.length / 2) + 1;
  if (views.length < needed)
    reasons.push(`only ${views.length} of ${plan.sentinels.length} sentinels answer, ${needed} are needed`);
  for (const { sentinel, address, flags, quorumCheck, strayReplicas } of views) {
    if (address !== master.address)
      reasons.push(`${sentinel} names ${address} as master, not ${master.address}`);
    const trouble = flags.filter((flag) => flag !== 'master');
    if (trouble.length > 0) reasons.push(`${sentinel} sees the master as ${trouble.join(', ')}`);
    if (!quorumCheck.startsWith('OK')) reasons.push(`${sentinel}: ${quorumCheck}`);
    if (strayReplicas.includes(candidate.member.address))
      reasons.push(
        `${sentinel} still takes ${candidate.member.name} for a second master and would undo its promotion; that passes within seconds`,
      );
  }
  return reasons;
}

function replicaReasons(master: MemberStatus, candidate: MemberStatus): string[] {
  const { name } = candidate.member;
  const { redis } = candidate;
  if (redis === undefined) return [`${name} does not answer${candidate.error ? `: ${candidate.error}` : ''}`];
  const reasons: string[] = [];
  if (redis.loading) reasons.push(`${name} is still loading its data`);
  if (redis.masterAddress !== master.member.address)
    reasons.push(`${name} replicates from ${redis.masterAddress}, not from the master`);
  else if (redis.linkUp !== true) reasons.push(`the link of ${name} to the master is down`);
  const behind = (master.redis?.offset ?? 0) - redis.offset;
  if (behind > MAX_LAG_BYTES) reasons.push(`${name} is ${behind} bytes behind the master`);
  return reasons;
}
