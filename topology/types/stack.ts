import type {
  DangerRule,
  DistributionName,
  Durability,
  Entrance,
  FsyncPolicy,
  HashName,
  ReadSource,
  TransactionScope,
  UnknownOutcomes,
} from './choices.ts';

/** One failure domain. All domains may be played by one Docker engine. */
export interface Domain {
  readonly name: string;
}

/** A machine that plays a failure domain. */
export interface Host {
  /** Its engine, `ssh://user@host` or `tcp://host:port`. */
  readonly docker: string;
  /** IPv4 address on the network that the hosts share; all members of the domain listen on it, unless they have their own. */
  readonly address: string;
  /** Folder with ca.pem, cert.pem and key.pem for a `tcp://` engine, as the stack file writes it. */
  readonly certificates?: string;
  /** Where members have addresses of their own. */
  readonly macvlan?: HostMacvlan;
}

/** How the members of a host stand on the LAN by themselves. */
export interface HostMacvlan {
  /** The host's device on the LAN. */
  readonly parent: string;
  /** CIDR of the addresses of its members. */
  readonly range: string;
}

/** The LAN on which members of several hosts have addresses of their own. */
export interface Lan {
  /** CIDR. */
  readonly subnet: string;
  readonly gateway: string;
}

/** A failure domain on a machine of its own. */
export interface HostDomain extends Domain {
  readonly host: Host;
}

/** One shard as the file gives it: a master and its replicas behind one name in the ring. */
export interface ShardSpec {
  readonly name: string;
  /** Weight in the ring, >= 1. */
  readonly weight: number;
  /** Domains that hold its members, the first one starting as master; length = replicas + 1. */
  readonly domains: readonly string[];
}

export interface SentinelSettings {
  /** How many sentinels, odd, >= 3. They watch every shard. */
  readonly count: number;
  /** How many must agree that a master is down; a majority unless the file says otherwise. */
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
}

export interface RedisSettings {
  /** `maxmemory` in MB. */
  readonly maxmemoryMb: number;
  readonly maxmemoryPolicy: string;
  readonly appendfsync: FsyncPolicy;
  /** Derived from the number of replicas unless the file says otherwise: 1 with two or more, else 0. */
  readonly minReplicasToWrite: number;
  /** Seconds. */
  readonly minReplicasMaxLag: number;
  readonly replBacklogMb: number;
  /** Milliseconds after which a script keeps others from being served no longer in silence: they are told BUSY. */
  readonly scriptTimeLimitMs: number;
  /** Which events of keys are published, as Redis shows the setting; empty = none. */
  readonly notifyKeyspaceEvents: string;
}

export interface EdgeSettings {
  /** How many edges (keepalived + HAProxy); one holds the VIP. */
  readonly count: number;
  /** VRRP advertisement interval; VRRPv3 takes hundredths of a second. */
  readonly advertIntervalMs: number;
  /** VRRP virtual router id, 1-255, unique on the LAN. */
  readonly vrid: number;
  /** Of clients, for each pool. */
  readonly maxConnections: number;
  /** Of one address, for each pool; 0 = no limit of its own. */
  readonly maxConnectionsPerSource: number;
}

export interface ProxySettings {
  /** Requests slower than this many milliseconds are logged; 0 = none. */
  readonly slowLogMs: number;
}

/** Where `twemstack backup` puts backups, and how often `backup --schedule` takes one. */
export interface BackupSettings {
  /** Milliseconds from one to the next; 0 = nobody says how often. */
  readonly everyMs: number;
  /** How many are kept; 0 = all of them. */
  readonly keep: number;
  /** A folder, or `s3://bucket/prefix`; empty = `.twemstack/backups`. */
  readonly to: string;
  readonly encrypt: boolean;
  /** MB a second that are read of a shard while it is backed up; 0 = as fast as it comes. */
  readonly rateMb: number;
}

/** Prometheus and Alertmanager among the members; absent = the stack has none. */
export interface MonitoringSettings {
  /** Domains with a monitor each, one or two; both watch everything. */
  readonly domains: readonly string[];
  /** Milliseconds that figures are kept. */
  readonly retentionMs: number;
  /** CIDR of the network by which alerts leave; empty = they are sent nowhere, and there is none. */
  readonly network: string;
  /** Where alerts are posted to; empty = nowhere. */
  readonly webhook: string;
  /** To whom they are written; empty = to nobody. */
  readonly email: string;
  readonly emailFrom: string;
  /** `host:port` of the mail server. */
  readonly smtp: string;
  /** Whom to log in as there; empty = without. The password is no setting (`twemstack secret set smtp`). */
  readonly smtpUser: string;
}

export interface PoolSpec {
  readonly name: string;
  /** Port of the pool on the VIP, and of the proxies. */
  readonly listen: number;
  /** Shards that it stands on, in the order of the file's shards; all of them unless the file names some. */
  readonly shards: readonly string[];
  readonly hash: HashName;
  readonly distribution: DistributionName;
  readonly hashTag?: string;
  /** Milliseconds a server may take to answer. */
  readonly timeoutMs: number;
  readonly serverConnections: number;
  /** Redis database in which clients of this pool begin. */
  readonly redisDb: number;
  /** They may SELECT those below this number; 0 = that one alone. */
  readonly databases: number;
  /** Replicas that must have a write before it is acknowledged; 0 = the master's word is enough. */
  readonly waitReplicas: number;
  /** Milliseconds to wait for them. */
  readonly waitTimeoutMs: number;
  readonly reads: ReadSource;
  /** Milliseconds that a replica which is read from may be behind its master. */
  readonly replicaMaxLagMs: number;
  /** Whether a transaction has all its keys on one shard, or is a transaction on each of its shards. */
  readonly transactions: TransactionScope;
  /** Whether FLUSHALL, FLUSHDB and KEYS are served. */
  readonly dangerous: DangerRule;
  /** What a client gets instead of the reply to a write whose outcome is unknown. */
  readonly unknownOutcomes: UnknownOutcomes;
}

/** What a stack.yaml says that needs no more to be decided: a plan has it as it is. */
export interface SharedSettings {
  readonly name: string;
  /** Where applications connect; the first, where there are several. */
  readonly vip: string;
  /** All of them, each preferred on another edge (topology/vips.ts); absent with one. */
  readonly vips?: readonly string[];
  readonly durability: Durability;
  readonly sentinel: SentinelSettings;
  readonly redis: RedisSettings;
  readonly edge: EdgeSettings;
  readonly proxy: ProxySettings;
  readonly backup: BackupSettings;
  readonly monitoring?: MonitoringSettings;
  readonly pools: readonly PoolSpec[];
}

/** What a validated stack.yaml says wherever it is deployed, with every default filled in. */
export interface TopologyBase extends SharedSettings {
  readonly domains: readonly Domain[];
  readonly shards: readonly ShardSpec[];
  readonly replicas: number;
}

/** A stack whose domains are all played by one engine. */
export interface Topology extends TopologyBase {
  /** CIDR of the front network, where applications, the VIP and the edges are, e.g. `198.18.0.0/24`. */
  readonly network: string;
  /** CIDR of the back network, where all members are. */
  readonly backNetwork: string;
}

/** A stack with a machine for each domain. */
export interface HostsTopology extends TopologyBase {
  readonly domains: readonly HostDomain[];
  /** First port of the block that the members listen on. */
  readonly ports: number;
  readonly entrance: Entrance;
  /** `network: macvlan`; absent: members use the network of their host. */
  readonly lan?: Lan;
}
