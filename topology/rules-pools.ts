/** `pools`: twemproxy pools on the VIP. */

import { MAX_DOMAINS } from './addresses.ts';
import type { NamedShard, PoolDraft } from './draft.ts';
import { POOL_KEYS, REFUSED_POOL_KEYS } from './keys.ts';
import { REDIS_DATABASES } from './pool-databases.ts';
import { EDGE_OPS_PORT, PROXY_STATS_PORT, REDIS_PORT } from './ports.ts';
import { formatPath, type Path } from './problems.ts';
import { checkMapping, duration, integer, oneOf, type Parser, REQUIRED, readValue } from './reading.ts';
import { anyName, listItems } from './rules-domains.ts';
import { checkUnique, poolName } from './rules-names.ts';
import type { StackFile } from './stack-file.ts';
import {
  DANGER_RULES,
  type DangerRule,
  DISTRIBUTIONS,
  HASHES,
  READ_SOURCES,
  type ReadSource,
  TRANSACTION_SCOPES,
  type TransactionScope,
  UNKNOWN_OUTCOMES,
  type UnknownOutcomes,
} from './types.ts';

const DEFAULT_HASH_TAG = '{}';
const LAST_DB = REDIS_DATABASES - 1;
/** Bytes of a hash tag: where the hashed part of a key begins and ends. */
const HASH_TAG_BYTES = 2;

/** Ports that the containers holding a pool's port use themselves. */
const TAKEN_PORTS: ReadonlyMap<number, string> = new Map([
  [EDGE_OPS_PORT, "the edges' health and metrics port"],
  [PROXY_STATS_PORT, "the proxies' stats port"],
]);

const hashTag: Parser<string> = (raw) => {
  const bytes = Buffer.byteLength(String(raw));
  if (typeof raw === 'string' && (bytes === HASH_TAG_BYTES || bytes === 0)) return { ok: raw };
  return {
    rule: `is not exactly ${HASH_TAG_BYTES} bytes`,
    remedy: 'Write the opening and the closing character, quoted: "{}". Or "" for no hash tag.',
  };
};

const listenPort: Parser<number> = (raw) => {
  const parsed = integer(1, 65535)(raw);
  if ('ok' in parsed) {
    const owner = TAKEN_PORTS.get(parsed.ok);
    if (owner === undefined) return parsed;
    return { rule: `is ${owner}`, remedy: `Choose another, e.g. ${REDIS_PORT}.` };
  }
  const port = /:(\d+)$/.exec(String(raw))?.[1];
  if (port === undefined) return parsed;
  return { rule: 'names an address', remedy: `The address is the VIP. Write only the port: ${port}.` };
};

/** Reads all pools; without any, one named like the stack. */
export function readPools(
  file: StackFile,
  stack: string | undefined,
  replicas: number | undefined,
): PoolDraft[] | undefined {
  const path: Path = ['pools'];
  if (!file.has(path)) return [readPool(file, [...path, stack ?? ''], stack, replicas)];
  const { kind } = file.content(path);
  if (kind !== 'mapping' || file.keys(path).length === 0) {
    const remedy = `Write e.g. pools: {${stack ?? 'alpha'}: {listen: ${REDIS_PORT}}}, or remove it to take the default.`;
    file.report({
      path,
      rule: 'is not a mapping of pool names',
      remedy,
      value: kind === 'empty' ? '' : undefined,
    });
    return undefined;
  }
  const pools = file.keys(path).map((key) => readNamedPool(file, [...path, key], key, replicas));
  checkPorts(file, pools);
  return pools;
}

function readNamedPool(file: StackFile, path: Path, key: string, replicas: number | undefined): PoolDraft {
  const parsed = poolName(key);
  if (!('ok' in parsed)) file.report({ path, ...parsed, atKey: true });
  checkMapping(file, path, POOL_KEYS, REFUSED_POOL_KEYS);
  return readPool(file, path, 'ok' in parsed ? parsed.ok : undefined, replicas);
}

function readPool(
  file: StackFile,
  path: Path,
  name: string | undefined,
  replicas: number | undefined,
): PoolDraft {
  const at = (key: (typeof POOL_KEYS)[number]) => [...path, key];
  return {
    path,
    name,
    listen: readValue(file, at('listen'), listenPort, { value: REDIS_PORT }),
    shards: readPoolShards(file, at('shards')),
    hash: readValue(file, at('hash'), oneOf(HASHES, 'hash'), { value: 'fnv1a_64' }),
    distribution: readValue(file, at('distribution'), oneOf(DISTRIBUTIONS, 'distribution'), {
      value: 'ketama',
    }),
    hashTag: readHashTag(file, at('hash_tag')),
    timeoutMs: readValue(file, at('timeout'), duration({ min: 1, max: 3_600_000 }), { value: 2000 }),
    serverConnections: readValue(file, at('server_connections'), integer(1, 64), { value: 1 }),
    ...readDatabases(file, at('redis_db'), at('databases')),
    waitReplicas: readWaitReplicas(file, at('wait_replicas'), replicas),
    waitTimeoutMs: readValue(file, at('wait_timeout'), duration({ min: 1, max: 60_000 }), {
      value: 1000,
      shown: '1s',
    }),
    reads: readReads(file, at('reads'), replicas),
    // The proxies look at replicas twice a second: a bound below 1 s would leave none.
    replicaMaxLagMs: readValue(file, at('replica_max_lag'), duration({ min: 1000, max: 3_600_000 }), {
      value: 2000,
      shown: '2s',
    }),
    transactions: readValue<TransactionScope>(
      file,
      at('transactions'),
      oneOf(TRANSACTION_SCOPES, 'scope of transactions'),
      { value: 'strict' },
    ),
    dangerous: readValue<DangerRule>(
      file,
      at('dangerous'),
      oneOf(DANGER_RULES, 'rule for dangerous commands'),
      {
        value: 'allow',
      },
    ),
    unknownOutcomes: readValue<UnknownOutcomes>(
      file,
      at('unknown_outcomes'),
      oneOf(UNKNOWN_OUTCOMES, 'answer to a write of unknown outcome'),
      { value: 'error' },
    ),
  };
}

/** How many a pool has by default depends on others (pool-databases.ts). */
function readDatabases(
  file: StackFile,
  redisDb: Path,
  databases: Path,
): Pick<PoolDraft, 'redisDb' | 'databases'> {
  const first = readValue(file, redisDb, integer(0, LAST_DB), { value: 0 });
  const count = readValue(file, databases, integer(1, REDIS_DATABASES), { value: 0, shown: 'see below' });
  if (first !== undefined && count !== undefined && count > 0 && first >= count) {
    file.report({
      path: databases,
      near: [redisDb],
      rule: `are the databases 0 to ${count - 1}, and clients begin in ${first} (redis_db)`,
      remedy: `Write at least ${first + 1}, or remove the key: ${first} alone is served then.`,
    });
    return { redisDb: first, databases: undefined };
  }
  return { redisDb: first, databases: count };
}

/** Only the names' form; whether they exist is a rule across (rules-cross.ts). */
function readPoolShards(file: StackFile, path: Path): NamedShard[] | undefined {
  if (!file.has(path)) return undefined;
  const items = listItems(file, path, 'shards: [shard-2], or remove the key: the pool stands on all of them');
  const named = items?.map((item) => ({ path: item, name: readValue(file, item, anyName, REQUIRED) }));
  if (named !== undefined) checkUnique(file, named, 'is listed already');
  return named;
}

function readReads(file: StackFile, path: Path, replicas: number | undefined): ReadSource | undefined {
  const read = readValue<ReadSource>(file, path, oneOf(READ_SOURCES, 'source of reads'), { value: 'master' });
  if (read !== 'replicas' || replicas !== 0) return read;
  file.report({
    path,
    rule: 'needs replicas, and `replicas` is 0',
    remedy: 'Raise replicas, or remove the key: the master answers.',
  });
  return undefined;
}

function readWaitReplicas(file: StackFile, path: Path, replicas: number | undefined): number | undefined {
  // With one replica no write would be acknowledged while it is away.
  const read = readValue(file, path, integer(0, MAX_DOMAINS - 1), { value: (replicas ?? 0) >= 2 ? 1 : 0 });
  if (read === undefined || replicas === undefined || read <= replicas) return read;
  file.report({
    path,
    rule: `is more than the ${replicas} replicas of a shard: no write would be acknowledged`,
    remedy: `Write at most ${replicas}, or raise replicas.`,
  });
  return undefined;
}

function readHashTag(file: StackFile, path: Path): string | undefined {
  const { kind } = file.content(path);
  if (kind !== 'mapping' && kind !== 'list')
    return readValue(file, path, hashTag, { value: DEFAULT_HASH_TAG, shown: '"{}"' });
  // Unquoted braces are an empty YAML mapping, brackets an empty list.
  const meant = kind === 'mapping' ? '"{}"' : '"[]"';
  file.report({
    path,
    rule: 'is not quoted, so YAML reads it as an empty collection',
    remedy: `Write ${meant}.`,
  });
  return undefined;
}

function checkPorts(file: StackFile, pools: readonly PoolDraft[]): void {
  const owners = new Map<number, PoolDraft>();
  for (const pool of pools) {
    if (pool.listen === undefined) continue;
    const owner = owners.get(pool.listen);
    if (owner === undefined) owners.set(pool.listen, pool);
    else
      file.report({
        path: [...pool.path, 'listen'],
        value: String(pool.listen),
        rule: `is the port of pool ${owner.name ?? formatPath(owner.path.slice(-1))} already`,
        remedy: 'Give every pool a port of its own.',
      });
  }
}
