import { HASHES } from '../../../proxy/hash/hash-kit.ts';
import { KeyRouter } from '../../../proxy/hash/key-router.ts';
import { shardsOf } from '../../../topology/pool-shards.ts';
import type { AnyPlan, PoolSpec } from '../../../topology/types.ts';
import { InputError } from '../../errors.ts';

/** Tells the shard that owns a key in a pool, by the proxy's own rules. */
export function shardFinder(plan: AnyPlan, pool: PoolSpec): (key: string) => string {
  if (pool.distribution === 'random') {
    throw new InputError(`pool ${pool.name} distributes at random, so no key has a home to check`, {
      remedy: 'drill a stack whose widest pool uses ketama or modula',
    });
  }
  // twemproxy sorts the servers of a pool: shorter names first, then bytewise.
  const names = shardsOf(plan, pool)
    .map(({ name, weight }) => ({ name, weight }))
    .sort((a, b) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
  const servers = names.map((server, index) => ({ ...server, index }));
  const tag = pool.hashTag === undefined ? null : Buffer.from(pool.hashTag);
  const router = new KeyRouter(HASHES[pool.hash], pool.distribution, servers, tag);
  return (key) => {
    const bytes = Buffer.from(key);
    return names[router.route(bytes, 0, bytes.length)].name;
  };
}

/**
 * Generates keys that live on one shard: `<prefix>:<n>` with a counter that skips the keys of other shards.
 * With equal weights every second or third candidate fits.
 */
export function keysOn(shard: string, prefix: string, shardOf: (key: string) => string): () => string {
  let candidate = 0;
  return () => {
    for (let tries = 0; tries < 100_000; tries++) {
      const key = `${prefix}:${candidate++}`;
      if (shardOf(key) === shard) return key;
    }
    throw new InputError(
      `no key of ${shard} found in 100,000 tries: its weight gives it no place in the ring`,
    );
  };
}
