import type { Command } from '../../protocol/command-table.ts';
import { sortPatterns, wordAt } from '../../protocol/key-positions.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import type { PoolServer } from '../server/server.ts';
import { otherDatabase, patternApart, quotedArg } from './refusals.ts';
import type { Session } from './session.ts';

/**
 * Why a command that names more than its keys would reach beyond their server or the pool's database: SORT with BY or
 * GET, COPY with DB. Null when it does not.
 * @param server the server of its keys
 */
export function reachFault(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  server: PoolServer | null,
): string | null {
  if (command.name === 'copy') return copyFault(session, frame, buffer);
  if (command.name.startsWith('sort')) return patternFault(session, command, frame, buffer, server);
  return null;
}

function copyFault({ pool }: Session, frame: RequestFrame, buffer: Uint8Array): string | null {
  const database = copyDatabase(frame, buffer);
  if (database === null || database === pool.config.redisDb) return null;
  return otherDatabase(pool, `COPY to database ${database}`);
}

/** The database that COPY names, of several the last; null when it names none, or what Redis would not understand. */
function copyDatabase(frame: RequestFrame, buffer: Uint8Array): number | null {
  let database: number | null = null;
  for (let i = 3; i + 1 < frame.argc; i++) {
    if (wordAt(frame, buffer, i) !== 'db') continue;
    const number = wordAt(frame, buffer, ++i);
    database = /^-?[0-9]{1,9}$/.test(number) ? Number(number) : null;
  }
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
