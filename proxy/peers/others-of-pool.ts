import { Throttle } from '../core/base/throttle.ts';
import type { Others } from '../core/commands/session.ts';
import type { PeerLink } from './peer-link.ts';

/** The other workers of this proxy. */
export interface Siblings {
  /** @param pool name of the pool; `done` gets the replies of those that answered in time */
  ask(pool: string, words: readonly Uint8Array[], done: (replies: readonly Uint8Array[]) => void): void;
}

/** What the others of a pool are asked, for everyone who wants to know the same. */
interface Question {
  readonly key: string | null;
  readonly words: readonly Uint8Array[];
  readonly reach: 'everyone' | 'workers';
  readonly done: ((replies: readonly Uint8Array[]) => void)[];
}

/**
 * The other processes that serve a pool. One question after the other, so that what clients ask costs the others little;
 * all who want a list while another one is made get the next one together.
 */
export class OthersOfPool implements Others {
  private readonly waiting: Question[] = [];
  private isAsking = false;
  private readonly warn: (text: string) => void;

  /**
   * @param pool its name
   * @param peers the other proxies
   * @param siblings the other workers; null when there are none
   * @param onSilent called for each answer that is missing
   */
  constructor(
    private readonly pool: string,
    private readonly peers: readonly PeerLink[],
    private readonly siblings: Siblings | null,
    warn: (text: string) => void,
    private readonly onSilent: () => void,
  ) {
    this.warn = new Throttle(warn).warn;
  }

  ask(
    words: readonly Uint8Array[],
    reach: 'everyone' | 'workers',
    done: (replies: readonly Uint8Array[]) => void,
  ): void {
    const key = keyOf(words, reach);
    const same = key === null ? undefined : this.waiting.find((each) => each.key === key);
    if (same !== undefined) same.done.push(done);
    else this.waiting.push({ key, words, reach, done: [done] });
    this.next();
  }

  close(): void {
    this.waiting.length = 0;
    for (const peer of this.peers) peer.close();
  }

  private next(): void {
    if (this.isAsking) return;
    const question = this.waiting.shift();
    if (question === undefined) return;
    this.isAsking = true;
    const replies: Uint8Array[] = [];
    let open = 1;
    const one = (): void => {
      open--;
      if (open > 0) return;
      this.isAsking = false;
      for (const done of question.done) done(replies);
      this.next();
    };
    for (const peer of question.reach === 'everyone' ? this.peers : []) {
      open++;
      peer.ask(question.words, (reply, why) => {
        if (reply !== null) replies.push(reply);
        else {
          this.onSilent();
          const what = Buffer.from(question.words[0]).toString('latin1').toUpperCase();
          this.warn(`CLIENT ${what} was carried out without the proxy ${peer.name}: ${why}`);
        }
        one();
      });
    }
    if (this.siblings !== null) {
      open++;
      this.siblings.ask(this.pool, question.words, (theirs) => {
        replies.push(...theirs);
        one();
      });
    }
    one();
  }
}

/** Questions with the same key have the same answer; null when what is asked changes something. */
function keyOf(words: readonly Uint8Array[], reach: string): string | null {
  const texts = words.map((word) => Buffer.from(word).toString('latin1').toLowerCase());
  return texts[0] === 'list' ? `${reach} ${texts.join(' ')}` : null;
}
