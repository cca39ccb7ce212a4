import type { Command } from '../../../protocol/command-table.ts';
import { errorReply, OK } from '../../../protocol/replies.ts';
import { refuse } from '../refusals.ts';
import { type Family, GATE_RANKS, type Gate, type Session } from '../session.ts';

/** Ends what began with a refused MULTI; null = answered as ever. */
const ENDS: ReadonlyMap<string, Uint8Array | null> = new Map([
  ['exec', errorReply('Transaction discarded because of previous errors.', 'EXECABORT')],
  ['discard', OK],
  ['reset', null],
  ['quit', null],
]);

/** The state of a client whose MULTI was refused: a part of a transaction must not be carried out. */
const REFUSED: Gate = {
  rank: GATE_RANKS.transaction,
  needsWhole: false,
  takes(session, command) {
    const end = ENDS.get(command.name);
    if (end === undefined) {
      refuse(
        session,
        `'${command.name}' is not executed: it follows a MULTI, which is not served; DISCARD ends this`,
      );
      return true;
    }
    session.exit(REFUSED);
    if (end !== null) session.reply(session.tail++, end, 0);
    return end !== null;
  },
};

function notServed(session: Session, command: Command): void {
  refuse(session, `'${command.name}' is not served: ${command.reason.replace('refused: ', '')}`);
}

/** MULTI and what belongs to it. */
export const TRANSACTIONS: Family = {
  discard: notServed,
  exec: notServed,
  multi(session, command) {
    session.enter(REFUSED);
    notServed(session, command);
  },
  unwatch: notServed,
  watch: notServed,
};
