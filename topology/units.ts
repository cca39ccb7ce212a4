/** Durations and sizes as operators write them. */

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SIZE_MB: Readonly<Record<string, number>> = { mb: 1, gb: 1024 };

/** `500ms`, `1s`, `1.5s`, `2m`, `1h` → milliseconds; undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(text.trim());
  if (match === null) return undefined;
  // Decimal fractions of a second are inexact in binary: 0.3 s must be 300 ms, not 299.99….
  return Math.round(Number(match[1]) * DURATION_MS[match[2]] * 1e6) / 1e6;
}

/** `64mb`, `2gb` (binary, as Redis counts them) → MB; undefined when it is not such a size. */
export function parseSizeMb(text: string): number | undefined {
  const match = /^(\d+)\s*(mb|gb)$/.exec(text.trim().toLowerCase());
  return match === null ? undefined : Number(match[1]) * SIZE_MB[match[2]];
}

/** Milliseconds as `parseDuration` reads them back: `300ms`, `1.5s`, `40.95s`, `60m`, `24h`. */
export function formatDuration(ms: number): string {
  if (ms >= 7_200_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms >= 1000 && ms % 10 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

export function formatSizeMb(mb: number): string {
  return mb % 1024 === 0 && mb > 0 ? `${mb / 1024}gb` : `${mb}mb`;
}
