import { observed, resumable } from '../../../../sentinel/guard/core/memory.ts';
import { compareTerms } from '../../../../sentinel/guard/core/term.ts';
import type { Mechanism } from './mechanism.ts';
import type { Entry, Member } from './member.ts';
import { type Lead, World } from './world.ts';

/*
 * Every order in which a few things can happen: breadth first over the states of the model, each visited once.
 */

/** How often the things that make a state grow may happen; everything else may at any time, in any order. */
export interface Scope {
  readonly writes: number;
  /** Members that stand for election. */
  readonly elections: number;
  /** Members that stop and start again. */
  readonly stops: number;
  /** Votes that are given, and whose answer is lost. Everything else that is lost is what has not come yet. */
  readonly losses: number;
}

export interface Explored {
  readonly states: number;
  /** Of the longest of the shortest ways to them. */
  readonly steps: number;
  /** There are no others within the scope. */
  readonly isAll: boolean;
  /** What happened on the way to the first promise that is broken; undefined: none is. */
  readonly breach: readonly string[] | undefined;
}

/** How a state came to be. */
interface Way {
  readonly before: Way | undefined;
  readonly notes: readonly string[];
}

interface State {
  readonly world: World;
  readonly way: Way;
  readonly left: Scope;
}

interface Act {
  /** Members that it does anything to. */
  readonly touched: readonly number[];
  /** What may happen after it. */
  readonly left: Scope;
  readonly does: (world: World) => void;
}

/**
 * Visits all states within a scope, the nearest ones first, until a promise is broken.
 * @param most steps that may lead to a state
 * @param begin what has happened before; nothing unless it is given
 */
export function explore(
  mechanism: Mechanism,
  scope: Scope,
  most = Number.POSITIVE_INFINITY,
  begin?: (world: World) => void,
): Explored {
  const namer = new Namer();
  const world = new World(mechanism);
  // Everybody has looked at its redis, and heard what was announced while the shard came up.
  for (const member of world.members) world.tick(member);
  world.leads = world.leads.slice(-1);
  begin?.(world);
  const first: State = { world, way: { before: undefined, notes: [] }, left: scope };
  const seen = new Set([namer.nameOf(first)]);
  let level: State[] = [first];
  for (let depth = 0; ; depth++) {
    const next: State[] = [];
    for (const state of level) {
      for (const { does, left, touched } of actsOf(state)) {
        const world = new World(mechanism, state.world, touched);
        does(world);
        world.replication.forgetDead();
        const child: State = { world, way: { before: state.way, notes: world.trace }, left };
        const name = namer.nameOf(child);
        if (seen.has(name)) continue;
        seen.add(name);
        world.check();
        if (world.broken !== undefined)
          return {
            states: seen.size,
            steps: depth + 1,
            isAll: false,
            breach: [...story(child.way), world.broken],
          };
        next.push(child);
      }
    }
    if (next.length === 0) return { states: seen.size, steps: depth, isAll: true, breach: undefined };
    if (depth + 1 === most) return { states: seen.size, steps: most, isAll: false, breach: undefined };
    level = next;
  }
}

function story(way: Way): string[] {
  const notes: string[] = [];
  for (let at: Way | undefined = way; at !== undefined; at = at.before) notes.unshift(...at.notes);
  return notes;
}

/** What can happen. Leaves out what would change nothing. */
function actsOf({ world, left }: State): Act[] {
  const acts: Act[] = [];
  const { members, replication } = world;
  for (const [at, { to }] of replication.acksUnderWay.entries())
    acts.push({ touched: [to], left, does: (one) => one.replication.takeAck(() => at) });
  for (const member of members) acts.push(...actsOn(world, member, left));
  return acts;
}

function actsOn({ leads, members, replication }: World, member: Member, left: Scope): Act[] {
  const acts: Act[] = [];
  const { attached, campaign, follows, index, memory, offset, olderLog, role } = member;
  const may = (does: (world: World, self: Member) => void, after = left, other?: number): void => {
    const touched = other === undefined ? [index] : [index, other];
    acts.push({ touched, left: after, does: (world) => does(world, world.members[index]) });
  };
  if (role === 'master' && left.writes > 0)
    may((world, self) => world.write(self), { ...left, writes: left.writes - 1 });
  // Nobody can tell one that stands still from one that is not there: it is back at once.
  if (left.stops > 0)
    may(
      (world, self) => {
        world.crash(self);
        world.start(self);
      },
      { ...left, stops: left.stops - 1 },
    );
  if (left.elections > 0) {
    const counter = memory.promised?.counter ?? 0;
    const heard = new Map(members.map(({ memory: { promised } }) => [promised?.counter ?? 0, promised]));
    for (const [later, promise] of heard) {
      if (later >= counter)
        may((world, self) => world.stand(self, () => [promise]), { ...left, elections: left.elections - 1 });
    }
  }
  if (follows !== undefined) {
    const master = members[follows];
    if (attached !== master.replid || offset < master.offset)
      may((world, self) => world.replication.replicate(self, 1), left, follows);
    if (replication.wouldTell(member)) may((world, self) => world.replication.sendAck(self));
  }
  if (olderLog !== undefined) may((world, self) => world.finishRewrite(self));
  if (campaign !== undefined) may((world, self) => world.conclude(self));
  for (const lead of leads) if (!isOld(member, lead)) may((world, self) => world.hearLead(self, () => lead));
  if (role === 'master' || observed(memory, member.view()) !== memory) may((world, self) => world.tick(self));
  if (role === 'replica' && follows === undefined && resumable(memory) !== null)
    may((world, self) => world.resume(self));
  for (const candidate of members) {
    if (candidate === member || candidate.campaign === undefined) continue;
    if (compareTerms(candidate.campaign.request.term, memory.promised) <= 0) continue;
    const vote = (arrives: boolean, after: Scope): void =>
      may(
        (world, self) => world.vote(world.members[candidate.index], self, () => arrives),
        after,
        candidate.index,
      );
    vote(true, left);
    if (left.losses > 0) vote(false, { ...left, losses: left.losses - 1 });
  }
  return acts;
}

/** What a guard does not take note of: it is of an earlier term, or said again (sentinel/guard/member.ts). */
function isOld({ follows, index, memory }: Member, { from, histories, term }: Lead): boolean {
  if (from === index) return true;
  const knows = histories
    .slice(0, 2)
    .every(({ replid }) => memory.histories.some((each) => each.replid === replid));
  return compareTerms(term, memory.promised) === 0 && follows === from && knows;
}

/** Short names of states: equal if and only if everything is that what happens next depends on. */
class Namer {
  private readonly numbers = new Map<string, number>();
  /** Of what never changes once it is made. */
  private readonly known = new WeakMap<object, number>();

  nameOf({ world, left }: State): string {
    const { acknowledged, acksUnderWay } = world.replication;
    const parts = [
      ...world.members.map((member) => this.memberOf(member)),
      this.setOf(world.leads),
      this.numberOf(
        acksUnderWay
          .map(({ from, to, replid, offset }) => `${from}>${to}:${replid}:${offset}`)
          .sort()
          .join(),
      ),
      this.setOf(acknowledged),
      `${left.writes}:${left.elections}:${left.stops}:${left.losses}`,
    ];
    return parts.join();
  }

  /** Members are not touched any more once their world has been named. */
  private memberOf(member: Member): number {
    member.state ??= this.numberOf(this.textOf(member));
    return member.state;
  }

  private textOf(member: Member): string {
    const { campaign } = member;
    const votes = [...(campaign?.votes ?? [])].map(([voter, vote]) => `${voter}=${this.valueOf(vote)}`);
    const standing =
      campaign === undefined
        ? ''
        : [
            this.valueOf(campaign.request),
            this.valueOf(campaign.own),
            setOf(votes),
            campaign.fetching && this.valueOf(campaign.fetching),
          ].join();
    return [
      member.role,
      member.follows,
      member.attached,
      idsOf(member.log),
      member.olderLog && idsOf(member.olderLog),
      member.replid,
      member.offset,
      member.former,
      member.began,
      member.placed,
      this.valueOf(member.memory),
      this.valueOf(member.diskMemory),
      setOf([...member.acks].map((ack) => ack.join('='))),
      standing,
    ].join(';');
  }

  private valueOf(value: object): number {
    let number = this.known.get(value);
    if (number === undefined) {
      number = this.numberOf(JSON.stringify(value));
      this.known.set(value, number);
    }
    return number;
  }

  /** @param values of which the order does not matter, nor how often one is there */
  private setOf(values: readonly object[]): number {
    let number = this.known.get(values);
    if (number === undefined) {
      number = this.numberOf(setOf(values.map((each) => this.valueOf(each))));
      this.known.set(values, number);
    }
    return number;
  }

  private numberOf(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(text, number);
    }
    return number;
  }
}

const idsOf = (log: readonly Entry[]): string => log.map(({ id }) => id).join('+');

const setOf = (values: readonly (string | number)[]): string => [...new Set(values)].sort().join('.');
