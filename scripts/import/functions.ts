import type { Target } from '../backup/restore/target.ts';
import { parsePairs } from '../observe/redis-call.ts';
import { type SourceClient, SourceRefusal } from './source-client.ts';

/**
 * Loads the libraries of functions of a source on every shard, as the proxies do. Older ones of the same name are replaced.
 *
 * @returns what was not carried, in words
 */
export async function copyFunctions(
  client: SourceClient,
  targets: ReadonlyMap<string, Target>,
  signal: AbortSignal,
): Promise<string[]> {
  const { name } = client.at;
  const version = (await client.info('server')).get('redis_version') ?? '0';
  if (Number.parseInt(version, 10) < 7) return [];
  let libraries: unknown;
  try {
    libraries = await client.call('FUNCTION', 'LIST', 'WITHCODE');
  } catch (error) {
    if (!(error instanceof SourceRefusal)) throw error;
    return [`${name}: functions were not carried: ${error.reply}`];
  }
  const sources = (libraries as unknown[]).map((library) => parsePairs(library).get('library_code') ?? '');
  for (const target of targets.values())
    for (const source of sources) await target.send([['FUNCTION', 'LOAD', 'REPLACE', source]], signal);
  return [];
}
