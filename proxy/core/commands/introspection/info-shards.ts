import type { Sections, ServerFigures } from '../../routing/server-figures.ts';

/** Fields of INFO, by section, that say how a server of the pool is doing; under their own names unless a shorter one follows. */
const FIGURES: readonly (readonly [section: string, field: string, name?: string])[] = [
  ['server', 'redis_version', 'version'],
  ['server', 'uptime_in_seconds'],
  ['memory', 'used_memory'],
  ['memory', 'maxmemory'],
  ['stats', 'instantaneous_ops_per_sec', 'ops_per_sec'],
  ['stats', 'evicted_keys'],
  ['replication', 'connected_slaves', 'replicas'],
];

/**
 * One line for each server, `shard_name:keys=…,…`: clients put the fields of all sections into one table, where the same
 * name twice would take the place of the pool's own figure.
 */
export function shardLines(
  databases: readonly number[],
  live: (name: string) => boolean,
  servers: readonly ServerFigures[],
): [field: string, value: string][] {
  return servers.map(({ name, sections }) => {
    const own = sections === null ? ['silent=1'] : figures(databases, sections);
    return [`shard_${name}`, [`live=${live(name) ? 1 : 0}`, ...own].join(',')];
  });
}

function figures(databases: readonly number[], sections: Sections): string[] {
  const keyspaces = databases.map((db) => sections.get('keyspace')?.get(`db${db}`) ?? '');
  const amountOf = (name: string, keyspace: string): number =>
    Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(keyspace)?.[1] ?? 0);
  const amount = (name: string): number => keyspaces.reduce((sum, each) => sum + amountOf(name, each), 0);
  const found = FIGURES.flatMap(([section, field, name = field]) => {
    const value = sections.get(section)?.get(field);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  return [`keys=${amount('keys')}`, `expires=${amount('expires')}`, ...found];
}
