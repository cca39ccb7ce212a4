import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { databasesOf, type PoolConfig, servesDatabase } from '../../../proxy/config/pool.ts';
import { type Home, homeIn } from '../../data/key-homes.ts';
import { successorOf } from '../../data/key-moves.ts';
import { InputError } from '../../errors.ts';
import type { Manifest } from '../manifest.ts';

/** Where a key of a backup belongs now. */
export interface Place {
  readonly shard: string;
  readonly database: number;
}

/** Says where a key that stood on a shard in a database goes: one place, seldom several, or none. */
export type KeyRoutes = (shard: string, database: number, key: Buffer) => readonly Place[];

interface Owner {
  readonly pool: PoolConfig;
  readonly home: Home;
  readonly next: PoolConfig;
  readonly nextHome: Home;
}

/**
 * The way of keys from one ring into another: a key goes where the pool that found it on its shard will look for it.
 *
 * What no pool found where it stood (somebody wrote it there past the proxies) stays on the shard of that name, unless it
 * would then be taken for a key that belongs there; else it goes nowhere.
 *
 * @param routing of the stack that is restored into, as `routingOf` gives it
 * @throws InputError when a pool whose keys the backup has is not there any more
 */
export function keyRoutes(manifest: Manifest, routing: string): KeyRoutes {
  const [before, now] = [parseConfig(manifest.routing), parseConfig(routing)];
  const owners = before.flatMap((pool): Owner[] => {
    const next = successorOf(pool, now);
    const full = databasesOf(pool).filter((database) => hasKeys(manifest, pool, database));
    if (next === undefined && full.length === 0) return [];
    if (next === undefined) {
      throw new InputError(
        `the backup has keys of the pool "${pool.name}", and stack.yaml has no such pool`,
        {
          where: 'pools',
          remedy: `add a pool of this name; there are ${now.map(({ name }) => name).join(', ')}`,
        },
      );
    }
    const lost = full.filter((database) => databaseIn(next, pool, database) === undefined);
    if (lost.length === 0) return [{ pool, home: homeIn(pool), next, nextHome: homeIn(next) }];
    throw new InputError(
      `the backup has keys in database ${lost.join(', ')} of the pool "${pool.name}", which stack.yaml gives it no more`,
      { where: `pools.${next.name}.databases`, remedy: `set it to ${Math.max(...lost) + 1} or more` },
    );
  });
  return (shard, database, key) => {
    const places = owners
      .filter(({ pool, home }) => servesDatabase(pool, database) && stoodAt(home(key), pool, shard))
      .flatMap(({ pool, next, nextHome }) => {
        const into = databaseIn(next, pool, database);
        return into === undefined ? [] : [{ shard: nextHome(key) ?? anyOf(next, shard), database: into }];
      });
    return places.length > 0 ? distinct(places) : astray(now, shard, database, key);
  };
}

/** The same one where clients choose theirs; else the one of the pool. */
export function databaseIn(next: PoolConfig, pool: PoolConfig, database: number): number | undefined {
  if (pool.databases > 0 && servesDatabase(next, database)) return database;
  return database === pool.redisDb ? next.redisDb : undefined;
}

const hasKeys = ({ shards }: Manifest, pool: PoolConfig, database: number): boolean =>
  shards.some(
    ({ shard, databases }) =>
      pool.servers.some(({ name }) => name === shard) && (databases[String(database)]?.keys ?? 0) > 0,
  );

/** A pool that distributes at random looks for its keys on all its shards. */
const stoodAt = (home: string | undefined, pool: PoolConfig, shard: string): boolean =>
  home === undefined ? pool.servers.some(({ name }) => name === shard) : home === shard;

const anyOf = ({ servers }: PoolConfig, shard: string): string =>
  (servers.find(({ name }) => name === shard) ?? servers[0]).name;

function astray(now: readonly PoolConfig[], shard: string, database: number, key: Buffer): Place[] {
  const there = now.some(({ servers }) => servers.some(({ name }) => name === shard));
  const isLookedFor = now.some(
    (pool) => servesDatabase(pool, database) && stoodAt(homeIn(pool)(key), pool, shard),
  );
  return there && !isLookedFor ? [{ shard, database }] : [];
}

const distinct = (places: readonly Place[]): Place[] => [
  ...new Map(places.map((place) => [`${place.database} ${place.shard}`, place])).values(),
];
