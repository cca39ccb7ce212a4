import type { Watched } from './client-watch.ts';

/** Sources that are remembered; the one not heard of for longest is forgotten for another. */
const MOST_SOURCES = 10_000;
/** Milliseconds between two answers to wrong passwords of one source, and of all sources. */
const SOURCE_GAP = 125;
const POOL_GAP = 10;
/** So many milliseconds' worth of answers are given at once when there was none for as long. */
const SOURCE_BURST = 5 * SOURCE_GAP;
const POOL_BURST = 40 * POOL_GAP;
/** Nobody waits longer than this for the answer: whoever would is closed. */
const LONGEST_WAIT = 5000;
/** A source that goes on is told of again after so many milliseconds … */
const TELL_EVERY = 60_000;
/** … in a line of its own for so many of them, those with most. */
const MOST_LINES = 10;

interface Source {
  /** When the next answer is due that takes no part of the burst. */
  next: number;
  /** Wrong passwords that the log has not told of, and when it last did. */
  untold: number;
  toldAt: number;
}

/**
 * What wrong passwords clients have said, by where they come from: a guess costs a new connection nothing otherwise. Only
 * their answers are delayed, the more the more there were, and only theirs: whoever says the right password is let in at
 * once, also from the same address, which may be that of a load balancer or of many machines behind one router.
 */
export class WrongPasswords implements Watched {
  private readonly sources = new Map<string, Source>();
  private next = Number.NEGATIVE_INFINITY;
  private forgotten = 0;

  /**
   * @param tellFirst says a line, of which there may be as many as addresses
   * @param log says one of few
   * @param share of the rate that this process has: the number of processes that share the listener
   */
  constructor(
    private readonly tellFirst: (text: string) => void,
    private readonly log: (text: string) => void,
    private readonly share: number,
  ) {}

  /**
   * @param remote address and port of a client that said one
   * @returns for how many milliseconds the answer waits, or null when the client is to be closed instead
   */
  said(remote: string, now: number): number | null {
    const source = this.sourceOf(remote, now);
    const at = Math.max(now, source.next - SOURCE_BURST, this.next - POOL_BURST);
    if (at - now > LONGEST_WAIT) return null;
    source.next = Math.max(now, source.next) + SOURCE_GAP * this.share;
    this.next = Math.max(now, this.next) + POOL_GAP * this.share;
    return at - now;
  }

  private sourceOf(remote: string, now: number): Source {
    const name = sourceOf(remote);
    let source = this.sources.get(name);
    if (source === undefined) {
      this.makeRoom();
      source = { next: now, untold: 0, toldAt: now };
      this.tellFirst(`client ${remote} said a wrong password`);
    } else {
      this.sources.delete(name);
      source.untold++;
    }
    this.sources.set(name, source);
    return source;
  }

  private makeRoom(): void {
    if (this.sources.size < MOST_SOURCES) return;
    for (const [name, { untold }] of this.sources) {
      this.forgotten += untold;
      this.sources.delete(name);
      return;
    }
  }

  /** Says what is due in the log, and forgets who has stopped. */
  look(now: number): boolean {
    const due: [name: string, count: number, since: number][] = [];
    for (const [name, source] of this.sources) {
      if (now - source.toldAt < TELL_EVERY) continue;
      if (source.untold > 0) due.push([name, source.untold, now - source.toldAt]);
      else if (source.next <= now) this.sources.delete(name);
      source.untold = 0;
      source.toldAt = now;
    }
    this.tell(due.sort(([, one], [, other]) => other - one));
    return this.sources.size > 0;
  }

  private tell(due: readonly (readonly [name: string, count: number, since: number])[]): void {
    for (const [name, count, since] of due.slice(0, MOST_LINES))
      this.log(`${count} more wrong passwords from ${name} within ${Math.round(since / 1000)} s`);
    const others = due.slice(MOST_LINES);
    const count = others.reduce((sum, [, each]) => sum + each, 0);
    if (count > 0) this.log(`${count} more wrong passwords from ${others.length} other addresses`);
    // told with the others, and not by themselves: whoever comes from so many addresses fills no log
    if (due.length > 0 && this.forgotten > 0) {
      this.log(`${this.forgotten} more wrong passwords from addresses forgotten by now`);
      this.forgotten = 0;
    }
  }
}

/**
 * Where a client comes from: its address without the port; of IPv6 the first 64 bits, as one machine has all addresses
 * that begin with them.
 * @param remote `address:port`, or anything else, which is taken as it is
 */
export function sourceOf(remote: string): string {
  const end = remote.lastIndexOf(':');
  if (end < 0) return remote;
  const address = remote.slice(0, end);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1];
  if (!address.includes(':')) return address;
  const [front, back] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = back === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array<string>(zeros).fill('0'), ...(back ?? [])];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
