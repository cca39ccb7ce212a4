/** The sections `sentinel`, `redis`, `edge` and `proxy`. */
import { MAX_DOMAINS } from './addresses.ts';
import type { Partially } from './draft.ts';
import { EDGE_KEYS, PROXY_KEYS, REDIS_KEYS, SENTINEL_KEYS } from './keys.ts';
import { checkMapping, duration, integer, oneOf, type Parser, readValue, sizeMb } from './reading.ts';
import type { StackFile } from './stack-file.ts';
import {
  type EdgeSettings,
  FSYNC_POLICIES,
  type ProxySettings,
  type RedisSettings,
  type SentinelSettings,
} from './types.ts';
import { formatDuration } from './units.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Sentinel pings once a second at most; far below that its replica eligibility windows go wrong. */
const MIN_DOWN_AFTER_MS = 100;
/**
 * Measured: under 3 s a split vote is not settled before the next try. Above, less is better: a sentinel that voted for
 * another, or gave up, tries again after twice this time (sentinel.c), and 3-5 × down_after is right.
 */
const DEFAULT_FAILOVER_TIMEOUT_MS = 3000;
const FAILOVER_TIMEOUT_FACTOR = 3;
const MIN_FAILOVER_TIMEOUT_FACTOR = 2;
/** RFC 5798 5.2.7: Max Adver Int is 12 bits of hundredths of a second. */
const MAX_ADVERT_MS = 40_950;
const ADVERT_STEP_MS = 10;

export const MAXMEMORY_POLICIES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const;

/** How many sentinels decide for the rest. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

const sentinelCount: Parser<number> = (raw) => {
  if (typeof raw === 'number' && Number.isInteger(raw) && raw >= 3 && raw % 2 === 1 && raw < MAX_DOMAINS)
    return { ok: raw };
  return {
    rule: 'is not an odd number from 3 to 7: fewer cannot outvote a dead one, and an even one adds no vote',
    remedy: 'Write 3, or 5 when two domains may be down at once.',
  };
};

/** Reads `sentinel`. */
export function readSentinel(file: StackFile): Partially<SentinelSettings> {
  const at = (key: (typeof SENTINEL_KEYS)[number]) => ['sentinel', key];
  checkMapping(file, ['sentinel'], SENTINEL_KEYS);
  const count = readValue(file, at('count'), sentinelCount, { value: 3 });
  const least = count === undefined ? undefined : majority(count);
  const downAfterMs = readValue(file, at('down_after'), duration({ min: MIN_DOWN_AFTER_MS, max: HOUR_MS }), {
    value: 1000,
    shown: '1s',
  });
  return {
    count,
    // Without a good count only the form can be checked.
    quorum: readValue(file, at('quorum'), quorumOf(count), { value: least }),
    downAfterMs,
    failoverTimeoutMs: readFailoverTimeout(file, at('failover_timeout'), downAfterMs),
    parallelSyncs: readValue(file, at('parallel_syncs'), integer(1, MAX_DOMAINS - 1), { value: 1 }),
  };
}

function quorumOf(count: number | undefined): Parser<number> {
  if (count === undefined) return integer(1, MAX_DOMAINS);
  const least = majority(count);
  return (raw) => {
    if (typeof raw === 'number' && Number.isInteger(raw) && raw >= least && raw <= count) return { ok: raw };
    return {
      rule: `is not a majority of ${count} sentinels: a whole number from ${least} to ${count}`,
      remedy: `Write ${least}, or remove the key.`,
    };
  };
}

function readFailoverTimeout(
  file: StackFile,
  path: string[],
  downAfterMs: number | undefined,
): number | undefined {
  const fallback =
    downAfterMs && Math.max(DEFAULT_FAILOVER_TIMEOUT_MS, FAILOVER_TIMEOUT_FACTOR * downAfterMs);
  const shown = 'the larger of 3s and 3 × down_after';
  const read = readValue(file, path, duration({ min: 1000, max: 24 * HOUR_MS }), { value: fallback, shown });
  const least = MIN_FAILOVER_TIMEOUT_FACTOR * (downAfterMs ?? 0);
  if (read === undefined || read >= least) return read;
  file.report({
    path,
    rule: `is less than twice down_after (${formatDuration(least)}): a failover would be given up while it runs`,
    remedy: `Write ${formatDuration(fallback ?? least)}, or remove the key.`,
  });
  return undefined;
}

/** Classes of events in the order in which Redis shows them; `A` = all of these. */
const EVENT_CLASSES = 'g$lshzxetd';

/** Events of keys that clients may listen to, as Redis itself shows the setting, so that it can be compared. */
const keyspaceEvents: Parser<string> = (raw) => {
  const letters = new Set(typeof raw === 'string' ? raw : '?');
  if (letters.delete('A')) for (const letter of EVENT_CLASSES) letters.add(letter);
  const given = (all: string): string => [...all].filter((letter) => letters.has(letter)).join('');
  const classes = given(EVENT_CLASSES);
  const [news, places, misses] = [given('n'), given('KE'), given('m')];
  const known = classes.length + news.length + places.length + misses.length;
  if (known < letters.size)
    return {
      rule: `is not made of the letters K, E, A, ${[...EVENT_CLASSES, 'm', 'n'].join(', ')}`,
      remedy: 'Write e.g. Ex for what expires, KEA for everything, or "" for nothing.',
    };
  if (letters.size > 0 && (places === '' || letters.size === places.length))
    return {
      rule: 'makes no event: it takes K (channels of keys) or E (channels of events), and which events',
      remedy: 'Write e.g. Ex for what expires, or KEA for everything.',
    };
  if (classes === EVENT_CLASSES && news !== '')
    return { rule: 'has n beside A, which Redis 7.0 does not show', remedy: 'Leave n out, or name fewer.' };
  return { ok: `${classes === EVENT_CLASSES ? 'A' : classes}${news}${places}${misses}` };
};

/** Reads `redis`; `min_replicas_to_write` defaults by the number of replicas. */
export function readRedis(file: StackFile, replicas: number | undefined): Partially<RedisSettings> {
  const at = (key: (typeof REDIS_KEYS)[number]) => ['redis', key];
  checkMapping(file, ['redis'], REDIS_KEYS);
  const lagMs = readValue(
    file,
    at('min_replicas_max_lag'),
    // Replicas report once a second, so less than 2 s would refuse writes of a healthy shard.
    duration({ min: 2000, max: HOUR_MS, step: 1000, unitNeeded: true }),
    { value: 2000, shown: '2s' },
  );
  return {
    maxmemoryMb: readValue(file, at('maxmemory'), sizeMb(16, 1024 * 1024), { value: 64, shown: '64mb' }),
    maxmemoryPolicy: readValue(file, at('maxmemory_policy'), oneOf(MAXMEMORY_POLICIES, 'eviction policy'), {
      value: 'noeviction',
    }),
    appendfsync: readValue(file, at('appendfsync'), oneOf(FSYNC_POLICIES, 'fsync policy'), {
      value: 'everysec',
    }),
    minReplicasToWrite: readMinReplicas(file, at('min_replicas_to_write'), replicas),
    minReplicasMaxLag: lagMs && lagMs / 1000,
    replBacklogMb: readValue(file, at('repl_backlog'), sizeMb(1, 64 * 1024), { value: 16, shown: '16mb' }),
    notifyKeyspaceEvents: readValue(file, at('notify_keyspace_events'), keyspaceEvents, {
      value: '',
      shown: 'none',
    }),
    scriptTimeLimitMs: readValue(file, at('script_time_limit'), duration({ min: 100, max: HOUR_MS }), {
      value: 5000,
      shown: '5s',
    }),
  };
}

function readMinReplicas(file: StackFile, path: string[], replicas: number | undefined): number | undefined {
  // With one replica the survivor of a failover would refuse writes until the dead node is back.
  const fallback = replicas && (replicas >= 2 ? 1 : 0);
  const read = readValue(file, path, integer(0, MAX_DOMAINS - 1), { value: fallback ?? 0 });
  if (read === undefined || replicas === undefined || read <= replicas) return read;
  file.report({
    path,
    rule: `is more than the ${replicas} replicas of a shard: it would never take a write`,
    remedy: `Write at most ${replicas}, or raise replicas.`,
  });
  return undefined;
}

/** Reads `edge`. */
export function readEdge(file: StackFile): Partially<EdgeSettings> {
  const at = (key: (typeof EDGE_KEYS)[number]) => ['edge', key];
  checkMapping(file, ['edge'], EDGE_KEYS);
  const advert = duration({ min: ADVERT_STEP_MS, max: MAX_ADVERT_MS, step: ADVERT_STEP_MS });
  return {
    count: readValue(file, at('count'), integer(1, MAX_DOMAINS), { value: 2 }),
    advertIntervalMs: readValue(file, at('advert_interval'), advert, { value: 300, shown: '300ms' }),
    vrid: readValue(file, at('vrid'), integer(1, 255), { value: 51 }),
    maxConnections: readValue(file, at('max_connections'), integer(16, 1_000_000), { value: 4096 }),
    maxConnectionsPerSource: readValue(file, at('max_connections_per_source'), integer(0, 1_000_000), {
      value: 0,
    }),
  };
}

/** Reads `proxy`. */
export function readProxy(file: StackFile): Partially<ProxySettings> {
  checkMapping(file, ['proxy'], PROXY_KEYS);
  const slowLog = duration({ min: 0, max: MINUTE_MS });
  return { slowLogMs: readValue(file, ['proxy', 'slow_log'], slowLog, { value: 0, shown: '0' }) };
}
