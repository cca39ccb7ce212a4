import { setTimeout as delay } from 'node:timers/promises';
import { formatTerm } from '../../sentinel/guard/core/term.ts';
import type { GuardState } from '../../sentinel/guard/messages.ts';
import type { AnyPlan, Credentials, RedisMember } from '../../topology/types.ts';
import { InputError, NotSoError } from '../errors.ts';
import { askGuard } from '../observe/guard-call.ts';
import { findShard } from '../stack/find-shard.ts';

/** An election of a member that is in no hurry. Milliseconds. */
const ELECTION_MS = 5000;
const LEADS_MS = 15_000;
const POLL_MS = 100;

/** One member of a shard, and what its guard says; undefined: it does not answer. */
export interface Reached {
  readonly member: RedisMember;
  readonly state: GuardState | undefined;
}

/** Asks the guards of all members of a shard. @throws InputError for a shard that is not in the plan */
export function lookAround(plan: AnyPlan, credentials: Credentials, shard: string): Promise<Reached[]> {
  return Promise.all(
    findShard(plan, shard).members.map(async (member) => ({
      member,
      state: await askGuard<GuardState>(member, credentials, { kind: 'state' }).catch(() => undefined),
    })),
  );
}

/** What a person has to know who decides, one cell each: member, role, term, offset, remark. */
export const describeReached = (reached: readonly Reached[]): string[][] =>
  reached.map(({ member, state }) =>
    state === undefined
      ? [member.name, '-', '-', '-', 'out of reach: what only it has will be lost']
      : [member.name, state.role, formatTerm(state.promised), String(state.offset), state.waiting],
  );

/**
 * Makes the member that has most of those in reach master, or `to`, without the votes that a promotion needs. What was
 * acknowledged and only members out of reach have is lost.
 *
 * @returns the name of the master
 * @throws NotSoError when nobody is in reach, or none can be promoted
 */
export async function forceMaster(
  plan: AnyPlan,
  credentials: Credentials,
  reached: readonly Reached[],
  to?: string,
): Promise<string> {
  if (to !== undefined && !reached.some(({ member }) => member.name === to))
    throw new InputError(`the shard has no member "${to}"`, {
      where: '--to',
      remedy: `its members are ${reached.map(({ member }) => member.name).join(', ')}`,
    });
  const candidates = reached
    .filter(({ member, state }) => state !== undefined && (to === undefined || member.name === to))
    .sort((a, b) => (b.state?.offset ?? 0) - (a.state?.offset ?? 0));
  if (candidates.length === 0) {
    throw new NotSoError(to === undefined ? 'no member is in reach' : `${to} is not in reach`, {
      where: plan.name,
      remedy: 'start one of them: `twemstack up`',
    });
  }
  const [{ member }] = candidates;
  const { refused } = await askGuard<{ refused?: string }>(
    member,
    credentials,
    { kind: 'force' },
    ELECTION_MS,
  );
  const deadline = performance.now() + LEADS_MS;
  while (performance.now() < deadline) {
    const now = await lookAround(plan, credentials, member.shard);
    const leading = now.find(({ state }) => state?.lead !== undefined && state.role === 'master');
    if (leading !== undefined) return leading.member.name;
    await delay(POLL_MS);
  }
  throw new NotSoError(`${member.name} did not become master: ${refused ?? 'no reason was given'}`, {
    where: member.name,
    remedy: `\`twemstack logs ${member.name}\` tells more`,
  });
}
