/* What a server sends to those who listen: `message channel payload`, or `pmessage pattern channel payload`. */

/** Channels of Redis' and Sentinel's own begin so. */
export const INTERNAL_CHANNELS = '__sentinel__:';

const INTERNAL = Buffer.from(INTERNAL_CHANNELS);
/** Elements of a message that came by a pattern. */
const FOUR = 52;
const LF = 10;

/** The channel or pattern that a message came by: its second element. */
export function sourceOf(message: Uint8Array, from: number): string {
  const [begin, end] = wordOf(message, from, 1);
  return Buffer.from(message.subarray(begin, end)).toString('latin1');
}

/**
 * Whether a message that came by a pattern is one of those that servers and sentinels exchange. Redis 7.0 compares patterns
 * with an account's rights to the letter, so `*` hears everything; channels by their name are refused there.
 */
export function isInternal(message: Uint8Array, from: number): boolean {
  if (message[from + 1] !== FOUR) return false;
  const [begin] = wordOf(message, from, 2);
  return INTERNAL.every((byte, i) => message[begin + i] === byte);
}

/** Where word `n` of a message begins and ends; all of them are bulk strings. */
function wordOf(message: Uint8Array, from: number, n: number): [begin: number, end: number] {
  let at = message.indexOf(LF, from) + 1;
  for (let word = 0; ; word++) {
    const begin = message.indexOf(LF, at) + 1;
    const end = begin + Number(Buffer.from(message.subarray(at + 1, begin - 2)).toString('latin1'));
    if (word === n) return [begin, end];
    at = end + 2;
  }
}
