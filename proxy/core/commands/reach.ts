import { servesDatabase } from '../../config/pool.ts';
import type { Command } from '../../protocol/command-table.ts';
import { sortPatterns, wordAt } from '../../protocol/key-positions.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import type { PoolServer } from '../server/server.ts';
import { integerIn } from './database-number.ts';
import { databaseFault, patternApart, quotedArg } from './refusals.ts';
import type { Session } from './session.ts';

/**
 * Why a command that names more than its keys would reach beyond their server or the pool's databases: SORT with BY or
 * GET, COPY with DB, MOVE. Null when it does not.
 * @param server the server of its keys
 */
export function reachFault(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  server: PoolServer | null,
): string | null {
  if (command.name === 'copy') return databaseReach(session, 'COPY to database', copyDatabase(frame, buffer));
  if (command.name === 'move')
    return frame.argc === 3 ? databaseReach(session, 'MOVE to', integerIn(wordAt(frame, buffer, 2))) : null;
  if (command.name.startsWith('sort')) return patternFault(session, command, frame, buffer, server);
  return null;
}

/** @param database the one that the command names; null when it names none, or what Redis would not understand */
function databaseReach({ pool }: Session, what: string, database: number | null): string | null {
  if (database === null || servesDatabase(pool.config, database)) return null;
  return databaseFault(pool, `${what} ${database}`, database);
}

/** The database that COPY names, of several the last. */
function copyDatabase(frame: RequestFrame, buffer: Uint8Array): number | null {
  let database: number | null = null;
  for (let i = 3; i + 1 < frame.argc; i++)
    if (wordAt(frame, buffer, i) === 'db') database = integerIn(wordAt(frame, buffer, ++i));
  return database;
}

function patternFault(
  { pool, routing }: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  server: PoolServer | null,
): string | null {
  if (routing.servers.length === 1) return null;
  for (const { element, star } of sortPatterns(frame, buffer)) {
    const start = frame.args[2 * element];
    // with its tag in front of the *, every key of the pattern lives where the pattern itself would
    if (routing.settles(buffer, start, star) && routing.serverFor(buffer, start, star) === server) continue;
    return patternApart(pool, command, quotedArg(frame, buffer, element));
  }
  return null;
}
