import type { PoolContext } from './session.ts';

/** What operators forbid by `dangerous: refuse`: it empties a database, holds every server up for long, or stops other clients. */
const DANGEROUS: ReadonlySet<string> = new Set([
  'flushall',
  'flushdb',
  'keys',
  'swapdb',
  'client kill',
  'client pause',
]);

/** Why the pool does not do it; null = it does. */
export function forbidden({ config }: PoolContext, command: string): string | null {
  if (config.dangerous === 'allow' || !DANGEROUS.has(command)) return null;
  return `'${command}' is refused in this pool (dangerous: refuse)`;
}
