import type Docker from 'dockerode';
import { execa } from 'execa';
import type { AnyPlan, Member } from '../../../topology/types.ts';
import { EnvironmentError } from '../../errors.ts';
import type { FaultContext } from '../drill.ts';
import { need } from './break.ts';
import { processHere } from './here.ts';
import { type Link, nameLink } from './links.ts';

/** What the faults below are made with. */
export const CUTTERS = ['nsenter', 'iptables', 'iptables-restore'] as const;

/** Everything that drills drop is dropped in these chains, so that all of it can be taken back without a memory of what it was. */
const CHAINS = { INPUT: 'TWEMSTACK-DRILL-IN', OUTPUT: 'TWEMSTACK-DRILL-OUT' } as const;
type Direction = keyof typeof CHAINS;

/** What one member's packet filter is to drop. */
interface Rule {
  readonly direction: Direction;
  /** Condition, in iptables' words. */
  readonly match: string;
}

/**
 * Drops everything that is sent along some links. At both of their ends: a container that is started again meanwhile has
 * a new network without rules, and the other end still holds the link cut.
 */
export async function cutLinks(context: FaultContext, links: readonly Link[]): Promise<void> {
  const rules = new Map<Member, Rule[]>();
  const add = (member: Member, rule: Rule): void => {
    rules.set(member, [...(rules.get(member) ?? []), rule]);
  };
  for (const { from, to } of links) {
    add(to, { direction: 'INPUT', match: `-s ${from.address}` });
    add(from, { direction: 'OUTPUT', match: `-d ${to.address}` });
  }
  // Before the first of them, so that an interruption in between leaves nothing cut.
  for (const member of rules.keys()) healLater(context, member);
  const dropped = await Promise.all([...rules].map(([member, own]) => drop(context, member, own)));
  // Whoever does not run has no links; the other ends are cut all the same, for when it is back.
  need(dropped.find(Boolean), `process on this machine at either end of ${links.map(nameLink).join(', ')}`);
  context.timeline.note('drill', 'fault', `cut ${links.map(nameLink).join(', ')}`);
}

/** Loses a share (0 to 1) of all packets of a member at random, both ways. */
export async function losePackets(context: FaultContext, member: Member, share: number): Promise<void> {
  const match = `-m statistic --mode random --probability ${share}`;
  healLater(context, member);
  const dropped = await drop(context, member, [
    { direction: 'INPUT', match },
    { direction: 'OUTPUT', match },
  ]);
  need(dropped || undefined, `process of ${member.name} on this machine`);
  context.timeline.note('drill', 'fault', `${member.name} loses ${share * 100} % of its packets`);
}

/**
 * Takes back every cut that any drill has made in the networks of a stack's members, whether or not anybody remembers it:
 * a drill that was killed could not. Needs root on the engine's machine; where that is missing no drill could cut either.
 *
 * @returns names of the members in whose networks something was cut
 */
export async function healLinks(plan: AnyPlan, engine: Docker): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const found = await Promise.all(
    plan.members.map(async (member) => ((await healMember(engine, member)) ? [member.name] : [])),
  );
  return found.flat();
}

function healLater(context: FaultContext, member: Member): void {
  const fault = {
    what: `links of ${member.name} are cut`,
    remedy: { kind: 'heal', member: member.name },
  } as const;
  context.undoLater(fault, async () => {
    if (!(await healMember(context.engine, member))) return;
    context.timeline.note('drill', 'restored', `the network of ${member.name} is as before`);
  });
}

/** Adds rules to the chains of a member, all at one moment; false when it does not run, and so has no network. */
async function drop(context: FaultContext, member: Member, rules: readonly Rule[]): Promise<boolean> {
  const pid = await processHere(context.engine, member);
  if (pid === undefined) return false;
  const appended = rules.map(({ direction, match }) => `-A ${CHAINS[direction]} ${match} -j DROP`);
  const result = await execa(
    'nsenter',
    [`--net=/proc/${pid}/ns/net`, 'sh', '-c', ADD, 'add', CHAINS.INPUT, CHAINS.OUTPUT],
    { input: ['*filter', ...appended, 'COMMIT', ''].join('\n'), reject: false },
  );
  if (result.exitCode === 0) return true;
  if ((await processHere(context.engine, member)) !== pid) return false;
  throw new EnvironmentError(`the packet filter in the network of ${member.name} could not be changed`, {
    where: String(result.stderr || result.message),
    remedy: 'see whether iptables works on this machine at all: `iptables -L`',
  });
}

/** Removes the chains of a member; true when there were any. A member that does not run has no network, and so no cut. */
async function healMember(engine: Docker, member: Member): Promise<boolean> {
  const pid = await processHere(engine, member).catch(() => undefined);
  if (pid === undefined) return false;
  const command = [`--net=/proc/${pid}/ns/net`, 'sh', '-c', REMOVE, 'remove', CHAINS.INPUT, CHAINS.OUTPUT];
  const { exitCode } = await execa('nsenter', command, { stdin: 'ignore', reject: false });
  return exitCode === 0;
}

/** The images have no tools for it, so this runs with this machine's, in the network of a container. $1, $2: the chains. */
const ADD = `set -e
iptables -w -n -L "$1" >/dev/null 2>&1 || { iptables -w -N "$1"; iptables -w -I INPUT -j "$1"; }
iptables -w -n -L "$2" >/dev/null 2>&1 || { iptables -w -N "$2"; iptables -w -I OUTPUT -j "$2"; }
exec iptables-restore --noflush --wait`;

/** Ends with 0 when something was there. Each step by itself: a drill may have been killed between any two of them. */
const REMOVE = `command -v iptables >/dev/null || exit 1
found=1
undo() {
  while iptables -w -D "$1" -j "$2"; do found=0; done
  iptables -w -F "$2" && iptables -w -X "$2" && found=0
}
{ undo INPUT "$1"; undo OUTPUT "$2"; } 2>/dev/null
exit "$found"`;
