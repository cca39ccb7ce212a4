import { ClientLoad } from './client-load.ts';
import { Output } from './output.ts';
import { ReorderRing } from './reorder-ring.ts';
import { RequestReader } from './request-reader.ts';
import type { WorkingClient } from './working-client.ts';

/** Rings that grew larger than this are not kept. */
const LARGEST_RING = 1024;
const MOST_UNUSED = 1024;
const unused: ClientWork[] = [];

/**
 * What a client needs while it has something under way. Taken when bytes come in and given back when nothing is left, so
 * that there are as many as clients at work, and thousands of idle ones cost little.
 */
export class ClientWork {
  /** Replies to be sent. */
  readonly output = new Output();
  /** Replies that came before their turn. */
  readonly early = new ReorderRing();
  readonly reader: RequestReader;
  readonly load: ClientLoad;

  private constructor(client: WorkingClient) {
    this.reader = new RequestReader(client);
    this.load = new ClientLoad(client, this);
  }

  static take(client: WorkingClient): ClientWork {
    const work = unused.pop();
    if (work === undefined) return new ClientWork(client);
    work.reader.serve(client);
    work.load.serve(client);
    return work;
  }

  /** Nothing is read, kept or to be sent. */
  get isDone(): boolean {
    return this.output.bytes === 0 && this.early.count === 0 && this.reader.isIdle && this.load.isSettled;
  }

  /** For the next client; only when it `isDone`. */
  giveBack(): void {
    if (unused.length < MOST_UNUSED && this.early.size <= LARGEST_RING) unused.push(this);
  }
}
