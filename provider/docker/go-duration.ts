/** Durations as Docker's configuration writes them: "500ms", "1m30s", "2h". */

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Reads a duration. @returns nanoseconds, or undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') {
    return 0;
  }
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    return undefined;
  }
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * UNIT_NS[unit];
  }
  return Math.round(total);
}

/** Writes nanoseconds the way Go does: "1m0s", "1.5s", "20ms", "0s". */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) {
    return '0s';
  }
  if (nanoseconds < 1e9) {
    const unit = nanoseconds >= 1e6 ? 'ms' : nanoseconds >= 1e3 ? 'µs' : 'ns';
    return `${nanoseconds / UNIT_NS[unit]}${unit}`;
  }
  const hours = Math.floor(nanoseconds / UNIT_NS.h);
  const minutes = Math.floor((nanoseconds % UNIT_NS.h) / UNIT_NS.m);
  const seconds = (nanoseconds % UNIT_NS.m) / UNIT_NS.s;
  const withMinutes = hours > 0 || minutes > 0;
  return `${hours > 0 ? `${hours}h` : ''}${withMinutes ? `${minutes}m` : ''}${seconds}s`;
}

/** For schema checks: what is wrong with a duration, if anything. */
export function checkDuration(value: unknown): string | undefined {
  return parseDuration(String(value)) === undefined
    ? 'must be a duration such as 500ms, 10s or 1m30s'
    : undefined;
}
