import type { HashName } from '../hash/hash-kit.ts';
import type { DistributionName } from '../hash/ring.ts';

/** Where to listen or connect: TCP, or a unix socket path with optional permissions (octal, 0 = leave alone). */
export type Address =
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'unix'; path: string; mode: number };

/** An address that may be a server's when Sentinel moves it. */
export interface MemberEntry {
  host: string;
  port: number;
  /** Name of the server. */
  server: string;
}

export interface ServerEntry {
  /** As given: what the stats and the ring call it (twemproxy's 11211 rule included). */
  name: string;
  address: Address;
  weight: number;
}

/** PEM texts of one end of TLS. They may be renewed while a pool serves. */
export interface Credentials {
  cert: string | null;
  key: string | null;
  /** Authorities that the other end's certificate must come from; null = the runtime's list. */
  ca: string | null;
}

/** Whether a client must present a certificate, may, or is not asked. One that is presented must be good. */
export type ClientCertificates = 'no' | 'optional' | 'yes';

/** A pool's second listener, for clients with TLS. */
export interface TlsListen {
  address: Address;
  /** The `listen_tls` value as written. */
  text: string;
  clients: ClientCertificates;
  credentials: Credentials;
}

/** How servers and sentinels are reached with TLS. */
export interface TlsConnect {
  /** The name that must be in their certificates; null = the host by which each is reached. */
  name: string | null;
  credentials: Credentials;
}

export type TransactionScope = 'strict' | 'per_shard';

/** One pool of nutcracker.yml, defaults filled in. Times in milliseconds, sizes in bytes. */
export interface PoolConfig {
  name: string;
  listen: Address;
  /** The `listen` value as written, for messages and for telling pools apart on reload. */
  listenText: string;
  /** null = no listener for TLS. */
  listenTls: TlsListen | null;
  hash: HashName;
  hashTag: Uint8Array | null;
  distribution: DistributionName;
  /** 0 = none. */
  timeout: number;
  backlog: number;
  /** 0 = no limit of its own. */
  clientConnections: number;
  redis: boolean;
  tcpKeepalive: boolean;
  reusePort: boolean;
  /** What clients must present; null = nothing. Sent to the servers too unless `serverPassword` is set. */
  redisAuth: string | null;
  /** Further passwords that clients may present, while applications go over from one to another. */
  redisAuthOthers: string[];
  /** User names accepted in AUTH with two arguments. */
  redisAuthUsers: string[];
  /** The database in which clients begin. */
  redisDb: number;
  /** Clients may SELECT the databases below this number; 0 = `redisDb` alone. */
  databases: number;
  preconnect: boolean;
  autoEjectHosts: boolean;
  serverConnections: number;
  serverRetryTimeout: number;
  serverFailureLimit: number;
  /** Sorted by name: shorter first, then bytewise. */
  servers: ServerEntry[];
  /** Sentinels to follow; a server's name is then the name of a master there. Empty = fixed addresses. */
  sentinels: Address[];
  /** The only addresses at which sentinels may place a server; empty = wherever they say. */
  members: MemberEntry[];
  sentinelUser: string | null;
  sentinelPassword: string | null;
  serverUser: string | null;
  serverPassword: string | null;
  /** null = servers are reached without TLS. */
  serverTls: TlsConnect | null;
  /** null = sentinels are reached without TLS. */
  sentinelTls: TlsConnect | null;
  /** How long a request may wait for a master during a switch; 0 = not at all. */
  failoverHold: number;
  /** How many bytes of requests may wait for one server during a switch. */
  failoverHoldBytes: number;
  /** Whether a promoted replica is used before a majority of sentinels names it. */
  earlyCutover: boolean;
  /** Whether a promotion takes the old master's replicas away first, so that a master which has them is still the one. */
  guardedPromotions: boolean;
  /** Whether requests that only read go to replicas. */
  readsFromReplicas: boolean;
  /** How far a replica that is read from may be behind its master. */
  replicaMaxLag: number;
  /** How many replicas must have a write before it is acknowledged; 0 = the master's word is enough. */
  waitReplicas: number;
  /** How long a server may wait for them. */
  waitTimeout: number;
  /** How many bytes of one client's requests and replies may lie in the proxy before it is not read from. */
  clientBytes: number;
  /** How many requests of one client may be under way. */
  clientRequests: number;
  /** Largest request that must be kept as a whole, and largest merged reply. */
  requestBytes: number;
  /** Largest request that is sent on while it comes in; Infinity = as large as its values may be. */
  largeRequestBytes: number;
  /** How long a client may hold up others. */
  clientStall: number;
  /** How long a client may take to say the password, where one is needed; 0 = for ever. */
  authTimeout: number;
  /** How many bytes of replies that are still to come a client may have asked for, by the size of its last ones; 0 = any. */
  clientReplyBytes: number;
  /** How many a server may have been asked for by all clients together, by the size of its last ones; 0 = any. */
  serverReplyBytes: number;
  /** Whether a transaction must have all its keys on one server, or is one transaction on each of its servers. */
  transactions: TransactionScope;
  /** Whether FLUSHALL, FLUSHDB and KEYS are served. */
  dangerous: 'allow' | 'refuse';
  /** Whether a client is told that the outcome of its write is unknown, or loses its connection, as when a Redis ends. */
  unknownOutcomes: 'error' | 'disconnect';
  /** How many bytes of scripts the pool keeps, for EVALSHA where the server has not got them; 0 = none. */
  scriptCache: number;
  /** How many clients may watch keys on one server. */
  watchingClients: number;
  /** How many clients may wait on one server, in BLPOP and its kin. */
  blockingClients: number;
  /** How many clients may subscribe on one server. */
  subscribingClients: number;
  /** How many clients may have a server tell them what changes (CLIENT TRACKING). */
  trackingClients: number;
  /** Where every proxy of the pool listens, this one too; empty = it is alone. */
  peers: Address[];
  /** Addresses and subnets from which a header of PROXY protocol is believed, as written; empty = from nowhere. */
  proxyProtocolNetworks: string[];
  /** How long it may take nothing of the replies that wait for it; 0 = for ever. */
  clientUnreadTimeout: number;
}

/** Whether clients of the pool may be in this database. */
export function servesDatabase({ databases, redisDb }: PoolConfig, database: number): boolean {
  return databases === 0 ? database === redisDb : database >= 0 && database < databases;
}

/** Every database that they may be in, in order. */
export function databasesOf({ databases, redisDb }: PoolConfig): readonly number[] {
  return databases === 0 ? [redisDb] : Array.from({ length: databases }, (_, database) => database);
}

/** The part of a configuration that is a matter of passwords alone. */
export function secretsOf(config: PoolConfig): Pick<PoolConfig, (typeof SECRETS)[number]> {
  return Object.fromEntries(SECRETS.map((key) => [key, config[key]])) as Pick<
    PoolConfig,
    (typeof SECRETS)[number]
  >;
}

const SECRETS = ['redisAuth', 'redisAuthOthers', 'serverPassword', 'sentinelPassword'] as const;

/** Every address that a pool listens on, as written. */
export function listenTexts({ listenText, listenTls }: PoolConfig): string[] {
  return listenTls === null ? [listenText] : [listenText, listenTls.text];
}

/** Where in the file something stands, 1-based. */
export interface Position {
  line: number;
  column: number;
}

/** A configuration that cannot be used: where, what, and the rule it breaks. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(
    readonly reason: string,
    readonly position: Position | null = null,
  ) {
    super(reason);
  }

  /** `file:line:column: reason`, as far as the position is known. */
  describe(file: string): string {
    const at = this.position ? `:${this.position.line}:${this.position.column}` : '';
    return `${file}${at}: ${this.reason}`;
  }
}
