const DOUBLE = 34;
const SINGLE = 39;
const BACKSLASH = 92;

/** What a letter behind a backslash stands for; any other stands for itself. */
const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, a: 7 };

/**
 * The words of an inline command, by Redis' rules: blanks separate, "…" takes \n \r \t \b \a \xHH, '…' takes \'.
 * @returns null when a quote is not closed, or something other than a blank follows a closing one
 */
export function inlineWords(line: Uint8Array): Uint8Array[] | null {
  const words: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isBlank(line[at])) at++;
    if (at === line.length) return words;
    const word: number[] = [];
    while (at < line.length && !isBlank(line[at])) {
      if (line[at] === DOUBLE || line[at] === SINGLE) at = takeQuoted(line, at, word);
      else word.push(line[at++]);
      if (at < 0) return null;
    }
    words.push(Uint8Array.from(word));
  }
}

/** Appends what the quotes at `at` hold to `word`. Returns where they end, -1 when they are wrong. */
function takeQuoted(line: Uint8Array, at: number, word: number[]): number {
  const quote = line[at++];
  for (; at < line.length; at++) {
    if (line[at] === quote) return at + 1 === line.length || isBlank(line[at + 1]) ? at + 1 : -1;
    if (line[at] !== BACKSLASH || at + 1 === line.length) word.push(line[at]);
    else if (quote === SINGLE) word.push(line[at + 1] === SINGLE ? line[++at] : BACKSLASH);
    else {
      const hex = /^x[0-9a-f]{2}/i.exec(Buffer.from(line.subarray(at + 1, at + 4)).toString('latin1'));
      const letter = String.fromCharCode(line[at + 1]);
      word.push(hex === null ? (ESCAPES[letter] ?? line[at + 1]) : Number.parseInt(hex[0].slice(1), 16));
      at += hex === null ? 1 : 3;
    }
  }
  return -1;
}

/** As C's isspace(), not JavaScript's \s, which takes a byte of UTF-8 for a blank. */
function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
