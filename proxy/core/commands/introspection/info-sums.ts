import type { ServerFigures } from '../../routing/server-figures.ts';

type Fields = [field: string, value: string][];

/** Figures of one process that say nothing about several, or are the proxy's own where INFO shows them. */
const LEFT_OUT =
  /_perc$|_ratio$|_human$|^total_system_memory$|^(total_connections_received|total_commands_processed|rejected_connections|loading|async_loading)$|^slave\d|^client_recent_/;
/** Of these the pool's is that of the server that has most: states, and durations of the last or current time. */
const LARGEST =
  /_in_progress$|_enabled$|_scheduled$|_running$|_time_sec$|_usec$|_status$|_failures$|_age$|^migrate_cached_sockets$/;
/** Of a point in time the earliest counts: since then nothing is certain everywhere. */
const EARLIEST = /_save_time$/;
const BYTES_FOR_PEOPLE = /^(used_memory(_rss|_peak|_lua|_scripts|_vm_total)?|maxmemory)$/;

/**
 * One section as it is for the pool as a whole: amounts are added, where that makes sense, and what is the same everywhere is
 * what it is. Servers that are not known are named, and counted nowhere.
 */
export function sumSection(section: string, servers: readonly ServerFigures[]): Fields {
  const known = servers.flatMap(({ sections }) => sections?.get(section) ?? []);
  const names = [...new Set(known.flatMap((fields) => [...fields.keys()]))];
  const sums: Fields = [];
  for (const name of names) {
    if (LEFT_OUT.test(name)) continue;
    const values = known.flatMap((fields) => fields.get(name) ?? []);
    const sum = section === 'keyspace' ? null : sumOf(name, values);
    if (sum === null) continue;
    sums.push([name, sum]);
    if (BYTES_FOR_PEOPLE.test(name)) sums.push([`${name}_human`, human(Number(sum))]);
  }
  if (section === 'memory') addRatios(sums);
  return sums;
}

/** The pool's value of one field; null when there is none. */
function sumOf(name: string, values: readonly string[]): string | null {
  if (name === 'maxmemory') return values.includes('0') ? '0' : added(values);
  // whoever asks wants to know whether keys may be evicted
  if (name === 'maxmemory_policy') return values.find((value) => value !== 'noeviction') ?? 'noeviction';
  if (values.every((value) => /^[a-z_]+=/.test(value))) return addedGroups(values);
  if (name.endsWith('_status')) return values.find((value) => value !== 'ok') ?? 'ok';
  if (!values.every((value) => /^-?\d+(\.\d+)?$/.test(value)))
    return values.every((value) => value === values[0]) ? values[0] : null;
  if (EARLIEST.test(name)) return String(Math.min(...values.map(Number)));
  return LARGEST.test(name) ? String(Math.max(...values.map(Number))) : added(values);
}

function added(values: readonly string[]): string {
  const sum = values.reduce((total, value) => total + Number(value), 0);
  const fraction = Math.max(...values.map((value) => value.split('.')[1]?.length ?? 0));
  return sum.toFixed(fraction);
}

/** `calls=1,usec=2,usec_per_call=2.00` of several servers. */
function addedGroups(values: readonly string[]): string {
  const sums = new Map<string, number>();
  for (const value of values) {
    for (const part of value.split(',')) {
      const [name, amount] = part.split('=');
      sums.set(name, (sums.get(name) ?? 0) + Number(amount));
    }
  }
  const calls = sums.get('calls') ?? 0;
  if (sums.has('usec_per_call')) sums.set('usec_per_call', (sums.get('usec') ?? 0) / Math.max(calls, 1));
  return [...sums]
    .map(([name, sum]) => `${name}=${name === 'usec_per_call' ? sum.toFixed(2) : sum}`)
    .join(',');
}

/** Those that dashboards show, of the sums and as Redis has them (server.c, genRedisInfoString). */
function addRatios(fields: Fields): void {
  const value = (name: string): number => Number(fields.find(([field]) => field === name)?.[1] ?? 0);
  const share = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(2)}%`;
  const used = value('used_memory');
  const net = used - value('used_memory_startup');
  if (used > 0) fields.push(['mem_fragmentation_ratio', (value('used_memory_rss') / used).toFixed(2)]);
  if (value('used_memory_peak') > 0)
    fields.push(['used_memory_peak_perc', share(used, value('used_memory_peak'))]);
  if (net > 0) fields.push(['used_memory_dataset_perc', share(value('used_memory_dataset'), net)]);
}

/** Each database of the pool that has keys: they are added, the average time to live is that of all that have one. */
export function keyspace(databases: readonly number[], servers: readonly ServerFigures[]): Fields {
  return databases.flatMap((db) => database(db, servers));
}

function database(db: number, servers: readonly ServerFigures[]): Fields {
  let [keys, expires, lives] = [0, 0, 0];
  for (const { sections } of servers) {
    const line = sections?.get('keyspace')?.get(`db${db}`);
    if (line === undefined) continue;
    const amount = (name: string): number => Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(line)?.[1] ?? 0);
    keys += amount('keys');
    expires += amount('expires');
    lives += amount('expires') * amount('avg_ttl');
  }
  if (keys === 0) return [];
  const average = expires === 0 ? 0 : Math.round(lives / expires);
  return [[`db${db}`, `keys=${keys},expires=${expires},avg_ttl=${average}`]];
}

/** Bytes as INFO writes them for people (server.c, bytesToHuman). */
function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 5);
  return `${(bytes / 1024 ** power).toFixed(2)}${'KMGTP'[power - 1]}`;
}
