import { type Stoppable, UNREAD } from '../base/receiver.ts';
import type { WorkingClient } from './working-client.ts';

/** What is below this is not worth a note. */
const NEGLIGIBLE = 4096;
/** So many bytes of requests at once, and it is looked at what else is there. */
const BURST = 256 * 1024;

/** Reasons not to read from a client. */
const OVERLOAD = 1;
const STREAM = 2;

/** What is kept for a client; `bytes` of each. */
interface KeptForClient {
  readonly early: { readonly bytes: number };
  readonly output: { readonly bytes: number };
  readonly reader: { readonly bytes: number; readonly backlogBytes: number };
}

/** What one client makes the proxy keep, and what is done about it. */
export class ClientLoad {
  accounted = 0;
  /** Bytes of replies that came too early, or in part, and are kept elsewhere than in the output. */
  arriving = 0;
  /** Bytes that are kept until the client says otherwise: it must be read from all the same. */
  kept = 0;
  private pausedFor = 0;
  /** Bytes of requests up to request `mark`, and of those behind it. */
  private older = 0;
  private newer = 0;
  private mark = 0;
  /** Server connections that are not read because this client does not read. */
  private stopped: Stoppable[] | null = null;

  constructor(
    private client: WorkingClient,
    private readonly work: KeptForClient,
  ) {}

  /** Serves another client from now on; only when it `isSettled`. */
  serve(client: WorkingClient): void {
    this.client = client;
  }

  /** Bytes of requests came in. */
  received(bytes: number): void {
    const { client } = this;
    this.newer += bytes;
    if (this.older + this.newer > BURST || client.tail - client.head > client.pool.config.clientRequests) {
      this.regulate();
    }
  }

  /** Stops reading from a client that does not read, or has too much under way; goes on when it has caught up. */
  regulate(): void {
    const { client } = this;
    const { config, budget } = client.pool;
    const open = client.tail - client.head;
    this.forgetAnswered(open);
    const { early, output, reader } = this.work;
    const unread = output.bytes;
    const load = this.older + this.newer + unread + early.bytes + this.arriving;
    this.account(load + this.kept + reader.bytes + (client.solo?.waiting ?? 0));
    if (client.gone) return;
    const most = budget.share(config.clientBytes);
    const waiting = Math.max(unread, reader.backlogBytes);
    if (load > most || waiting > UNREAD || open > config.clientRequests) this.pause(OVERLOAD, true);
    else if (load <= most / 2 && waiting <= UNREAD / 2 && open <= config.clientRequests / 2) {
      this.pause(OVERLOAD, false);
    }
    if (this.stopped !== null && unread <= UNREAD / 2) this.readOn(this.stopped);
  }

  /**
   * The size of each request is not noted. Bytes that came before the last look at request `mark` are gone when it is
   * answered, so this counts at most twice what is under way.
   */
  private forgetAnswered(open: number): void {
    const { client } = this;
    if (open === 0) {
      this.older = 0;
      this.newer = 0;
      this.mark = client.tail;
    } else if (client.head >= this.mark) {
      this.older = this.newer;
      this.newer = 0;
      this.mark = client.tail;
    }
  }

  private account(load: number): void {
    const now = load < NEGLIGIBLE ? 0 : load;
    if (now === this.accounted) return;
    const { budget } = this.client.pool;
    budget.account(this.client, now);
    this.accounted = now;
    budget.enforce();
  }

  /** Bytes that were received are kept no longer, or are accounted elsewhere. */
  passedOn(bytes: number): void {
    this.newer = Math.max(0, this.newer - bytes);
  }

  pauseForStream(on: boolean): void {
    this.pause(STREAM, on);
  }

  private pause(reason: number, on: boolean): void {
    const before = this.pausedFor;
    this.pausedFor = on ? before | reason : before & ~reason;
    if (before === 0 && this.pausedFor !== 0) {
      this.client.link.pause();
      this.client.link.watchPeer();
    }
    if (before !== 0 && this.pausedFor === 0) this.client.link.resume();
  }

  /** A server connection is not read until the client has read what it has. */
  stop(connection: Stoppable): void {
    this.stopped ??= [];
    this.stopped.push(connection);
  }

  private readOn(stopped: readonly Stoppable[]): void {
    this.stopped = null;
    for (const connection of stopped) connection.readOn(this.client);
  }

  /** Nothing is kept for the client, and it is read from. */
  get isSettled(): boolean {
    if (this.accounted + this.kept + this.arriving + this.older + this.newer > 0) return false;
    return this.pausedFor === 0 && this.stopped === null;
  }

  /** The client has left. */
  end(): void {
    this.account(0);
    if (this.stopped !== null) this.readOn(this.stopped);
  }
}
