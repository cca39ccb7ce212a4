import type { Redis } from 'ioredis';
import { type Directive, settableOf } from '../../../sentinel/directives.ts';
import { parseInfo, parsePairs } from '../../observe/redis-call.ts';
import { takeOverUsers } from './users.ts';

/** Makes a running redis go by its files; what it goes by already is not touched. */
export async function takeOverRedis(redis: Redis, conf: string, acl: string): Promise<void> {
  const wanted = settableOf(conf);
  const ask = async (): Promise<Directive[]> =>
    differing(wanted, await redis.config('GET', ...wanted.map(({ name }) => name)));
  const changed = await ask();
  await refuseTooSmall(redis, changed, wanted);
  // All of them or none (redis 7).
  if (changed.length > 0)
    await redis.call('CONFIG', 'SET', ...changed.flatMap(({ name, value }) => [name, value]));
  const refused = changed.length > 0 ? await ask() : [];
  if (refused.length > 0) throw new Error(`it keeps its own ${refused.map(({ name }) => name).join(', ')}`);
  await takeOverUsers(redis, acl);
}

/** Without eviction a redis that holds more than it may takes no write any more. */
async function refuseTooSmall(
  redis: Redis,
  changed: readonly Directive[],
  wanted: readonly Directive[],
): Promise<void> {
  const limit = changed.find(({ name }) => name === 'maxmemory');
  const evicts = wanted.some(({ name, value }) => name === 'maxmemory-policy' && value !== 'noeviction');
  if (limit === undefined || evicts) return;
  const used = Number(parseInfo(await redis.info('memory')).get('used_memory') ?? 0);
  if (used <= Number(canonical(limit.value))) return;
  throw new Error(`it holds ${Math.ceil(used / 1024 ** 2)} MB, more than maxmemory ${limit.value}`);
}

/** Settings that a reply of CONFIG GET shows otherwise than wanted. */
export function differing(wanted: readonly Directive[], reply: unknown): Directive[] {
  const actual = parsePairs(reply);
  return wanted.filter(({ name, value }) => actual.get(name) !== canonical(value));
}

const UNITS: Readonly<Record<string, number>> = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Redis answers sizes in bytes. */
function canonical(value: string): string {
  const size = /^(\d+)(kb|mb|gb)$/.exec(value);
  return size === null ? value : String(Number(size[1]) * UNITS[size[2]]);
}
