import { lookup } from 'node:dns/promises';
import { compareNames } from './addresses.ts';
import { type Draft, LISTS, SCALARS } from './directives.ts';
import { readNamedFile } from './files.ts';
import { membersOf } from './members.ts';
import { type Address, ConfigError, listenTexts, type PoolConfig } from './pool.ts';
import { tlsOf } from './tls.ts';
import { type Directive, type RawPool, readShape } from './yaml-shape.ts';

/**
 * Reads and checks nutcracker.yml. Relative secret files are relative to the working directory, like all paths of
 * the command line.
 * @param file path of the configuration
 * @returns the pools, sorted by name as the original does
 * @throws ConfigError naming place, value and rule; the first error only, in the original's order of checks
 */
export async function loadConfig(file: string): Promise<PoolConfig[]> {
  let text: string;
  try {
    text = readNamedFile(file);
  } catch (error) {
    throw new ConfigError(`cannot be read: ${(error as Error).message}`);
  }
  const pools = parseConfig(text);
  for (const pool of pools) await resolveListen(pool);
  return pools;
}

/** The part of `loadConfig` that needs no file system but secret files: text in, pools out. */
export function parseConfig(text: string): PoolConfig[] {
  const raw = readShape(text.replace(/^\uFEFF/, ''));
  const drafts = raw.map((pool) => ({ pool, draft: readDirectives(pool) }));
  const pools = drafts.map(({ pool, draft }) => finish(pool, draft));
  refuseTwins(raw, pools);
  return pools.sort((a, b) => compareNames(a.name, b.name));
}

function readDirectives(pool: RawPool): Draft {
  const draft: Draft = {};
  const seen = new Set<string>();
  for (const directive of pool.directives) {
    const { key } = directive;
    if (!SCALARS.has(key.value) && !LISTS.has(key.value)) {
      throw new ConfigError(`directive "${key.value}" is unknown`, key.position);
    }
    if (seen.has(key.value)) throw new ConfigError(`directive "${key.value}" is given twice`, key.position);
    seen.add(key.value);
    readDirective(draft, directive);
  }
  return draft;
}

function readDirective(draft: Draft, { key, value }: Directive): void {
  const add = LISTS.get(key.value);
  if (add) {
    if (!Array.isArray(value)) throw new ConfigError(`"${key.value}" must be a list`, value.position);
    for (const entry of value) {
      const wrong = add(draft, entry.value);
      if (wrong) throw new ConfigError(`${key.value}: "${entry.value}": ${wrong}`, entry.position);
    }
    return;
  }
  if (Array.isArray(value)) throw new ConfigError(`"${key.value}" cannot be a list`, key.position);
  const wrong = SCALARS.get(key.value)?.(draft, value.value);
  if (wrong)
    throw new ConfigError(
      `directive "${key.value}": "${shown(key.value, value.value)}" ${wrong}`,
      value.position,
    );
}

/** Secrets do not go into messages. */
function shown(key: string, value: string): string {
  return /auth$|password$/.test(key) ? '…' : value;
}

/** The original's checks of a whole pool, then ours, then the defaults. */
function finish({ name, directives }: RawPool, draft: Draft): PoolConfig {
  const fail = (reason: string, key?: string): never => {
    const place = directives.find((directive) => directive.key.value === key)?.key ?? name;
    throw new ConfigError(`pool "${name.value}": ${reason}`, place.position);
  };
  const listen = draft.listen ?? fail('"listen" is missing');
  const servers = draft.servers ?? fail('"servers" is missing');
  if (draft.redisAuth && !draft.redis) fail('"redis_auth" is only valid for a redis pool', 'redis_auth');
  servers.sort((a, b) => compareNames(a.name, b.name));
  const twin = servers.find((server, index) => servers[index + 1]?.name === server.name);
  if (twin) fail(`two servers have the name "${twin.name}"`, 'servers');
  if (!draft.redis) {
    fail(
      'memcached pools are not served yet; a Redis pool says "redis: true"',
      draft.redis === false ? 'redis' : undefined,
    );
  }
  const clientPasswords = secret(draft.redisAuth, draft.redisAuthFile, 'redis_auth', fail);
  // Only a file can hold more than one; a password in the pool file is taken as it stands.
  const [redisAuth = null, ...redisAuthOthers] = draft.redisAuthFile
    ? (clientPasswords ?? '').split('\n')
    : [clientPasswords];
  const serverPassword = secret(draft.serverPassword, draft.serverPasswordFile, 'server_password', fail);
  const sentinelPassword = secret(
    draft.sentinelPassword,
    draft.sentinelPasswordFile,
    'sentinel_password',
    fail,
  );
  if (draft.serverUser && serverPassword === null)
    fail('"server_user" needs "server_password_file"', 'server_user');
  if (draft.sentinelUser && sentinelPassword === null) {
    fail('"sentinel_user" needs "sentinel_password_file"', 'sentinel_user');
  }
  if (draft.databases !== undefined && (draft.redisDb ?? 0) >= draft.databases)
    fail(
      `"databases" ${draft.databases} are those up to ${draft.databases - 1}, and "redis_db" is ${draft.redisDb}`,
      'databases',
    );
  if (draft.waitTimeout && !draft.waitReplicas) fail('"wait_timeout" needs "wait_replicas"', 'wait_timeout');
  if (draft.replicaMaxLag && !draft.readsFromReplicas)
    fail('"replica_max_lag" needs "reads: replicas"', 'replica_max_lag');
  if (draft.readsFromReplicas && servers.some(({ address }) => address.kind === 'unix'))
    fail('"reads: replicas" needs servers with host and port', 'reads');
  if (draft.peers && listen.kind === 'unix') fail('"peers" needs "listen" with host and port', 'peers');
  if (draft.proxyProtocolNetworks && listen.kind === 'unix')
    fail('"proxy_protocol_networks" needs "listen" with host and port', 'proxy_protocol_networks');
  return {
    name: name.value,
    listen,
    listenText: draft.listenText ?? '',
    hash: draft.hash ?? 'fnv1a_64',
    hashTag: draft.hashTag ?? null,
    distribution: draft.distribution ?? 'ketama',
    timeout: draft.timeout ?? 0,
    backlog: draft.backlog ?? 512,
    clientConnections: draft.clientConnections ?? 0,
    redis: true,
    tcpKeepalive: draft.tcpKeepalive ?? false,
    reusePort: draft.reusePort ?? false,
    redisAuth,
    redisAuthOthers: redisAuthOthers.filter((line): line is string => Boolean(line)),
    redisAuthUsers: draft.redisAuthUser ? [draft.redisAuthUser] : ['application', 'default'],
    redisDb: draft.redisDb ?? 0,
    databases: draft.databases ?? 0,
    preconnect: draft.preconnect ?? false,
    autoEjectHosts: draft.autoEjectHosts ?? false,
    serverConnections: draft.serverConnections ?? 1,
    serverRetryTimeout: draft.serverRetryTimeout ?? 30_000,
    serverFailureLimit: draft.serverFailureLimit ?? 2,
    servers,
    sentinels: draft.sentinels ?? [],
    members: membersOf(draft, servers, fail),
    sentinelUser: draft.sentinelUser ?? null,
    sentinelPassword,
    serverUser: draft.serverUser ?? null,
    serverPassword,
    ...tlsOf(draft, fail),
    failoverHold: draft.failoverHold ?? (draft.sentinels ? 3000 : 0),
    failoverHoldBytes: draft.failoverHoldBytes ?? 64 * 1024 * 1024,
    readsFromReplicas: draft.readsFromReplicas ?? false,
    replicaMaxLag: draft.replicaMaxLag ?? 2000,
    earlyCutover: draft.earlyCutover ?? (draft.waitReplicas ?? 0) > 0,
    guardedPromotions: (draft.guardedPromotions ?? false) && (draft.waitReplicas ?? 0) > 0,
    waitReplicas: draft.waitReplicas ?? 0,
    waitTimeout: draft.waitTimeout ?? 1000,
    clientBytes: draft.clientBytes ?? 16 * 1024 * 1024,
    clientRequests: draft.clientRequests ?? 64 * 1024,
    requestBytes: draft.requestBytes ?? 128 * 1024 * 1024,
    largeRequestBytes: draft.largeRequestBytes ?? Number.POSITIVE_INFINITY,
    clientStall: draft.clientStall ?? 5000,
    authTimeout: draft.authTimeout ?? 0,
    serverReplyBytes: draft.serverReplyBytes ?? 16 * 1024 * 1024,
    clientReplyBytes: draft.clientReplyBytes ?? 4 * 1024 * 1024,
    transactions: draft.transactions ?? 'strict',
    dangerous: draft.dangerous ?? 'allow',
    unknownOutcomes: draft.unknownOutcomes ?? 'error',
    scriptCache: draft.scriptCache ?? 16 * 1024 * 1024,
    watchingClients: draft.watchingClients ?? 100,
    blockingClients: draft.blockingClients ?? 1000,
    subscribingClients: draft.subscribingClients ?? 1024,
    trackingClients: draft.trackingClients ?? 1000,
    peers: draft.peers ?? [],
    proxyProtocolNetworks: draft.proxyProtocolNetworks ?? [],
    clientUnreadTimeout: draft.clientUnreadTimeout ?? 60_000,
  };
}

function secret(
  value: string | null | undefined,
  file: string | undefined,
  key: string,
  fail: (reason: string, key?: string) => never,
): string | null {
  if (file === undefined) return value ?? null;
  if (value) return fail(`"${key}" and "${key}_file" exclude each other`, `${key}_file`);
  let text = '';
  try {
    text = readNamedFile(file).trimEnd();
  } catch (error) {
    return fail(`"${key}_file" cannot be read: ${(error as Error).message}`, `${key}_file`);
  }
  return text === '' ? fail(`"${key}_file": "${file}" is empty`, `${key}_file`) : text;
}

/** Two pools on one `listen` text, then two pools of one name; the latter can never listen apart. */
function refuseTwins(raw: RawPool[], pools: PoolConfig[]): void {
  const taken = new Map<string, string>();
  pools.forEach((pool, index) => {
    for (const text of listenTexts(pool)) {
      const twin = taken.get(text);
      taken.set(text, pool.name);
      if (twin === undefined) continue;
      throw new ConfigError(
        `pools "${twin}" and "${pool.name}" have the same listen address "${text}"`,
        raw[index].name.position,
      );
    }
  });
  raw.forEach(({ name }, index) => {
    if (raw.findIndex((other) => other.name.value === name.value) !== index) {
      throw new ConfigError(`pool "${name.value}" is given twice`, name.position);
    }
  });
}

async function resolveListen(pool: PoolConfig): Promise<void> {
  pool.listen = await resolved(pool, 'listen', pool.listen);
  if (pool.listenTls) pool.listenTls.address = await resolved(pool, 'listen_tls', pool.listenTls.address);
}

async function resolved(pool: PoolConfig, key: string, address: Address): Promise<Address> {
  if (address.kind === 'unix') return address;
  try {
    return { ...address, host: (await lookup(address.host)).address };
  } catch {
    throw new ConfigError(`pool "${pool.name}": ${key}: host "${address.host}" cannot be resolved`);
  }
}
