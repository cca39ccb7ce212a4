import { errorReply, NOT_EXECUTED } from '../../protocol/replies.ts';

/** An error reply: its code, which clients go by, and its text. */
const CODED = /^-(\S+) ?(.*)/s;

/**
 * The error for the client of a request that was split, some of whose parts failed: that of the first. That nothing was
 * executed is only said when it is true of every part.
 * @param errors in the order of the servers; at least one
 * @param parts how many there were
 */
export function splitError(errors: readonly Uint8Array[], parts: number): Uint8Array {
  const texts = errors.map((error) => Buffer.from(error));
  const undone = texts.filter((error) => error.includes(NOT_EXECUTED)).length;
  if (undone === 0 || undone === parts) return texts[0];
  const [, code, text] = CODED.exec(texts[0].toString('latin1')) ?? ['', 'ERR', ''];
  const rest = text.replace(`; ${NOT_EXECUTED}`, '').trimEnd();
  return errorReply(`${rest}; some keys of this request may have been dealt with`, code);
}
