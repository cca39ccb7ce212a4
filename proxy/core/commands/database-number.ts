/** Redis takes a database's number as an int of C. */
export const LARGEST_INT = 2 ** 31 - 1;
const LARGEST_LONG = 2n ** 63n - 1n;

/** The integer that a word is to Redis; null when it is none, or does not fit into 64 bits. */
export function integerIn(word: string): number | null {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(word)) return null;
  const number = BigInt(word);
  return number > LARGEST_LONG || number < -LARGEST_LONG - 1n ? null : Number(number);
}
