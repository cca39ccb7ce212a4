import { HASHES, type HashName } from '../hash/hash-kit.ts';
import {
  formatAddress,
  parseListen,
  parseMember,
  parsePeer,
  parseSentinel,
  parseServer,
} from './addresses.ts';
import { parseNetwork } from './networks.ts';
import type { Address, ClientCertificates, PoolConfig, ServerEntry } from './pool.ts';
import { parseBoolean, parseNumber } from './values.ts';

/** A pool while it is read: every directive optional, files not yet read. */
export type Draft = Partial<Omit<PoolConfig, 'listenTls' | 'serverTls' | 'sentinelTls'>> & {
  redisAuthUser?: string;
  redisAuthFile?: string;
  serverPasswordFile?: string;
  sentinelPasswordFile?: string;
  servers?: ServerEntry[];
  listenTls?: Address;
  listenTlsText?: string;
  tlsCertFile?: string;
  tlsKeyFile?: string;
  tlsCaCertFile?: string;
  tlsAuthClients?: ClientCertificates;
  serverTls?: boolean;
  serverTlsCertFile?: string;
  serverTlsKeyFile?: string;
  serverTlsCaCertFile?: string;
  serverTlsName?: string;
  sentinelTls?: boolean;
};

/** Sets one scalar directive on the draft, or returns the rule that the value breaks. */
type Setter = (draft: Draft, value: string) => string | null;

function number(key: keyof Draft, check: (n: number) => string | null = () => null): Setter {
  return (draft, value) => {
    const n = parseNumber(value);
    if (n === null) return 'is not a number';
    Object.assign(draft, { [key]: n });
    return check(n);
  };
}

const positive = (n: number): string | null => (n === 0 ? 'must be at least 1' : null);

function boolean(key: keyof Draft): Setter {
  return (draft, value) => {
    const b = parseBoolean(value);
    if (b === null) return 'is not "true" or "false"';
    Object.assign(draft, { [key]: b });
    return null;
  };
}

function string(key: keyof Draft): Setter {
  return (draft, value) => {
    Object.assign(draft, { [key]: value });
    return null;
  };
}

function oneOf(key: keyof Draft, names: readonly string[]): Setter {
  return (draft, value) => {
    if (!names.includes(value)) return `is not one of ${names.join(' ')}`;
    Object.assign(draft, { [key]: value });
    return null;
  };
}

function listen(draft: Draft, value: string): string | null {
  const parsed = parseListen(value);
  if ('wrong' in parsed) return `is invalid: ${parsed.wrong}`;
  draft.listen = parsed.ok;
  draft.listenText = value;
  return null;
}

function listenTls(draft: Draft, value: string): string | null {
  const parsed = parseListen(value);
  if ('wrong' in parsed) return `is invalid: ${parsed.wrong}`;
  draft.listenTls = parsed.ok;
  draft.listenTlsText = value;
  return null;
}

function hashTag(draft: Draft, value: string): string | null {
  const bytes = Buffer.from(value);
  if (bytes.length !== 2) return 'is not a valid hash tag: exactly two bytes are needed';
  draft.hashTag = bytes;
  return null;
}

/** Replicas are looked at twice a second: a bound below this would leave none. Milliseconds. */
const SHORTEST_LAG = 1000;
/** Proxies of a pool: each has a part of the numbers for clients. */
export const MOST_PEERS = 1024;
/** What is smaller than this is collected, however large it may be. */
const MIB = 1024 * 1024;
/** Each that clients use has a server connection of its own. */
const MOST_DATABASES = 256;

function reads(draft: Draft, value: string): string | null {
  if (value !== 'master' && value !== 'replicas') return 'is not "master" or "replicas"';
  draft.readsFromReplicas = value === 'replicas';
  return null;
}

/** Every scalar key of a pool. The second block is ours: additions to what the original knows. */
export const SCALARS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['listen', listen],
  ['hash', oneOf('hash', Object.keys(HASHES) as HashName[])],
  ['hash_tag', hashTag],
  ['distribution', oneOf('distribution', ['ketama', 'modula', 'random'])],
  ['timeout', number('timeout')],
  ['backlog', number('backlog')],
  ['client_connections', number('clientConnections')],
  ['redis', boolean('redis')],
  ['tcpkeepalive', boolean('tcpKeepalive')],
  ['redis_auth', string('redisAuth')],
  ['redis_db', number('redisDb')],
  ['preconnect', boolean('preconnect')],
  ['auto_eject_hosts', boolean('autoEjectHosts')],
  ['server_connections', number('serverConnections', positive)],
  ['server_retry_timeout', number('serverRetryTimeout')],
  ['server_failure_limit', number('serverFailureLimit')],

  ['reuseport', boolean('reusePort')],
  ['redis_auth_user', string('redisAuthUser')],
  ['redis_auth_file', string('redisAuthFile')],
  ['server_user', string('serverUser')],
  ['server_password', string('serverPassword')],
  ['server_password_file', string('serverPasswordFile')],
  ['sentinel_user', string('sentinelUser')],
  ['sentinel_password', string('sentinelPassword')],
  ['sentinel_password_file', string('sentinelPasswordFile')],
  ['failover_hold', number('failoverHold')],
  ['failover_hold_bytes', number('failoverHoldBytes')],
  ['reads', reads],
  [
    'replica_max_lag',
    number('replicaMaxLag', (n) => (n < SHORTEST_LAG ? `must be at least ${SHORTEST_LAG}` : null)),
  ],
  ['early_cutover', boolean('earlyCutover')],
  ['guarded_promotions', boolean('guardedPromotions')],
  ['wait_replicas', number('waitReplicas')],
  // WAIT takes 0 for "for ever"
  ['wait_timeout', number('waitTimeout', positive)],
  ['client_bytes', number('clientBytes', positive)],
  ['client_requests', number('clientRequests', positive)],
  ['request_bytes', number('requestBytes', positive)],
  ['large_request_bytes', number('largeRequestBytes', (n) => (n < MIB ? `must be at least ${MIB}` : null))],
  ['client_stall', number('clientStall', positive)],
  ['auth_timeout', number('authTimeout')],
  ['server_reply_bytes', number('serverReplyBytes')],
  ['client_reply_bytes', number('clientReplyBytes')],
  ['transactions', oneOf('transactions', ['strict', 'per_shard'])],
  [
    'databases',
    number('databases', (n) => (n < 1 || n > MOST_DATABASES ? `must be from 1 to ${MOST_DATABASES}` : null)),
  ],
  ['dangerous', oneOf('dangerous', ['allow', 'refuse'])],
  ['unknown_outcomes', oneOf('unknownOutcomes', ['error', 'disconnect'])],
  ['script_cache', number('scriptCache')],
  ['watching_clients', number('watchingClients', positive)],
  ['blocking_clients', number('blockingClients', positive)],
  ['subscribing_clients', number('subscribingClients', positive)],
  ['tracking_clients', number('trackingClients', positive)],
  ['client_unread_timeout', number('clientUnreadTimeout')],
  ['listen_tls', listenTls],
  ['tls_cert_file', string('tlsCertFile')],
  ['tls_key_file', string('tlsKeyFile')],
  ['tls_ca_cert_file', string('tlsCaCertFile')],
  ['tls_auth_clients', oneOf('tlsAuthClients', ['no', 'optional', 'yes'])],
  ['server_tls', boolean('serverTls')],
  ['server_tls_ca_cert_file', string('serverTlsCaCertFile')],
  ['server_tls_cert_file', string('serverTlsCertFile')],
  ['server_tls_key_file', string('serverTlsKeyFile')],
  ['server_tls_name', string('serverTlsName')],
  ['sentinel_tls', boolean('sentinelTls')],
]);

/** Adds one entry of a list directive, or returns the rule that it breaks. */
type Adder = (draft: Draft, value: string) => string | null;

function server(draft: Draft, value: string): string | null {
  const parsed = parseServer(value);
  if ('wrong' in parsed) return parsed.wrong;
  draft.servers = [...(draft.servers ?? []), parsed.ok];
  return null;
}

function sentinel(draft: Draft, value: string): string | null {
  const parsed = parseSentinel(value);
  if ('wrong' in parsed) return parsed.wrong;
  draft.sentinels = [...(draft.sentinels ?? ([] as Address[])), parsed.ok];
  return null;
}

function member(draft: Draft, value: string): string | null {
  const parsed = parseMember(value);
  if ('wrong' in parsed) return parsed.wrong;
  draft.members = [...(draft.members ?? []), parsed.ok];
  return null;
}

function peer(draft: Draft, value: string): string | null {
  const parsed = parsePeer(value);
  if ('wrong' in parsed) return parsed.wrong;
  const known = draft.peers ?? [];
  if (known.some((each) => formatAddress(each) === formatAddress(parsed.ok))) return 'is given twice';
  draft.peers = [...known, parsed.ok];
  return draft.peers.length > MOST_PEERS ? `is one too many: at most ${MOST_PEERS} peers` : null;
}

function proxyProtocolNetwork(draft: Draft, value: string): string | null {
  const parsed = parseNetwork(value);
  if ('wrong' in parsed) return parsed.wrong;
  draft.proxyProtocolNetworks = [...(draft.proxyProtocolNetworks ?? []), value];
  return null;
}

export const LISTS: ReadonlyMap<string, Adder> = new Map([
  ['servers', server],
  ['sentinels', sentinel],
  ['members', member],
  ['peers', peer],
  ['proxy_protocol_networks', proxyProtocolNetwork],
]);
