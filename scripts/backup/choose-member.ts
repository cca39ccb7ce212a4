import { setTimeout as delay } from 'node:timers/promises';
import type { AnyPlan, PlanShard, RedisMember } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import type { RedisLogin } from '../observe/redis-call.ts';
import { type RedisView, readRedis } from '../observe/redis-view.ts';
import { lookAtMembers, masterAmong } from './shard-members.ts';

/** Milliseconds in which a replica must have what its master had at the beginning, and between two looks. */
const CATCH_UP_MS = 5000;
const POLL_MS = 100;

/** The member that a shard is backed up from. */
export interface BackupSource {
  readonly member: RedisMember;
  readonly view: RedisView;
}

export interface MemberChoice {
  /** Take the master where no replica can be taken. */
  readonly fromMaster: boolean;
  /** Members not to take, and why. */
  readonly without?: ReadonlyMap<string, string>;
  /** Domains whose replicas are taken only when there are no others: masters of other shards are at work there. */
  readonly busy?: ReadonlySet<string>;
}

/** The domains in which there is a master now. A shard that has none adds none. */
export async function domainsOfMasters(
  { shards }: Pick<AnyPlan, 'shards'>,
  login: RedisLogin,
): Promise<Set<string>> {
  const masters = await Promise.all(
    shards.map(async (shard) => masterAmong(await lookAtMembers(shard, login))),
  );
  return new Set(masters.flatMap((master) => (master === undefined ? [] : [master.member.domain])));
}

/**
 * A replica that has everything its master had when this was called: so a backup holds what was acknowledged before it
 * began, and costs the master nothing. One beside no master rather than one that shares its processors with one.
 *
 * @throws NotSoError naming each member and what is against it
 */
export async function chooseMember(
  shard: PlanShard,
  login: RedisLogin,
  { fromMaster, without = new Map(), busy = new Set() }: MemberChoice,
): Promise<BackupSource> {
  const members = await lookAtMembers(shard, login);
  const master = masterAmong(members);
  if (master?.view === undefined) {
    throw refusal(
      shard,
      members.map((seen) => `${seen.member.name}: ${seen.error ?? 'is a replica'}`),
      [
        'no member says that it is master, so nobody can tell which replica has everything',
        'run it again when `twemstack status` shows a master',
      ],
    );
  }
  const against = new Map<string, string>();
  const replicas = members
    .filter(({ member, view }) => {
      const reason = without.get(member.name) ?? whyNot(view, master.member);
      if (reason !== undefined) against.set(member.name, reason);
      return reason === undefined && view !== undefined;
    })
    .sort(
      (a, b) =>
        Number(busy.has(a.member.domain)) - Number(busy.has(b.member.domain)) ||
        (b.view?.offset ?? 0) - (a.view?.offset ?? 0),
    );
  for (const { member } of replicas) {
    const view = await caughtUp(member, login, master.view.offset);
    if (view !== undefined) return { member, view };
    against.set(member.name, `is behind its master for more than ${CATCH_UP_MS / 1000} s`);
  }
  if (fromMaster && !without.has(master.member.name)) return { member: master.member, view: master.view };
  const reasons = members.map(
    ({ member, error }) => `${member.name}: ${error ?? against.get(member.name) ?? 'is the master'}`,
  );
  throw refusal(shard, reasons, [
    'no replica is in step with the master',
    '`twemstack status` tells more; --from-master takes the data from the master, which then forks and sends it',
  ]);
}

function whyNot(view: RedisView | undefined, master: RedisMember): string | undefined {
  if (view === undefined) return 'does not answer';
  if (view.role === 'master') return 'is the master';
  if (view.loading) return 'is loading its data';
  if (view.linkUp !== true) return 'has no link to its master';
  if (view.masterAddress !== master.address) return `follows ${view.masterAddress}`;
  return undefined;
}

/** What it says as soon as it is at the offset; undefined when that takes too long. */
async function caughtUp(
  member: RedisMember,
  login: RedisLogin,
  offset: number,
): Promise<RedisView | undefined> {
  const until = performance.now() + CATCH_UP_MS;
  do {
    const view = await readRedis(member, login).catch(() => undefined);
    if (view !== undefined && view.linkUp === true && view.offset >= offset) return view;
    await delay(POLL_MS);
  } while (performance.now() < until);
  return undefined;
}

function refusal(shard: PlanShard, reasons: readonly string[], [what, remedy]: [string, string]): NotSoError {
  return new NotSoError(`${shard.name} cannot be backed up: ${what}`, {
    where: reasons.join('; '),
    remedy,
  });
}
