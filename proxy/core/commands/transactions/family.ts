import { arityFits } from '../../../protocol/command-arity.ts';
import type { Command } from '../../../protocol/command-table.ts';
import { OK } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { allBegun, whenOver } from '../begun-subscriptions.ts';
import { ABORTED, abortedBy } from '../exec-part.ts';
import { homeOf } from '../home.ts';
import { lookAtLater } from '../looked-at-later.ts';
import { isRedisOwn, refuse, wrongArity } from '../refusals.ts';
import { whyNoExec } from '../refused-exec.ts';
import type { Family, Handler, Session } from '../session.ts';
import { execute, shared } from './exec.ts';
import { ExecInTurn } from './exec-in-turn.ts';
import { Transaction, transactionOf } from './transaction.ts';
import { keyNames, MOST_WATCHED, WatchRequest, watchOf } from './watch.ts';

/** False when the request was answered with an error: too many elements, or too few. */
function fits(session: Session, command: Command, frame: RequestFrame): boolean {
  if (arityFits(command.id, frame.argc)) return true;
  const why = wrongArity(command);
  transactionOf(session)?.onRefused(session, why);
  refuse(session, why);
  return false;
}

/** Ends what was begun with WATCH and MULTI. */
function end(session: Session): void {
  transactionOf(session)?.end();
  watchOf(session)?.unwatch();
}

const multi: Handler = (session, command, frame) => {
  if (!fits(session, command, frame)) return;
  if (transactionOf(session) !== undefined) refuse(session, 'MULTI calls can not be nested');
  else {
    new Transaction(session, watchOf(session) ?? null);
    session.reply(session.tail++, OK, 0);
  }
};

const discard: Handler = (session, command, frame) => {
  const transaction = transactionOf(session);
  if (!fits(session, command, frame)) return;
  if (transaction === undefined) refuse(session, 'DISCARD without MULTI');
  else {
    end(session);
    session.reply(session.tail++, OK, 0);
  }
};

const exec: Handler = (session, command, frame, buffer, from, to) => {
  const transaction = transactionOf(session);
  const reason = frame.argc !== 1 ? wrongArity(command) : whyNoExec(session);
  if (reason !== undefined) {
    // as Redis does, inside a transaction or not
    end(session);
    session.reply(session.tail++, abortedBy(reason), 0);
  } else if (transaction === undefined) refuse(session, 'EXEC without MULTI');
  else {
    const awaited = awaitedBy(session, transaction);
    if (awaited === null) carryOut(session, transaction);
    else lookAtLater(session, buffer, from, to, awaited, () => carryOut(session, transaction));
  }
};

/** What must come about before a transaction is carried out: calls `proceed` when it has. Null when nothing. */
function awaitedBy(
  { pool, routing: { figures } }: Session,
  { needsFigures, publishes }: Transaction,
): ((proceed: () => void) => void) | null {
  const begun = publishes ? allBegun(pool) : [];
  const lacksFigures = needsFigures && figures.fresh === null;
  if (begun.length === 0 && !lacksFigures) return null;
  return (proceed) => whenOver(begun, lacksFigures ? () => figures.ask(proceed) : proceed);
}

/** EXEC of a transaction that may be refused already. */
function carryOut(session: Session, transaction: Transaction): void {
  const watch = watchOf(session);
  transaction.end();
  const { fault } = transaction;
  if (fault !== null) {
    watch?.unwatch();
    // Redis does not repeat what it says; many client libraries show their user nothing but the answer to EXEC
    session.reply(session.tail++, isRedisOwn(fault) ? ABORTED : abortedBy(fault), 0);
  } else if (watch !== undefined || transaction.hasAnswers)
    session.runAlone(new ExecInTurn(session, transaction, watch ?? null));
  else execute(session, session.tail++, transaction, shared(session));
}

const watch: Handler = (session, command, frame, buffer, from, to) => {
  if (!fits(session, command, frame)) return;
  if (transactionOf(session) !== undefined) refuse(session, 'WATCH inside MULTI is not allowed');
  else beginWatch(session, frame, buffer, from, to);
};

/** Sends WATCH to the one server of its keys, and of those that are watched already. */
function beginWatch(
  session: Session,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const keys = Array.from({ length: frame.argc - 1 }, (_, i) => i + 1);
  const home = homeOf(session, frame, buffer, keys, "of 'watch'", watchOf(session) ?? null);
  const named = keyNames(frame, buffer);
  const count = watchOf(session)?.countWith(named) ?? named.size;
  if (home === null || typeof home === 'string') refuse(session, home ?? 'there is no key');
  else if (count > MOST_WATCHED) refuse(session, `a client watches at most ${MOST_WATCHED} keys here`);
  else session.runAlone(new WatchRequest(session, home, new Uint8Array(buffer.subarray(from, to)), named));
}

const unwatch: Handler = (session, command, frame) => {
  if (!fits(session, command, frame)) return;
  watchOf(session)?.unwatch();
  session.reply(session.tail++, OK, 0);
};

/** MULTI and what belongs to it. */
export const TRANSACTIONS: Family = {
  discard,
  exec,
  multi,
  // EXEC ends it in any case
  unwatch: Object.assign(unwatch, { queued: { answer: () => OK } }),
  watch,
};
