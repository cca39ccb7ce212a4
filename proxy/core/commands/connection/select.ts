import { servesDatabase } from '../../../config/pool.ts';
import { factsOf } from '../../../protocol/command-description.ts';
import type { Command } from '../../../protocol/command-table.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { errorReply, OK } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { answered, answeredInTurn, withArity } from '../answered.ts';
import { integerIn } from '../database-number.ts';
import { databaseFault } from '../refusals.ts';
import {
  type Answer,
  GATE_RANKS,
  type Gate,
  type Handler,
  type PoolContext,
  type Session,
} from '../session.ts';
import { refuseInARow, refuseSlowly } from '../slow-refusal.ts';

/** Commands that concern no key, so that the database makes no difference. */
export const IN_ANY_DATABASE: ReadonlySet<string> = new Set([
  'acl',
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
  'role',
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

  constructor(private readonly why: string) {}

  takes(session: Session, command: Command): boolean {
    if (IN_ANY_DATABASE.has(command.name)) return false;
    const mayWait = factsOf(command.name)?.flags.includes('blocking') === true;
    (mayWait ? refuseSlowly : refuseInARow)(session, this.why);
    return true;
  }
}

/** The client is in the pool's database again. */
export function enterDatabase(session: Session): void {
  for (const gate of session.gates) if (gate instanceof OutsideDatabase) session.exit(gate);
}

/**
 * The database of what follows. A pool of one database has only that: many clients ignore a refusal and go on, so it is
 * remembered, and nothing of theirs lands in a database that they did not choose. With several it is as in Redis.
 */
const enter: Answer = (session, frame, buffer) => {
  enterDatabase(session);
  const index = wordAt(frame, buffer, 1);
  const fault = selectFault(session.pool, index);
  if (fault === null) {
    session.database = Number(index);
    return OK;
  }
  if (session.pool.config.databases === 0) session.enter(new OutsideDatabase(fault));
  return errorReply(fault);
};

/** Why a SELECT is refused; null for a database of the pool. */
function selectFault(pool: PoolContext, index: string): string | null {
  const database = integerIn(index);
  if (database === null) return 'value is not an integer or out of range';
  if (servesDatabase(pool.config, database)) return null;
  return databaseFault(pool, `DB index is out of range: SELECT ${index}`, database);
}

const atOnce = answered(2, 2, enter);
const inTurn = answeredInTurn(2, 2, enter);

/** The database that a SELECT goes over to; null when it stays where it is, or is wrong. */
function target({ pool }: Session, frame: RequestFrame, buffer: Uint8Array): number | null {
  const index = frame.argc === 2 ? wordAt(frame, buffer, 1) : '';
  return selectFault(pool, index) === null ? Number(index) : null;
}

/**
 * SELECT index. Another database's requests go over other server connections: they begin when all before them are
 * answered, so that they are carried out in their order.
 */
export const select: Handler = Object.assign(
  ((session, command, frame, buffer, from, to) => {
    const database = target(session, frame, buffer);
    const isOther = database !== null && database !== session.database;
    (isOther ? inTurn : atOnce)(session, command, frame, buffer, from, to);
  }) satisfies Handler,
  {
    queued: {
      answer: withArity(2, 2, enter),
      database: target,
      fault: ({ pool }: Session, frame: RequestFrame, buffer: Uint8Array) =>
        pool.config.databases === 0 ? selectFault(pool, wordAt(frame, buffer, 1)) : null,
    },
  },
);
