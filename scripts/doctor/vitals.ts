import type Docker from 'dockerode';
import type { RedisMember, SentinelMember } from '../../topology/types.ts';
import { parseInfo, type RedisLogin, withRedis } from '../observe/redis-call.ts';
import type { MemoryUse, Vitals } from './facts.ts';

const PATIENCE_MS = 2000;

/** Asks a redis or a sentinel how it is. @throws Error when it does not answer */
export async function readVitals(member: RedisMember | SentinelMember, login: RedisLogin): Promise<Vitals> {
  return withRedis(
    member,
    login,
    async (redis) => {
      // The first call waits for the connection; how long a second one takes is how exact its time is.
      await redis.ping();
      const before = Date.now();
      const text = await redis.info();
      const after = Date.now();
      return parseVitals(text, (before + after) / 2, (after - before) / 2);
    },
    PATIENCE_MS,
  );
}

/** @param at this machine's clock in the middle of the call, milliseconds since 1970 */
export function parseVitals(text: string, at: number, exactTo: number): Vitals {
  const info = parseInfo(text);
  const number = (key: string): number => Number(info.get(key) ?? 0);
  const good = (key: string): boolean => (info.get(key) ?? 'ok') === 'ok';
  return {
    ahead: info.has('server_time_usec') ? Math.round(number('server_time_usec') / 1000 - at) : 0,
    exactTo: Math.ceil(exactTo),
    usedMemory: number('used_memory'),
    maxMemory: number('maxmemory'),
    maxMemoryPolicy: info.get('maxmemory_policy') ?? 'noeviction',
    evictedKeys: number('evicted_keys'),
    clients: number('connected_clients'),
    maxClients: number('maxclients'),
    aofWrites: good('aof_last_write_status'),
    aofRewrites: good('aof_last_bgrewrite_status'),
    saves: good('rdb_last_bgsave_status'),
  };
}

/** Memory part of the engine's /stats: cgroup v2 says `anon`, v1 `total_rss`. */
interface Stats {
  readonly memory_stats?: {
    readonly limit?: number;
    readonly stats?: { readonly anon?: number; readonly total_rss?: number };
  };
}

/** What the processes of a container use; undefined when the engine does not tell. */
export async function readMemory(engine: Docker, container: string): Promise<MemoryUse | undefined> {
  // one-shot: without it the engine takes a second to find out about CPU.
  const query = { stream: false, 'one-shot': true } as { stream: false };
  const { memory_stats: found } = (await engine.getContainer(container).stats(query)) as unknown as Stats;
  const used = found?.stats?.anon ?? found?.stats?.total_rss;
  return used === undefined || found?.limit === undefined ? undefined : { used, limit: found.limit };
}
