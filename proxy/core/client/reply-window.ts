import type { PoolConfig } from '../../config/pool.ts';
import { UNREAD } from '../base/receiver.ts';
import type { SoloRequest } from '../commands/session.ts';

/** Requests without a reply while nobody knows how large these are. */
const FIRST_OPEN = 32;
/** And when the client's last replies were small: a pipeline of the usual length is not sent in two pieces. */
const KEPT_OPEN = 64;

/**
 * How many requests of a client that had nothing under way may be without a reply.
 * @param learnt how many might be when it had
 */
export function firstOpen(
  { clientReplyBytes }: Pick<PoolConfig, 'clientReplyBytes'>,
  learnt = FIRST_OPEN,
): number {
  if (clientReplyBytes === 0) return Number.POSITIVE_INFINITY;
  return Math.max(FIRST_OPEN, Math.min(learnt, KEPT_OPEN));
}

/** A client with more requests than may be without a reply. */
interface Waiting {
  readonly pool: { readonly config: Pick<PoolConfig, 'clientReplyBytes'> };
  readonly head: number;
  readonly tail: number;
  mostOpen: number;
  /** Bytes of replies that it has not taken. */
  readonly unsent: number;
  soloEnded(): void;
}

/**
 * What a server is asked it answers, whether or not anybody reads the answers, and keeps them in memory that no
 * `maxmemory` counts. So a client's requests are passed on while the replies to those before, at the size of its last ones,
 * have `client_reply_bytes` together. Nobody knows a reply's size beforehand: it begins with a few requests, and each time
 * these turn out to be small there may be twice as many (as in TCP's slow start). Whoever does not read gets no more.
 *
 * Stands in the place of a request that has the session to itself.
 */
export class ReplyWindow implements SoloRequest {
  readonly waiting = 0;
  private readonly headBefore: number;
  private readonly bytesBefore: number;
  private isOver = false;

  /** @param output counts what the client is sent */
  constructor(
    private readonly client: Waiting,
    private readonly output: { readonly total: number },
  ) {
    this.headBefore = client.head;
    this.bytesBefore = output.total;
  }

  /** Called after each flush. */
  startInTurn(): void {
    const { client } = this;
    if (this.isOver || client.unsent > UNREAD || client.tail - client.head > client.mostOpen / 2) return;
    this.isOver = true;
    const answered = Math.max(1, client.head - this.headBefore);
    const each = Math.max(1, (this.output.total - this.bytesBefore) / answered);
    const fit = Math.floor(client.pool.config.clientReplyBytes / each);
    client.mostOpen = Math.max(1, Math.min(fit, client.mostOpen * 2));
    client.soloEnded();
  }

  abandon(): void {
    this.isOver = true;
  }
}
