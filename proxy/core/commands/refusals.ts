import type { Command } from '../../protocol/command-table.ts';
import { errorReply, quoted, REFUSED } from '../../protocol/replies.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import type { PoolContext, Session } from './session.ts';

const ALL_EJECTED = errorReply(REFUSED);

/** Answers the request at hand with an error; the connection goes on. */
export function refuse(session: Session, text: string): void {
  session.reply(session.tail++, errorReply(text), 0);
}

/** There is no server to send the request at hand to. */
export function refuseAllEjected(session: Session): void {
  session.fail(session.tail++, ALL_EJECTED);
}

export function wrongArity(command: Command): string {
  return `wrong number of arguments for '${command.name}' command`;
}

export function keyTooLong({ keyLimit }: PoolContext, length: number): string {
  return `key of ${length} bytes is too long, at most ${keyLimit} (see -m)`;
}

/** Two keys of one command that must live together live on different servers. */
export function apart({ config }: PoolContext, command: Command, one: string, other: string): string {
  const tag = config.hashTag;
  const advice = tag
    ? `give them a common hash tag, such as ${String.fromCharCode(tag[0])}tag${String.fromCharCode(tag[1])}`
    : 'configure hash_tag for the pool and give them a common tag';
  return `keys ${one} and ${other} of '${command.name}' live on different servers; ${advice}`;
}

/** In Redis' own words, so that clients recognise it. */
export function unknownCommand(buffer: Uint8Array, frame: RequestFrame): string {
  const shown = [];
  for (let i = 1; i < Math.min(frame.argc, 5); i++) shown.push(`${quotedArg(frame, buffer, i)} `);
  return `unknown command ${quotedArg(frame, buffer, 0)}, with args beginning with: ${shown.join('')}`;
}

/** Element `i` for an error message. */
export function quotedArg(frame: RequestFrame, buffer: Uint8Array, i: number): string {
  return quoted(buffer, frame.args[2 * i], frame.args[2 * i + 1]);
}
