import { factsOf } from '../../../protocol/command-description.ts';
import type { Command } from '../../../protocol/command-table.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { takesElements } from '../../../protocol/learnt-command.ts';
import { bulkReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { element } from '../answered.ts';
import { refuse, subcommandFault } from '../refusals.ts';
import { refuseExec } from '../refused-exec.ts';
import { GATE_RANKS, type Gate, type Session } from '../session.ts';

const ALLOWED: ReadonlySet<string> = new Set([
  'ping',
  'psubscribe',
  'punsubscribe',
  'quit',
  'reset',
  'ssubscribe',
  'subscribe',
  'sunsubscribe',
  'unsubscribe',
]);
const PONG_HEAD = Buffer.from('*2\r\n$4\r\npong\r\n');

/** The state of a client that listens. In RESP2 a message cannot be told from a reply, so there are hardly any replies. */
export class SubscribedMode implements Gate {
  readonly rank = GATE_RANKS.subscription;
  readonly needsWhole = false;

  takes(session: Session, command: Command, frame: RequestFrame, buffer: Uint8Array): boolean {
    if (session.protocol !== 2 || !takesElements(command, frame.argc)) return false;
    if (!ALLOWED.has(command.name)) {
      const fault = subcommandFault(command.name, buffer, frame);
      if (fault !== null) {
        refuse(session, fault);
        return true;
      }
      const called = frame.argc > 1 ? `${command.name}|${wordAt(frame, buffer, 1)}` : command.name;
      const reason = `Can't execute '${factsOf(called)?.name ?? command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
      if (command.name === 'exec') {
        refuseExec(session, reason);
        return false;
      }
      refuse(session, reason);
      return true;
    }
    if (command.name !== 'ping') return false;
    if (frame.argc > 2) return false;
    const said = frame.argc === 2 ? element(frame, buffer, 1) : new Uint8Array(0);
    session.reply(session.tail++, Buffer.concat([PONG_HEAD, bulkReply(said)]), 0);
    session.afterAnswer();
    return true;
  }
}
