/**
 * True when the whole of `text` fits `pattern`: Redis' glob with `*`, `?`, `[abc]`, `[^a-z]` and `\` before what is meant
 * literally (util.c, stringmatchlen). Takes at most the product of both lengths, whatever the pattern.
 */
export function globMatches(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  // of the last star: where the pattern goes on behind it, and how far it reaches
  let [afterStar, starEnd] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === '*') {
      afterStar = ++p;
      starEnd = t;
      continue;
    }
    const next = p < pattern.length ? afterOne(pattern, p, text[t]) : -1;
    if (next >= 0) {
      p = next;
      t++;
    } else if (afterStar < 0) return false;
    else {
      p = afterStar;
      t = ++starEnd;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Where the pattern goes on when `letter` fits what stands at `p`; -1 when it does not. */
function afterOne(pattern: string, p: number, letter: string): number {
  if (pattern[p] === '?') return p + 1;
  if (pattern[p] === '[') return afterClass(pattern, p + 1, letter);
  const literal = pattern[p] === '\\' && p + 1 < pattern.length ? p + 1 : p;
  return pattern[literal] === letter ? literal + 1 : -1;
}

/** The same for what stands in brackets; a missing `]` is taken for one at the end. */
function afterClass(pattern: string, start: number, letter: string): number {
  const isNegated = pattern[start] === '^';
  let p = isNegated ? start + 1 : start;
  let isIn = false;
  for (; p < pattern.length && pattern[p] !== ']'; p++) {
    if (pattern[p] === '\\' && p + 1 < pattern.length) p++;
    else if (pattern[p + 1] === '-' && p + 2 < pattern.length) {
      const [low, high] = [pattern[p], pattern[p + 2]].sort();
      isIn ||= low <= letter && letter <= high;
      p += 2;
      continue;
    }
    isIn ||= pattern[p] === letter;
  }
  return isIn === isNegated ? -1 : Math.min(p + 1, pattern.length);
}
