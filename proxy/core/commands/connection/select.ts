import type { Command } from '../../../protocol/command-table.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { errorReply, OK } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { otherDatabase } from '../refusals.ts';
import { type Answer, GATE_RANKS, type Gate, type Session } from '../session.ts';

/** Commands that concern no key, so that the database makes no difference. */
export const IN_ANY_DATABASE: ReadonlySet<string> = new Set([
  'asking',
  'auth',
  'client',
  'cluster',
  'command',
  'config',
  'echo',
  'function',
  'hello',
  'info',
  'lastsave',
  'latency',
  'ping',
  'psubscribe',
  'publish',
  'pubsub',
  'punsubscribe',
  'quit',
  'readonly',
  'readwrite',
  'reset',
  'script',
  'select',
  'slowlog',
  'spublish',
  'ssubscribe',
  'subscribe',
  'sunsubscribe',
  'time',
  'unsubscribe',
]);

/** The refusal of its last SELECT, as a state of a client: what concerns keys is answered with it until a good one. */
class OutsideDatabase implements Gate {
  readonly rank = GATE_RANKS.database;
  readonly needsWhole = false;

  constructor(private readonly refusal: Uint8Array) {}

  takes(session: Session, command: Command): boolean {
    if (IN_ANY_DATABASE.has(command.name)) return false;
    session.reply(session.tail++, this.refusal, 0);
    return true;
  }
}

/** The client is in the pool's database again. */
export function enterDatabase(session: Session): void {
  for (const gate of session.gates) if (gate instanceof OutsideDatabase) session.exit(gate);
}

/**
 * Only the pool's own database: the server connections are shared. Many clients ignore a refusal and go on, so it is
 * remembered: nothing of theirs may land in a database that they did not choose.
 */
export const select: Answer = (session, frame, buffer) => {
  enterDatabase(session);
  const fault = selectFault(session, frame, buffer);
  if (fault === null) return OK;
  const refusal = errorReply(fault);
  session.enter(new OutsideDatabase(refusal));
  return refusal;
};

/** Why a SELECT is refused; null for the pool's own database. */
export function selectFault({ pool }: Session, frame: RequestFrame, buffer: Uint8Array): string | null {
  const index = wordAt(frame, buffer, 1);
  if (!/^(0|-?[1-9][0-9]{0,8})$/.test(index)) return 'value is not an integer or out of range';
  if (Number(index) === pool.config.redisDb) return null;
  return otherDatabase(pool, `DB index is out of range: SELECT ${index}`);
}
