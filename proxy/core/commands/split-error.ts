import { errorReply, NOT_EXECUTED } from '../../protocol/replies.ts';

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
  const text = texts[0].toString('latin1').replace(`; ${NOT_EXECUTED}`, '').slice('-ERR '.length).trimEnd();
  return errorReply(`${text}; some keys of this request may have been dealt with`);
}
