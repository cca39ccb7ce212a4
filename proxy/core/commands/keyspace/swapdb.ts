import { servesDatabase } from '../../../config/pool.ts';
import { arityFits } from '../../../protocol/command-arity.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { integerIn, LARGEST_INT } from '../database-number.ts';
import { forbidden } from '../forbidden.ts';
import { databaseFault, refuse, wrongArity } from '../refusals.ts';
import type { Handler, Session } from '../session.ts';

/** Why two databases are not exchanged; Redis' own words where it would not do it either. */
function swapFault({ pool, routing }: Session, frame: RequestFrame, buffer: Uint8Array): string | null {
  if (routing.servers.length > 1)
    return "'swapdb' is not served: the pool's servers would not do it at one moment, and in between one client would find keys of both; use a pool on one shard";
  const refusal = forbidden(pool, 'swapdb');
  if (refusal !== null) return refusal;
  const [first, second] = [integerIn(wordAt(frame, buffer, 1)), integerIn(wordAt(frame, buffer, 2))];
  if (first === null || Math.abs(first) > LARGEST_INT) return 'invalid first DB index';
  if (second === null || Math.abs(second) > LARGEST_INT) return 'invalid second DB index';
  const other = [first, second].find((each) => !servesDatabase(pool.config, each));
  return other === undefined ? null : databaseFault(pool, `SWAPDB with ${other}`, other);
}

const swap: Handler = (session, command, frame, buffer, from, to) => {
  const fault = arityFits(command.id, frame.argc) ? swapFault(session, frame, buffer) : wrongArity(command);
  if (fault !== null) refuse(session, fault);
  else {
    const connection = session.routing.servers[0].pick(session.lane);
    connection.send(session, session.tail++, command.id, buffer, from, to);
  }
};

/** SWAPDB index index, where it is one server's to do, and so atomic. */
export const swapdb: Handler = Object.assign(swap, { queued: { keys: () => [], fault: swapFault } });
