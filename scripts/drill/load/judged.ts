/** Something that an application was told is done. */
export interface Acknowledged {
  readonly id: string;
  readonly key: string;
  readonly shard: string;
  /** When it was acknowledged, on the run's clock (ms). */
  readonly acknowledgedAt: number;
}

/** Those that stand there more than once, each once. */
export function repeated(elements: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const element of elements) {
    if (seen.has(element)) twice.add(element);
    seen.add(element);
  }
  return [...twice];
}

/** How often each of them stands there. */
export function counted(elements: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const element of elements) counts.set(element, (counts.get(element) ?? 0) + 1);
  return counts;
}
