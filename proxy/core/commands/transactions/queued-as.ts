import {
  type Command,
  FATE_ANY,
  FATE_CHANNEL,
  FATE_FAMILY,
  FATE_KEY,
  FATE_KEYS,
  FATE_REFUSED,
} from '../../../protocol/command-table.ts';
import { keyPositions, wordAt } from '../../../protocol/key-positions.ts';
import { LearntCommand } from '../../../protocol/learnt-command.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { argumentsFault } from '../excess.ts';
import { queuedByFamily } from '../inside-transactions.ts';
import { learntFault } from '../learnt-fault.ts';
import { oneServersFault, scriptWithoutKeys, subcommandFault } from '../refusals.ts';
import type { Answer, Queued, Session } from '../session.ts';

/** What goes to a server with the others: numbers of the elements that are keys. */
export interface QueuedKeys {
  readonly keys: readonly number[];
  /** The request as the server gets it, where that is not as it came. */
  readonly request?: Uint8Array;
}

const FIRST = [1];
const NONE: readonly number[] = [];

/**
 * What becomes of a command between MULTI and EXEC.
 * @returns a text when it cannot be a part of a transaction
 */
export function queuedAs(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
): QueuedKeys | Extract<Queued, { answer: Answer }> | string {
  const excess = argumentsFault(command, frame);
  if (excess !== null) return excess;
  if (command instanceof LearntCommand) {
    const fault = learntFault(session, command, frame, buffer);
    return fault ?? { keys: command.of(frame, buffer).keysOf(frame, buffer) ?? NONE };
  }
  const own = queuedByFamily(command.id);
  if (own !== undefined) {
    if ('keys' in own) {
      const fault = own.fault?.(session, frame, buffer);
      return fault ?? { keys: own.keys(frame, buffer), request: own.asSent?.(frame, buffer) };
    }
    const fault = own.fault?.(session, frame, buffer) ?? null;
    if (fault !== null) return fault;
    return own.goesAlong?.(session, frame, buffer) ? { keys: NONE } : own;
  }
  switch (command.fate) {
    case FATE_CHANNEL:
    case FATE_KEY:
      return { keys: FIRST };
    case FATE_KEYS:
      return several(session, command, frame, buffer);
    case FATE_ANY:
      return { keys: NONE };
    case FATE_FAMILY:
      return `'${command.name}' is not served inside a transaction`;
    case FATE_REFUSED:
      return `'${command.name}' is not served: ${command.reason}`;
    default:
      return { keys: everyOther(command, frame) };
  }
}

function several(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
): QueuedKeys | string {
  const fault = subcommandFault(command.name, buffer, frame);
  if (fault !== null) return fault;
  const keys = keyPositions(command, frame, buffer);
  if (keys === 'subcommand') {
    const subcommand = frame.argc < 2 ? '' : wordAt(frame, buffer, 1);
    return oneServersFault(session, command.name, subcommand) ?? { keys: NONE };
  }
  if (keys === 'none' && session.routing.servers.length > 1) return scriptWithoutKeys(command);
  // wrong arguments: any server says so in Redis' own words
  return { keys: Array.isArray(keys) ? keys : NONE };
}

/** MGET, DEL and the like: every argument is a key; of MSET every other. */
function everyOther(command: Command, frame: RequestFrame): readonly number[] {
  const step = command.name === 'mset' ? 2 : 1;
  const keys: number[] = [];
  for (let i = 1; i < frame.argc; i += step) keys.push(i);
  return keys;
}
