import { begunHearers, whenOver } from '../begun-subscriptions.ts';
import { lookAtLater } from '../looked-at-later.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Handler } from '../session.ts';
import { toFirstArgument } from '../to-first-argument.ts';

/**
 * PUBLISH and SPUBLISH go where their channel lives as a key would; behind the subscriptions to it that were begun before,
 * so that whoever subscribes first hears it.
 */
export const publish: Handler = (session, command, frame, buffer, from, to) => {
  const { args } = frame;
  if (frame.argc < 2) {
    refuse(session, wrongArity(command));
    return;
  }
  const begun = begunHearers(session.pool, command, buffer, args[2], args[3]);
  if (begun.length === 0) toFirstArgument(session, command.id, args, buffer, from, to);
  else {
    const behind = (proceed: () => void): void => whenOver(begun, proceed);
    lookAtLater(session, buffer, from, to, behind, (_, again, bytes, start, end) =>
      toFirstArgument(session, command.id, again.args, bytes, start, end),
    );
  }
};
