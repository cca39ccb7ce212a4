import type { ConsoleEvent, Lane, Span } from './document.ts';

/** What of a moment can be told from the one before. */
export interface Moment {
  readonly at: number;
  /** `VIP` (with several `VIP` and the address) and the shards, each with those that are it now. */
  readonly holders: Readonly<Record<string, readonly string[]>>;
  /** Members with what they are: healthy, silent, absent … */
  readonly health: Readonly<Record<string, string>>;
  /** Members with how often their containers came back by themselves. */
  readonly restarts: Readonly<Record<string, number>>;
  /** What keeps the stack from being whole, in words. */
  readonly problems: readonly string[];
  /** What somebody does to the stack at this moment: a drill, a deployment … */
  readonly deeds: readonly string[];
}

/** So many events are kept, and so many spans of a lane. */
const MOST_EVENTS = 300;
const MOST_SPANS = 200;
const GOOD = new Set(['healthy', 'running']);

/** What has happened to the stack since the console looks: the difference of each moment to the one before. Pure but for what it keeps. */
export class History {
  #events: ConsoleEvent[] = [];
  readonly #lanes = new Map<string, Span[]>();
  #last: Moment | undefined;

  /** Newest first. */
  get events(): readonly ConsoleEvent[] {
    return this.#events;
  }

  get lanes(): readonly Lane[] {
    return [...this.#lanes].map(([name, spans]) => ({ name, spans }));
  }

  /** Something that no look at the stack tells: how an action of this console ended. */
  note(event: ConsoleEvent): void {
    this.#events = [event, ...this.#events].slice(0, MOST_EVENTS);
  }

  look(moment: Moment): void {
    const last = this.#last;
    this.#last = moment;
    for (const [name, holders] of Object.entries(moment.holders)) this.#lookAtLane(name, holders, moment.at);
    if (last === undefined) return;
    for (const deed of moment.deeds)
      if (!last.deeds.includes(deed)) this.#tell(moment, 'stack', `${deed} has begun`, 'plain');
    for (const deed of last.deeds)
      if (!moment.deeds.includes(deed)) this.#tell(moment, 'stack', `${deed} is over`, 'plain');
    for (const [member, health] of Object.entries(moment.health)) {
      if (last.health[member] !== health)
        this.#tell(moment, member, health, GOOD.has(health) ? 'good' : 'bad');
      const [before, now] = [last.restarts[member] ?? 0, moment.restarts[member] ?? 0];
      if (now > before) this.#tell(moment, member, 'came back by itself', 'plain');
    }
    if (last.problems.length === 0 && moment.problems.length > 0)
      this.#tell(moment, 'stack', `degraded: ${moment.problems[0]}`, 'bad');
    if (last.problems.length > 0 && moment.problems.length === 0)
      this.#tell(moment, 'stack', 'whole again', 'good');
  }

  #lookAtLane(name: string, holders: readonly string[], at: number): void {
    const spans = this.#lanes.get(name) ?? [];
    this.#lanes.set(name, spans);
    const last = spans.at(-1);
    if (last !== undefined && last.holders.join() === holders.join()) return;
    if (last !== undefined) {
      spans[spans.length - 1] = { ...last, to: at };
      const office = /^VIP\b/.test(name) ? 'held by' : 'master is';
      const who = holders.length === 0 ? 'nobody' : holders.join(' and ');
      this.note({
        at,
        subject: name,
        what: `${office} ${who}`,
        tone: holders.length === 1 ? 'plain' : 'bad',
      });
    }
    spans.push({ from: at, holders });
    if (spans.length > MOST_SPANS) spans.shift();
  }

  #tell({ at }: Moment, subject: string, what: string, tone: ConsoleEvent['tone']): void {
    this.note({ at, subject, what, tone });
  }
}
