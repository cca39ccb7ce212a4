import type { ListeningKind } from '../../server/subscribing-connection.ts';
import { element } from '../answered.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Family, Handler } from '../session.ts';
import { Subscribe, Unsubscribe } from './change.ts';
import { pubsub } from './pubsub-command.ts';

const begin =
  (kind: ListeningKind): Handler =>
  (session, command, frame, buffer) => {
    if (frame.argc < 2) refuse(session, wrongArity(command));
    else session.runAlone(new Subscribe(session, kind, namesIn(frame, buffer)));
  };

const end =
  (kind: ListeningKind): Handler =>
  (session, _command, frame, buffer) =>
    session.runAlone(new Unsubscribe(session, kind, namesIn(frame, buffer)));

/** The names of a request as text in which each byte is a character. */
const namesIn = (frame: Parameters<Handler>[2], buffer: Uint8Array): string[] =>
  Array.from({ length: frame.argc - 1 }, (_, i) =>
    Buffer.from(element(frame, buffer, i + 1)).toString('latin1'),
  );

/** Publish and subscribe, but for PUBLISH, which goes where its channel lives as a key would. */
export const PUBSUB: Family = {
  psubscribe: begin('psubscribe'),
  pubsub,
  punsubscribe: end('psubscribe'),
  ssubscribe: begin('ssubscribe'),
  subscribe: begin('subscribe'),
  sunsubscribe: end('ssubscribe'),
  unsubscribe: end('subscribe'),
};
