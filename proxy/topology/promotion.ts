import type { Value } from '../protocol/reply-values.ts';
import { type Access, AskingConnection } from './asking-connection.ts';

/** How often the replica is asked for its role, and for how long. Milliseconds. */
const POLL = 50;
const PATIENCE = 5000;

/**
 * Watches a replica that a sentinel has selected, until it is seen to turn from replica to master. One that says
 * `master` from the beginning may be an old master that nobody has demoted yet: it is not believed.
 */
export class PromotionWatch {
  private connection: AskingConnection | null = null;
  private wasReplica = false;
  private stopped = false;
  private readonly timer: NodeJS.Timeout;
  private readonly deadline: NodeJS.Timeout;

  /** @param onEnd called once, unless stopped before: whether the promotion was seen */
  constructor(
    private readonly access: Access,
    private readonly onEnd: (promoted: boolean) => void,
  ) {
    this.timer = setInterval(() => this.ask(), POLL);
    this.deadline = setTimeout(() => this.end(false), PATIENCE);
    this.ask();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.deadline);
    this.connection?.close();
  }

  private ask(): void {
    // a sentinel cuts all connections as it promotes: the next one is made at the next turn
    this.connection ??= new AskingConnection(
      this.access,
      () => {},
      () => {
        this.connection = null;
      },
    );
    this.connection.request(['ROLE'], (reply) => this.onRole(reply));
  }

  private onRole(reply: Value): void {
    if (this.stopped || !Array.isArray(reply)) return;
    const role = String(reply[0]);
    if (role === 'slave') this.wasReplica = true;
    else if (role === 'master') this.end(this.wasReplica);
  }

  private end(promoted: boolean): void {
    this.stop();
    this.onEnd(promoted);
  }
}
