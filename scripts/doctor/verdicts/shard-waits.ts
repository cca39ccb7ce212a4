import { guardRules } from '../../../sentinel/guard-json.ts';
import type { PlanShard } from '../../../topology/types.ts';
import { type Finding, registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';

export const shardWaits = registerCheck({
  name: 'shard-waits',
  well: 'every shard has a master',
  examine: (facts) => {
    const { status, plan } = facts;
    return status === undefined || facts.containers.size === 0
      ? []
      : plan.shards.flatMap((shard) => ofShard(shard, facts));
  },
});

function ofShard(shard: PlanShard, { plan, status, guards, containers }: Facts): Finding[] {
  const names = shard.members.map(({ name }) => name);
  const entries = (status?.members ?? []).filter(({ member }) => names.includes(member.name));
  if (entries.some(({ redis, error }) => redis?.role === 'master' || error?.startsWith('BUSY') === true))
    return [];
  // One that tells us nothing may tell its guard.
  if (names.some((name) => guards.get(name)?.lead !== undefined)) return [];
  const { votes, members } = guardRules(plan, shard.name, names.length);
  const reached = names.filter((name) => guards.has(name));
  const missing = names
    .filter((name) => !guards.has(name))
    .map(
      (name) =>
        `${name} (${missingBecause(containers.get(name)?.status, entries.find(({ member }) => member.name === name)?.error)})`,
    );
  const reasons = names.flatMap((name) => {
    const waiting = guards.get(name)?.waiting ?? '';
    return waiting === '' ? [] : [`${name}: ${waiting}`];
  });
  const tooFew = reached.length < votes;
  return [
    {
      severity: 'wrong',
      subjects: [shard.name, ...names],
      what: tooFew
        ? `${shard.name} has no master and waits: a promotion needs ${votes} of ${members} members, ${reached.length} in reach`
        : `${shard.name} has no master, although ${reached.length} of ${members} members are in reach and ${votes} are enough`,
      why: [
        missing.length === 0 ? 'no member is missing' : `missing: ${missing.join(', ')}`,
        ...(tooFew ? [whyStrict(votes)] : ['an election may be under way']),
        ...reasons,
      ].join('; '),
      mend: tooFew
        ? [
            '`twemstack up` starts what is missing; the shard goes on by itself',
            `when it will not come back: \`twemstack switchover ${shard.name} --force\` shows what is in reach, and with --yes gives up what only the missing ones have`,
          ]
        : [
            `look again in ${Math.ceil((2 * plan.sentinel.failoverTimeoutMs) / 1000)} s; then \`twemstack logs ${shard.name} sentinel\` tells why nobody is promoted`,
          ],
    },
  ];
}

const missingBecause = (container: string | undefined, error: string | undefined): string =>
  container === undefined
    ? 'it has no container'
    : container === 'running'
      ? (error ?? 'its guard does not answer')
      : `its container is ${container}`;

const whyStrict = (votes: number): string =>
  votes === 1
    ? 'nobody is left'
    : 'with fewer nobody can tell whether an acknowledged write is missing (`durability: strict`, docs/durability.md)';
