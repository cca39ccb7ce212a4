import type { Siblings } from '../peers/others-of-pool.ts';
import type { QuestionMessage } from './messages.ts';

/** Who has not answered by then is left out. Milliseconds. */
const ANSWER_LIMIT = 300;

/** The other workers, as one of them sees them: asked by way of the supervisor. */
export class SiblingWorkers implements Siblings {
  private last = 0;
  private readonly waiting = new Map<number, (replies: readonly Uint8Array[]) => void>();

  ask(pool: string, words: readonly Uint8Array[], done: (replies: readonly Uint8Array[]) => void): void {
    const question = ++this.last;
    this.waiting.set(question, done);
    setTimeout(() => this.onSaid(question, []), ANSWER_LIMIT).unref();
    const texts = words.map((word) => Buffer.from(word).toString('latin1'));
    const message: QuestionMessage = { question, pool, words: texts };
    if (process.connected) process.send?.(message);
  }

  /** @param replies in latin1 */
  onSaid(question: number, replies: readonly string[]): void {
    const done = this.waiting.get(question);
    this.waiting.delete(question);
    done?.(replies.map((reply) => Buffer.from(reply, 'latin1')));
  }
}
