import type { AnyPlan, RedisMember } from '../../topology/types.ts';
import { currentMaster } from '../observe/assess.ts';
import { heldCount } from '../observe/holds-vip.ts';
import type { StackStatus } from '../observe/status.ts';
import { type DomainChanges, replacedOf } from './changes.ts';

const KEEPALIVED_CONF = 'keepalived.conf';

/**
 * The order in which domains are changed. What is broken is mended first: changing a sound domain while another one is
 * down could take a shard's last copies. Entrances come last: an edge gives clients to proxies that understand what it
 * sends alone, so all are to be as new as it is. Then those that hold least: each master and each VIP that a domain gives
 * away goes to one that is done already, so each moves once where that can be. An edge that the others do not know yet is
 * made after all of this: they would send it no adverts, and it would take the VIP besides them.
 */
export function rollOrder(
  changes: readonly DomainChanges[],
  status: StackStatus,
  sound: ReadonlySet<string>,
): DomainChanges[] {
  const burden = ({ domain }: DomainChanges): number =>
    status.members
      .filter(({ member }) => member.domain === domain.name)
      .reduce((sum, entry) => sum + (entry.redis?.role === 'master' ? 1 : 0) + heldCount(entry), 0);
  // where no edge holds a VIP, others lead applications to all of them
  const isHeld = status.members.some((entry) => heldCount(entry) > 0);
  const isEntrance = ({ domain }: DomainChanges): number =>
    Number(
      status.members
        .filter(({ member }) => member.domain === domain.name && member.role === 'edge')
        .some((edge) => !isHeld || heldCount(edge) > 0),
    );
  const isSound = ({ domain }: DomainChanges): number => Number(sound.has(domain.name));
  const others = changes.some(learnsPeers);
  const isUnknown = (turn: DomainChanges): number => Number(others && bringsEdge(turn));
  return [...changes].sort(
    (x, y) =>
      isUnknown(x) - isUnknown(y) ||
      isSound(x) - isSound(y) ||
      isEntrance(x) - isEntrance(y) ||
      burden(x) - burden(y),
  );
}

/** An edge that stands gets another keepalived.conf, which names who takes part in the election. */
const learnsPeers = ({ members }: DomainChanges): boolean =>
  members.some(
    ({ member, action, files }) =>
      member.role === 'edge' &&
      (action === 'replace' || (action === 'reload' && files.includes(KEEPALIVED_CONF))),
  );

/** An edge is new, alone or with all of its domain; where other members are down too, they are mended first all the same. */
function bringsEdge({ domain, members }: DomainChanges): boolean {
  const made = members.filter(({ action }) => action === 'create').map(({ member }) => member);
  const isNew = made.length === domain.members.length || made.every(({ role }) => role === 'edge');
  return (
    isNew && made.some(({ role }) => role === 'edge') && members.every(({ action }) => action !== 'start')
  );
}

/** Names of the members that these turns make. */
export const newcomersOf = (turns: readonly DomainChanges[]): ReadonlySet<string> =>
  new Set(
    turns.flatMap(({ members }) =>
      members.filter(({ action }) => action === 'create').map(({ member }) => member.name),
    ),
  );

/** A master that must be handed over before its container goes, and to whom; `to` undefined = nobody can have it. */
export interface PlannedHandover {
  readonly shard: string;
  readonly from: RedisMember;
  readonly to: RedisMember | undefined;
}

/**
 * Who takes the masters of a domain over: a member in a domain that is done already, if there is one, else in any other;
 * of several the one whose domain holds fewest masters. One that is new goes last: members that were not replaced yet do not
 * know it, and would not follow it.
 *
 * @param newcomers names of members that this run makes
 */
export function plannedHandovers(
  plan: AnyPlan,
  changes: DomainChanges,
  status: StackStatus,
  done: ReadonlySet<string>,
  newcomers: ReadonlySet<string> = new Set(),
): PlannedHandover[] {
  const masters = new Map(plan.shards.map(({ name }) => [name, currentMaster(status, name)]));
  const replaced = new Set(replacedOf(changes).map(({ member }) => member.name));
  const handovers: PlannedHandover[] = [];
  for (const { name: shard, members } of plan.shards) {
    const from = masters.get(shard);
    if (from === undefined || !replaced.has(from.name)) continue;
    const held = (domain: string): number =>
      [...masters.values()].filter((master) => master?.domain === domain).length;
    const follows = ({ name }: RedisMember): boolean =>
      status.members.find(({ member }) => member.name === name)?.redis?.role === 'replica';
    const [to] = members
      .filter((member) => member.domain !== from.domain && follows(member))
      .sort(
        (x, y) =>
          Number(newcomers.has(x.name)) - Number(newcomers.has(y.name)) ||
          Number(done.has(y.domain)) - Number(done.has(x.domain)) ||
          held(x.domain) - held(y.domain),
      );
    handovers.push({ shard, from, to });
    if (to !== undefined) masters.set(shard, to);
  }
  return handovers;
}

/** The edge of a domain that is about to go and holds a VIP, when another one can take it. */
export function edgeToRelieve(changes: DomainChanges, status: StackStatus): string | undefined {
  const edges = status.members.filter(({ member }) => member.role === 'edge');
  const replaced = new Set(replacedOf(changes).map(({ member }) => member.name));
  const leaving = edges.find(({ member, vip }) => vip === true && replaced.has(member.name));
  // With one VIP a second holder is none that could take it; where edges share the load each of them holds one.
  const others = edges.filter(
    ({ member, vip, vips }) => member.name !== leaving?.member.name && (vip === false || vips !== undefined),
  );
  return others.length > 0 ? leaving?.member.name : undefined;
}

/**
 * Domains that are as they should be before anything is changed.
 *
 * @param reached domains whose host answers: of another one nobody knows how it stands
 */
export function unchanged(reached: readonly string[], turns: readonly DomainChanges[]): Set<string> {
  return new Set(reached.filter((name) => turns.every(({ domain }) => domain.name !== name)));
}
