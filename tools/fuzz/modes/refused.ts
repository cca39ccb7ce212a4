import type { Setting, Words } from './step.ts';

/** Taken apart by server. */
const SPLIT = /^(MGET|MSET|DEL|UNLINK|EXISTS|TOUCH)$/;
/** Inside a transaction of a pool with several servers nobody could carry them out. */
const OF_ALL_SERVERS = /^(DBSIZE|KEYS|FLUSHDB|FLUSHALL)$/;
const WITHOUT_HOME = /^(KEYS|CLIENT|MULTI|WATCH)$/;

/** What a redis-server is sent in the place of what is refused: it does nothing either, and a transaction is aborted. */
export const IN_ITS_PLACE: Words = ['REFUSED'];
const PLACE_OF_REFUSAL = "-ERR unknown command 'REFUSED', with args beginning with: \r\n";
/** What belongs together must live together; or its client listens, and is told that first. */
const REFUSAL = /^-ERR (.*( live on different servers;| is not served| is refused )|Can't execute )/;
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n';
/** EXEC repeats it. */
const ABORTED_BY_REFUSAL =
  /^-EXECABORT .* because of: .*( live on different servers;| is not served| is refused )/;

/** Whether the proxy says what a redis-server says, or why it does not do it where it must not. */
export function isSameReply(redis: string, ours: string | undefined): boolean {
  if (redis === ours || ours === undefined) return redis === ours;
  if (redis === PLACE_OF_REFUSAL) return REFUSAL.test(ours);
  return redis === ABORTED && ABORTED_BY_REFUSAL.test(ours);
}

/** What a client has said so far, as far as it decides on whether its next request concerns one server. */
export class Said {
  private isInside = false;
  /** Where what it watches lives. */
  private watched: string | undefined;
  /** Where its transaction is at home. */
  private home: string | undefined;

  constructor(private readonly setting: Setting) {}

  /** Takes a request. @returns whether the proxy refuses it, because several servers would have to do it as one */
  next(words: Words): boolean {
    const isRefused = this.setting.servers > 1 && this.isRefused(words);
    this.note(words);
    return isRefused;
  }

  private isRefused([name, ...rest]: Words): boolean {
    const { isInside, setting } = this;
    if (name === 'SWAPDB' || (isInside && OF_ALL_SERVERS.test(name))) return true;
    const homes = homesOf(name, rest, isInside);
    if (name === 'WATCH' && !isInside) {
      const isElsewhere = this.watched !== undefined && this.watched !== homes[0];
      if (!isElsewhere) this.watched = homes[0];
      return isElsewhere;
    }
    if (homes.length === 0) return false;
    const mayHaveParts = setting.inParts === true && this.watched === undefined;
    const isSplit = isInside ? mayHaveParts && SPLIT.test(name) && !isOdd(name, rest) : SPLIT.test(name);
    if (homes.length > 1) return !isSplit;
    if (!isInside || mayHaveParts) return false;
    this.home ??= this.watched ?? homes[0];
    return this.home !== homes[0];
  }

  private note([name]: Words): void {
    if (name === 'MULTI') this.isInside = true;
    if (name === 'UNWATCH' && !this.isInside) this.watched = undefined;
    if (!/^(EXEC|DISCARD|RESET)$/.test(name)) return;
    this.isInside = false;
    this.home = undefined;
    this.watched = undefined;
  }
}

/** A key without a value: Redis finds fault with it when it carries it out, not when it queues it. */
const isOdd = (name: string, rest: Words): boolean => name === 'MSET' && rest.length % 2 === 1;

/** Which hash tags the keys have; a channel too says where a transaction is at home. Nothing, when Redis finds fault with it. */
function homesOf(name: string, rest: Words, isInside: boolean): string[] {
  if (WITHOUT_HOME.test(name) && (name !== 'WATCH' || isInside)) return [];
  if (name === 'SET' && rest.length < 2) return [];
  if (isOdd(name, rest) && !isInside) return [];
  const isName = /PUBLISH$/.test(name) && isInside ? /^\{(\w)\}\w+$/ : /^\{(\w)\}\w$/;
  return [...new Set(rest.flatMap((word) => isName.exec(word)?.[1] ?? []))];
}
