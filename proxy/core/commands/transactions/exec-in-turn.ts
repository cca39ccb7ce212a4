import { WatchedExecPart } from '../exec-part.ts';
import { InTurn } from '../in-turn.ts';
import type { Session } from '../session.ts';
import { execute, type SendPart, sendOver, shared } from './exec.ts';
import type { Transaction } from './transaction.ts';
import type { Watch } from './watch.ts';

/**
 * EXEC that has the session to itself: that of a client that watches goes over another connection than its other
 * requests, and what the proxy answers itself (HELLO, CLIENT SETNAME) must not come after what is sent behind it.
 */
export class ExecInTurn extends InTurn {
  readonly waiting = 0;

  /** @param watch what the client watches; null = nothing */
  constructor(
    session: Session,
    private readonly transaction: Transaction,
    private readonly watch: Watch | null,
  ) {
    super(session);
  }

  protected begin(): void {
    const { session, tag, transaction, watch } = this;
    const end = (): void => this.close();
    if (watch === null) execute(session, tag, transaction, shared(session), end);
    else {
      const nil = Buffer.from(session.protocol === 3 ? '_\r\n' : '*-1\r\n');
      if (watch.holds) execute(session, tag, transaction, watched(watch, nil), end);
      else {
        session.reply(tag, nil, 0);
        end();
      }
    }
  }

  private close(): void {
    this.watch?.release(true);
    this.session.soloEnded();
  }
}

/** Over the connection that watches. */
function watched(watch: Watch, nil: Uint8Array): SendPart {
  watch.beginExec();
  return (part, _server, who, tag, done) =>
    sendOver(watch.connection, part, new WatchedExecPart(who, tag, part.commands, done, nil));
}
