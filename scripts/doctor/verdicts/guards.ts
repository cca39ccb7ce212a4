import { compareTerms, formatTerm } from '../../../sentinel/guard/core/term.ts';
import type { PlanShard } from '../../../topology/types.ts';
import { type Finding, registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';

export const guards = registerCheck({
  name: 'guards',
  well: 'the guards of each shard agree who leads',
  examine: (facts) =>
    facts.plan.shards.flatMap((shard) => [
      ...leaders(shard, facts),
      ...silent(shard, facts),
      ...outvoted(shard, facts),
    ]),
});

function leaders(shard: PlanShard, { guards: states }: Facts): Finding[] {
  const leading = shard.members.flatMap(({ name }) => {
    const lead = states.get(name)?.lead;
    return lead === undefined ? [] : [{ name, term: lead.term }];
  });
  if (leading.length < 2) return [];
  const last = leading.reduce((a, b) => (compareTerms(a.term, b.term) > 0 ? a : b));
  return [
    {
      severity: 'wrong',
      subjects: [shard.name, ...leading.map(({ name }) => name)],
      what: `${leading.map(({ name, term }) => `${name} (term ${formatTerm(term)})`).join(' and ')} both lead ${shard.name}`,
      why: `${last.name} was elected last; the other has not heard of it, so a link between them is cut. It acknowledges no write that waits for replicas`,
      mend: [
        'mend the network between their domains; the earlier one steps down by itself as soon as it hears the later',
      ],
    },
  ];
}

/** Its redis answers, and itself does not. */
function silent(shard: PlanShard, { guards: states, status }: Facts): Finding[] {
  const names = shard.members.map(({ name }) => name);
  return (status?.members ?? [])
    .filter(
      ({ member, redis }) => names.includes(member.name) && redis !== undefined && !states.has(member.name),
    )
    .map(({ member: { name } }) => ({
      severity: 'wrong',
      subjects: [name],
      what: `the guard of ${name} does not answer`,
      why: 'it hangs, its password differs from the one here, or the image is of a version without guards; this member takes part in no promotion',
      mend: [
        `\`twemstack logs ${name}\` tells more`,
        '`twemstack upgrade`, if the stack was made by an older version',
      ],
    }));
}

/** The master leads an earlier term than another member has promised: it cannot be confirmed until it gets a later one. */
function outvoted(shard: PlanShard, { guards: states }: Facts): Finding[] {
  const own = shard.members.flatMap(({ name }) => {
    const state = states.get(name);
    return state === undefined ? [] : [{ name, state }];
  });
  const leader = own.find(({ state }) => state.lead !== undefined);
  const ahead = own.filter(({ state }) => compareTerms(state.promised, leader?.state.promised ?? null) > 0);
  if (leader === undefined || ahead.length === 0 || ahead.some(({ state }) => state.lead !== undefined))
    return [];
  return [
    {
      severity: 'note',
      subjects: [],
      what: `${ahead.map(({ name, state }) => `${name} has promised term ${formatTerm(state.promised)}`).join(', ')}, later than that of the master ${leader.name} (${formatTerm(leader.state.promised)})`,
      why: 'an election did not come to anything; the master asks for a later term within seconds',
      mend: ['look again in a few seconds'],
    },
  ];
}
