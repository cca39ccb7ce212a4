import type { Command } from '../../../protocol/command-table.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import type { ListeningKind } from '../../server/listening-kind.ts';
import { element } from '../answered.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Family, Handler, Session } from '../session.ts';
import { Subscribe, Unsubscribe } from './change.ts';
import { publish } from './publish.ts';
import { pubsub } from './pubsub-command.ts';
import { MOST_SUBSCRIPTIONS } from './subscriptions.ts';

/** Each name has an answer of its own. False when the request was refused because there are too many. */
function fits(session: Session, command: Command, frame: RequestFrame): boolean {
  if (frame.argc - 1 <= MOST_SUBSCRIPTIONS) return true;
  refuse(session, `'${command.name}' has at most ${MOST_SUBSCRIPTIONS} names here`);
  return false;
}

const begin =
  (kind: ListeningKind): Handler =>
  (session, command, frame, buffer) => {
    if (frame.argc < 2) refuse(session, wrongArity(command));
    else if (fits(session, command, frame))
      session.runAlone(new Subscribe(session, kind, namesIn(frame, buffer)));
  };

const end =
  (kind: ListeningKind): Handler =>
  (session, command, frame, buffer) => {
    if (fits(session, command, frame))
      session.runAlone(new Unsubscribe(session, kind, namesIn(frame, buffer)));
  };

/** The names of a request as text in which each byte is a character. */
const namesIn = (frame: Parameters<Handler>[2], buffer: Uint8Array): string[] =>
  Array.from({ length: frame.argc - 1 }, (_, i) =>
    Buffer.from(element(frame, buffer, i + 1)).toString('latin1'),
  );

/** Publish and subscribe. */
export const PUBSUB: Family = {
  psubscribe: begin('psubscribe'),
  publish,
  pubsub,
  punsubscribe: end('psubscribe'),
  spublish: publish,
  ssubscribe: begin('ssubscribe'),
  subscribe: begin('subscribe'),
  sunsubscribe: end('ssubscribe'),
  unsubscribe: end('subscribe'),
};
