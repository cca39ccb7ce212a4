const STEPS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const;

/** How long something is, for people: its two largest parts, `3 d 4 h`, `12 m 30 s`, `0 s`. @param ms milliseconds */
export function formatAge(ms: number): string {
  let left = Math.max(0, ms);
  const parts: string[] = [];
  for (const [step, unit] of STEPS) {
    const count = Math.floor(left / step);
    left -= count * step;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
