import {
  COMMANDS,
  type Command,
  commandId,
  FATE_ANY,
  FATE_KEY,
  FATE_KEYS,
  FATE_REFUSED,
  FATE_SPLIT,
} from '../../protocol/command-table.ts';
import { ADMINISTRATION } from './administration/family.ts';
import { BLOCKING } from './blocking/family.ts';
import { CONNECTION } from './connection/family.ts';
import { argumentsFault, READ_WHOLE } from './excess.ts';
import { noteQueued } from './inside-transactions.ts';
import { INTROSPECTION } from './introspection/family.ts';
import { forwardToAny, forwardTogether } from './keyed/forward.ts';
import { KEYSPACE } from './keyspace/family.ts';
import { PUBSUB } from './pubsub/family.ts';
import { refuse, wrongArity } from './refusals.ts';
import { SCRIPTS } from './scripts/family.ts';
import type { Family, Handler } from './session.ts';
import { split } from './spread/split.ts';
import { TRANSACTIONS } from './transactions/family.ts';

/** Every family of commands; each has a folder here, and says who deals with which of its commands. */
const FAMILIES: readonly Family[] = [
  ADMINISTRATION,
  BLOCKING,
  CONNECTION,
  INTROSPECTION,
  KEYSPACE,
  PUBSUB,
  SCRIPTS,
  TRANSACTIONS,
];

const refuseInWords: Handler = (session, command) =>
  refuse(session, `'${command.name}' is not served: ${command.reason}`);

/** By what becomes of a command, for those that are not a family's. */
const BY_FATE: Readonly<Record<number, Handler>> = {
  // with its key it would not have come here
  [FATE_KEY]: (session, command) => refuse(session, wrongArity(command)),
  [FATE_SPLIT]: split,
  [FATE_KEYS]: forwardTogether,
  [FATE_ANY]: forwardToAny,
  [FATE_REFUSED]: refuseInWords,
};

const bounded =
  (handler: Handler): Handler =>
  (session, command, frame, buffer, from, to) => {
    const fault = argumentsFault(command, frame);
    if (fault === null) handler(session, command, frame, buffer, from, to);
    else refuse(session, fault);
  };

/** Who deals with a command, by its id. */
export const HANDLERS: readonly Handler[] = allHandlers();

/** @throws an Error when a command is nobody's, or a family has one that the table gives to somebody else */
function allHandlers(): Handler[] {
  const own = new Map<number, Handler>();
  for (const family of FAMILIES) {
    for (const [name, handler] of Object.entries(family)) {
      own.set(commandId(name), handler);
      noteQueued(commandId(name), handler.queued);
    }
  }
  return COMMANDS.map((command: Command) => {
    const handlers = [own.get(command.id), BY_FATE[command.fate]].filter((each) => each !== undefined);
    if (handlers.length !== 1) throw new Error(`'${command.name}' is dealt with ${handlers.length} times`);
    return READ_WHOLE.has(command.name) ? bounded(handlers[0]) : handlers[0];
  });
}
