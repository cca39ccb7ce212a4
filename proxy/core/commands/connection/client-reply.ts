import { wordAt } from '../../../protocol/key-positions.ts';
import { OK, SYNTAX_ERROR } from '../../../protocol/replies.ts';
import type { Answer } from '../session.ts';

/**
 * CLIENT REPLY ON|OFF|SKIP, when everything before it is answered. OFF and SKIP are not answered themselves; SKIP counts
 * for the next request too. What is pushed (messages, invalidations) comes all the same.
 */
export const clientReply: Answer = (session, frame, buffer) => {
  switch (wordAt(frame, buffer, 2)) {
    case 'on':
      session.silence(0);
      return OK;
    case 'off':
      session.silence(Number.POSITIVE_INFINITY);
      return OK;
    case 'skip':
      session.silence(Math.max(session.silentUntil, session.head + 2));
      return OK;
    default:
      return SYNTAX_ERROR;
  }
};
