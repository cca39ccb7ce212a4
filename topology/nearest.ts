/** "Did you mean …?": the known word nearest to a mistyped one. */

/** Optimal string alignment distance: insert, delete, replace, swap of neighbours, each costing one. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}

/** Case and word separators are the commonest slips, so `downAfter` and `down-after` equal `down_after`. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[-_.\s]/g, '');
}

/** The nearest of `known`, or undefined when none is near enough to be what was meant, or nothing was said. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const asked = plain(word);
  if (asked === '') return undefined;
  const limit = Math.max(1, Math.floor(asked.length / 3));
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(asked, plain(candidate));
    if (distance <= limit && (best === undefined || distance < best.distance))
      best = { word: candidate, distance };
  }
  return best?.word;
}

/** `did you mean "x"? `, for the beginning of a remedy; empty when none of `known` is near enough. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `did you mean "${near}"? `;
}
