import type { AnyPlan } from '../../topology/types.ts';
import { table } from '../report/table.ts';
import type { MemberChange } from './changes.ts';
import { type Leaving, leavingHandovers } from './leaving.ts';
import { edgeToRelieve, newcomersOf, type PlannedHandover, plannedHandovers } from './order.ts';
import type { Outlook } from './roll-out.ts';

/** One domain's turn, as `upgrade --json` prints it. */
export interface TurnDocument {
  readonly domain: string;
  /** Masters that are handed over before; `to` null = nobody can take it. */
  readonly handovers: ReadonlyArray<{ shard: string; from: string; to: string | null }>;
  /** Edge that gives the VIP away before. */
  readonly vipLeaves: string | null;
  readonly members: ReadonlyArray<{
    member: string;
    action: MemberChange['action'] | 'leave';
    files: readonly string[];
  }>;
}

/**
 * What is going to happen, turn by turn, after those turns in which members leave. Who is master may change until then;
 * so may the members named here.
 */
export function outlookDocument(plan: AnyPlan, outlook: Outlook): TurnDocument[] {
  const { turns, status, leaving } = outlook;
  const done = new Set(plan.domains.map(({ name }) => name));
  for (const { domain } of turns) done.delete(domain.name);
  const newcomers = newcomersOf(turns);
  const changing = turns.map((turn): TurnDocument => {
    const handovers = status === undefined ? [] : plannedHandovers(plan, turn, status, done, newcomers);
    const vipLeaves = status === undefined ? undefined : edgeToRelieve(turn, status);
    done.add(turn.domain.name);
    return {
      domain: turn.domain.name,
      handovers: handovers.map(told),
      vipLeaves: vipLeaves ?? null,
      members: turn.members.map(({ member, action, files }) => ({ member: member.name, action, files })),
    };
  });
  return [...leavingTurns(plan, leaving, status), ...changing];
}

const told = ({ shard, from, to }: PlannedHandover) => ({ shard, from: from.name, to: to?.name ?? null });

function leavingTurns(plan: AnyPlan, leaving: Leaving, status: Outlook['status']): TurnDocument[] {
  const handovers = status === undefined ? [] : leavingHandovers(plan, leaving, status);
  return [...new Set(leaving.all.map(({ domain }) => domain))].map((domain) => ({
    domain,
    handovers: handovers.filter(({ from }) => from.domain === domain).map(told),
    vipLeaves: null,
    members: leaving.all
      .filter((member) => member.domain === domain)
      .map(({ name }) => ({ member: name, action: 'leave', files: [] })),
  }));
}

const ACTIONS: Readonly<Record<MemberChange['action'] | 'leave', string>> = {
  leave: 'leaves',
  create: 'is made',
  replace: 'is replaced',
  start: 'is started',
  reload: 'takes over',
};

/** The same for people. */
export function outlookText(turns: readonly TurnDocument[]): string {
  if (turns.length === 0) return 'nothing to do: every member is as stack.yaml and the images say\n';
  const rows = turns.flatMap(({ domain, handovers, vipLeaves, members }) => [
    ...handovers.map(({ shard, from, to }) => [
      domain,
      from,
      `hands ${shard} over${to ? ` to ${to}` : ': to nobody'}`,
    ]),
    ...(vipLeaves === null ? [] : [[domain, vipLeaves, 'gives the VIP away']]),
    ...members.map(({ member, action, files }) => [
      domain,
      member,
      action === 'reload' ? `${ACTIONS[action]} ${files.join(', ') || 'its memory limit'}` : ACTIONS[action],
    ]),
  ]);
  return table(['domain', 'member', 'what becomes of it'], rows);
}
