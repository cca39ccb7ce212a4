import { parseConfig } from '../../proxy/config/nutcracker-yml.ts';
import { databasesOf, servesDatabase } from '../../proxy/config/pool.ts';
import type { Contents } from './contents.ts';
import { routingOf, successorOf } from './key-moves.ts';

/** Databases that the clients of a pool could SELECT, and can no more. */
export interface DroppedDatabases {
  readonly pool: string;
  readonly databases: readonly number[];
  /** Where the pool keeps its keys. */
  readonly shards: readonly string[];
}

/** Keys of a pool in a database that it does not serve any more: they stay where they are, and nobody gets at them. */
export interface OutOfReach {
  readonly pool: string;
  readonly database: number;
  /** undefined: not every shard could be asked. */
  readonly keys: number | undefined;
}

/**
 * The databases that pools no longer serve. Where a pool begins in another one (`redis_db`) all its keys move, and `keyMoves`
 * says so.
 *
 * @param before pool file in force, or its `routingOf`
 * @param after pool file to come
 * @throws ConfigError when the proxy would not take one of them
 */
export function droppedDatabases(before: string, after: string): DroppedDatabases[] {
  const next = parseConfig(routingOf(after));
  return parseConfig(routingOf(before)).flatMap((pool) => {
    const successor = successorOf(pool, next);
    if (successor === undefined || successor.redisDb !== pool.redisDb) return [];
    const databases = databasesOf(pool).filter((database) => !servesDatabase(successor, database));
    if (databases.length === 0) return [];
    return [{ pool: pool.name, databases, shards: pool.servers.map(({ name }) => name) }];
  });
}

/** Whether the data in a volume is that of a member of this shard. */
export const isOfShard = (stack: string, shard: string, volume: string): boolean =>
  volume.startsWith(`${stack}-${shard}-`);

/**
 * What is in those databases, empty ones left out.
 * @param contents what the volumes of the shards' members hold; those that could not be looked into say nothing
 */
export function outOfReach(
  stack: string,
  dropped: readonly DroppedDatabases[],
  contents: readonly Contents[],
): OutOfReach[] {
  return dropped.flatMap(({ pool, databases, shards }) =>
    databases.flatMap((database) => {
      const counts = shards.map((shard) => keysOn(stack, shard, database, contents));
      const keys = counts.includes(undefined)
        ? undefined
        : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
      return keys === 0 ? [] : [{ pool, database, keys }];
    }),
  );
}

/** The most that a member of the shard has there; undefined when none says. */
function keysOn(
  stack: string,
  shard: string,
  database: number,
  contents: readonly Contents[],
): number | undefined {
  const counts = contents.flatMap(({ volume, keysIn }) =>
    keysIn !== undefined && isOfShard(stack, shard, volume) ? [keysIn.get(database) ?? 0] : [],
  );
  return counts.length === 0 ? undefined : Math.max(...counts);
}
