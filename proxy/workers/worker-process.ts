import type { Worker } from 'node:cluster';
import type { Snapshot } from '../admin/snapshot.ts';
import type { AnswerMessage, Order, OrderMessage, QuestionMessage } from './messages.ts';

/** The worker ended before it answered. */
export class WorkerGone extends Error {
  override readonly name = 'WorkerGone';
}

interface Waiting {
  resolve(answer: AnswerMessage): void;
  reject(error: Error): void;
}

/** One worker as the supervisor sees it: orders and their answers. */
export class WorkerProcess {
  private lastNumber = 0;
  private readonly waiting = new Map<number, Waiting>();
  /** The last that it reported; counts are not lost with the worker. */
  lastReport: Snapshot | null = null;
  /** True when it serves. */
  ready = false;
  gone = false;
  /** On performance.now()'s clock. */
  readonly startedAt = performance.now();
  private readonly there: Promise<AnswerMessage>;

  constructor(
    readonly place: number,
    private readonly worker: Worker,
    onGone: (how: string) => void,
    onQuestion: (question: QuestionMessage) => void,
  ) {
    this.there = new Promise((resolve, reject) => this.waiting.set(0, { resolve, reject }));
    // whoever asks finds out
    this.there.catch(() => undefined);
    worker.on('message', (message: AnswerMessage | QuestionMessage) => {
      if ('question' in message) onQuestion(message);
      else this.onAnswer(message);
    });
    worker.on('exit', (code, signal) => {
      this.gone = true;
      for (const { reject } of this.waiting.values()) reject(new WorkerGone(`worker ${place} has ended`));
      this.waiting.clear();
      onGone(signal ?? `exit code ${code}`);
    });
  }

  get pid(): number {
    return this.worker.process.pid ?? 0;
  }

  /** Resolves when the order is carried out. @throws Error with the worker's reason, or WorkerGone */
  async ask(order: Order): Promise<AnswerMessage> {
    await this.there;
    if (this.gone) throw new WorkerGone(`worker ${this.place} has ended`);
    const message: OrderMessage = { number: ++this.lastNumber, order };
    return new Promise((resolve, reject) => {
      this.waiting.set(message.number, { resolve, reject });
      this.worker.send(message);
    });
  }

  /** Gives an order whose answer does not matter. */
  tell(order: Order): void {
    this.ask(order).catch(() => undefined);
  }

  kill(): void {
    if (!this.gone) this.worker.process.kill('SIGKILL');
  }

  private onAnswer(answer: AnswerMessage): void {
    const { error, number } = answer;
    const waiting = this.waiting.get(number);
    this.waiting.delete(number);
    if (error === null) waiting?.resolve(answer);
    else waiting?.reject(new Error(error));
  }
}
