import { endOnDefect } from '../admin/defects.ts';
import { Log } from '../admin/log.ts';
import { Service } from '../admin/service.ts';
import type { LogChange } from '../admin/serving.ts';
import { numberClientsFrom } from '../core/client/client-session.ts';
import { answerSibling } from '../core/commands/connection/client-command.ts';
import { IDS_OF_A_PROXY } from '../peers/own-place.ts';
import type { Transport } from '../transport/link.ts';
import type { AnswerMessage, Order, OrderMessage, WorkerSettings } from './messages.ts';
import { SiblingWorkers } from './siblings.ts';

/** More clients than any process can have had. */
const IDS_OF_A_GENERATION = 2 ** 32;
/** So many of them have numbers of their own before they begin anew. */
const GENERATIONS = IDS_OF_A_PROXY / IDS_OF_A_GENERATION;
/** For whoever ends one worker by hand. Milliseconds. */
const OWN_DRAIN_LIMIT = 5000;

/** Serves as the supervisor says, until it says otherwise or is gone. */
export function work(transport: Transport): void {
  const worker = new Worker(transport);
  process.on('message', (message) => void worker.onMessage(message as OrderMessage));
  process.on('disconnect', () => process.exit(1));
  // signals of a terminal or a session reach all its processes; the supervisor is the one to act on them
  for (const name of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU'] as const) {
    process.on(name, () => undefined);
  }
  process.on('SIGTERM', () => void worker.drain(OWN_DRAIN_LIMIT));
  answer({ number: 0, error: null, snapshot: null, reply: null });
}

class Worker {
  private service: Service | null = null;
  private log: Log | null = null;
  private readonly siblings = new SiblingWorkers();

  constructor(private readonly transport: Transport) {}

  async onMessage({ number, order }: OrderMessage): Promise<void> {
    try {
      await this.obey(order);
      const snapshot =
        order.kind === 'report' && this.service !== null ? await this.service.snapshot() : null;
      const reply = order.kind === 'client' ? this.answerSibling(order.pool, order.words) : null;
      answer({ number, error: null, snapshot, reply });
    } catch (error) {
      answer({ number, error: (error as Error).message, snapshot: null, reply: null });
    }
  }

  private async obey(order: Order): Promise<void> {
    switch (order.kind) {
      case 'start':
        this.service = this.prepare(order.settings);
        await this.service.start(order.configs);
        break;
      case 'reload':
        await this.service?.reload(order.configs);
        break;
      case 'let-go':
        this.service?.letGo();
        break;
      case 'drain':
        await this.drain(order.limit);
        break;
      case 'log':
        this.changeLog(order.change);
        break;
      case 'said':
        this.siblings.onSaid(order.question, order.replies);
        break;
      case 'client':
      case 'report':
        break;
    }
  }

  private answerSibling(pool: string, words: readonly string[]): string | null {
    const found = this.service?.pools.find(({ config }) => config.name === pool);
    if (found === undefined) return null;
    const bytes = words.map((word) => Buffer.from(word, 'latin1'));
    return Buffer.from(answerSibling(found, bytes)).toString('latin1');
  }

  private prepare({ place, workers, generation, output, verbose, ...more }: WorkerSettings): Service {
    this.log = new Log(output, verbose, `worker ${place}: `);
    endOnDefect(this.log);
    numberClientsFrom((generation % GENERATIONS) * IDS_OF_A_GENERATION);
    const { log, siblings, transport } = this;
    return new Service({ ...more, transport, log, siblings, worker: { place, workers } });
  }

  async drain(limit: number): Promise<void> {
    await this.service?.drain(limit);
    process.exit(0);
  }

  private changeLog(change: LogChange): void {
    if (change === 'reopen') this.log?.reopen();
    else this.log?.turn(change === 'more' ? 1 : -1);
  }
}

function answer(message: AnswerMessage): void {
  if (process.connected) process.send?.(message);
}
