import type { Problem } from '../scripts/observe/assess.ts';
import type { StackStatus } from '../scripts/observe/status.ts';
import { statusDocument } from '../scripts/observe/status-document.ts';
import type { AnyPlan } from '../topology/types.ts';
import type { ConsoleMember, ConsoleState, Opinion } from './document.ts';
import type { History } from './history.ts';

/** What `status --json` says of a member. */
interface StatedMember {
  readonly name: string;
  readonly role: string;
  readonly health: string;
  readonly lagBytes?: number;
}

const GOOD_HEALTH = new Set(['healthy', 'running']);

/** The stack as the page shows it. Pure: words and verdicts are those of `status`. */
export function consoleState(
  plan: AnyPlan,
  status: StackStatus,
  problems: readonly Problem[],
  history: Pick<History, 'events' | 'lanes'>,
  { actions, alerts, at }: Pick<ConsoleState, 'actions' | 'alerts' | 'at'>,
): ConsoleState {
  return {
    at,
    stack: plan.name,
    vip: plan.vip,
    vips: plan.vips,
    domains: plan.domains.map(({ name }) => name),
    shards: plan.shards.map(({ name }) => name),
    pools: plan.pools.map(({ name, listen, shards }) => ({
      name,
      port: listen,
      shards,
      // With several VIPs each of them has to answer.
      answers: status.pools.filter((pool) => pool.name === name).every(({ answers }) => answers),
    })),
    members: members(plan, status, problems),
    opinions: opinions(plan, status),
    problems: problems.map(({ subject, what }) => ({ subject, what })),
    alerts,
    events: history.events,
    lanes: history.lanes,
    actions,
  };
}

function members(plan: AnyPlan, status: StackStatus, problems: readonly Problem[]): ConsoleMember[] {
  const stated = statusDocument(plan, status, problems).members as readonly StatedMember[];
  const troubled = new Set(problems.map(({ subject }) => subject));
  return status.members.map((entry, index) => {
    const { member, container, redis } = entry;
    const { role, health, lagBytes } = stated[index];
    return {
      name: member.name,
      kind: member.role,
      domain: member.domain,
      address: member.address,
      shard: member.role === 'redis' ? member.shard : undefined,
      role: member.role === 'redis' ? (redis?.role ?? '?') : role,
      health,
      well: GOOD_HEALTH.has(health) && !troubled.has(member.name),
      holdsVip: entry.vip === true,
      vips: entry.vips,
      error: entry.error,
      restarts: container?.restarts ?? 0,
      oomKilled: container?.oomKilled ?? false,
      version: redis?.version,
      keys: redis?.keys,
      lagBytes,
    };
  });
}

function opinions(plan: AnyPlan, status: StackStatus): Opinion[] {
  // On several hosts an address alone is that of all members of the host; a shard has one of them.
  const named = (shard: string, place: string): string =>
    plan.shards.find(({ name }) => name === shard)?.members.find(({ address }) => address === place)?.name ??
    place;
  return status.members.flatMap(({ member, sentinel }) =>
    (sentinel?.masters ?? []).map(({ name, address, flags }) => ({
      sentinel: member.name,
      shard: name,
      master: named(name, address),
      flags: flags.filter((flag) => flag !== 'master'),
      tilt: sentinel?.tilt ?? false,
    })),
  );
}
