import { createHmac, timingSafeEqual } from 'node:crypto';
import type { PoolConfig } from '../../../config/pool.ts';
import { encodeRequest, errorReply } from '../../../protocol/replies.ts';
import { RequestFrame } from '../../../protocol/request-frame.ts';
import { element, text } from '../answered.ts';
import { refuse } from '../refusals.ts';
import type { Session } from '../session.ts';

/** Connections of other proxies. They are nobody's clients: no list shows them, nothing ends them. */
const peers = new WeakSet<Session>();

export const isPeer = (session: Session): boolean => peers.has(session);

/**
 * What a proxy says to another one so that it is not taken for an application: derived from the password for the servers,
 * which applications do not have (where there is none, from theirs).
 */
export function peerToken({ name, redisAuth, serverPassword }: PoolConfig): string {
  return createHmac('sha256', serverPassword ?? redisAuth ?? '')
    .update(`peer of ${name}`)
    .digest('hex');
}

/** What the others are asked, in words behind CLIENT. */
export const questionOf = (frame: RequestFrame, buffer: Uint8Array): Uint8Array[] =>
  Array.from({ length: frame.argc - 1 }, (_, i) => new Uint8Array(element(frame, buffer, i + 1)));

/**
 * CLIENT PEER token subcommand …: what another proxy wants to know of this one's clients.
 * @returns the request without what makes it a peer's, or null when it was answered with an error
 */
export function peerRequest(session: Session, frame: RequestFrame, buffer: Uint8Array): Uint8Array | null {
  const token = Buffer.from(peerToken(session.pool.config));
  const said = Buffer.from(text(frame, buffer, 2));
  if (said.length !== token.length || !timingSafeEqual(said, token)) {
    refuse(
      session,
      "'client peer' is for the other proxies of the pool (peers), and this is not their word for it",
    );
    return null;
  }
  peers.add(session);
  return encodeRequest(['CLIENT', ...questionOf(frame, buffer).slice(2)]);
}

/** What CLIENT KILL addr says when it finds nobody: another proxy may. */
export const NO_SUCH_CLIENT = errorReply('No such client');
export const isNoSuchClient = (reply: Uint8Array): boolean => Buffer.compare(reply, NO_SUCH_CLIENT) === 0;

/** The reply to a request of a peer that is none. */
export const NO_QUESTION = errorReply('peers ask for LIST, KILL, UNBLOCK, PAUSE and UNPAUSE');

/** A request's own bytes, parsed. */
export function framed(request: Uint8Array): RequestFrame {
  const frame = new RequestFrame();
  frame.begin(0);
  frame.parse(request, request.length);
  return frame;
}
