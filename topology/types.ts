/**
 * The vocabulary every other room speaks: what a validated stack.yaml says (`Topology`), and what follows
 * from it with nothing left to decide (`Plan`). Types only.
 */

/** twemproxy's hash functions, spelled as in nutcracker.yml. */
export const HASHES = [
  'one_at_a_time',
  'md5',
  'crc16',
  'crc32',
  'crc32a',
  'fnv1_64',
  'fnv1a_64',
  'fnv1_32',
  'fnv1a_32',
  'hsieh',
  'murmur',
  'jenkins',
] as const;
export type HashName = (typeof HASHES)[number];

/** twemproxy's key distributions, spelled as in nutcracker.yml. */
export const DISTRIBUTIONS = ['ketama', 'modula', 'random'] as const;
export type DistributionName = (typeof DISTRIBUTIONS)[number];

/** Who answers requests that only read. */
export const READ_SOURCES = ['master', 'replicas'] as const;
export type ReadSource = (typeof READ_SOURCES)[number];

export const TRANSACTION_SCOPES = ['strict', 'per_shard'] as const;
export type TransactionScope = (typeof TRANSACTION_SCOPES)[number];

export const UNKNOWN_OUTCOMES = ['error', 'disconnect'] as const;
export type UnknownOutcomes = (typeof UNKNOWN_OUTCOMES)[number];
export const DANGER_RULES = ['allow', 'refuse'] as const;
export type DangerRule = (typeof DANGER_RULES)[number];

/** Redis `appendfsync`: what a crash of the whole machine may cost. */
export const FSYNC_POLICIES = ['always', 'everysec', 'no'] as const;
export type FsyncPolicy = (typeof FSYNC_POLICIES)[number];

/** One failure domain. All domains may be played by one Docker engine. */
export interface Domain {
  readonly name: string;
}

/** A machine that plays a failure domain. */
export interface Host {
  /** Its engine, `ssh://user@host` or `tcp://host:port`. */
  readonly docker: string;
  /** IPv4 address on the network that the hosts share; all members of the domain listen on it. */
  readonly address: string;
  /** Folder with ca.pem, cert.pem and key.pem for a `tcp://` engine, as the stack file writes it. */
  readonly certificates?: string;
}

/** A failure domain on a machine of its own. */
export interface HostDomain extends Domain {
  readonly host: Host;
}

/** How applications get to the edges of several hosts: an address that VRRP moves, or whatever the operator has. */
export const ENTRANCES = ['vrrp', 'external'] as const;
export type Entrance = (typeof ENTRANCES)[number];

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

/** What a promotion has to prove: that nothing acknowledged is missing, or nothing beyond what a sentinel sees. */
export const DURABILITIES = ['strict', 'available'] as const;
export type Durability = (typeof DURABILITIES)[number];

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

/** What a validated stack.yaml says wherever it is deployed, with every default filled in. */
export interface TopologyBase {
  readonly name: string;
  readonly vip: string;
  readonly domains: readonly Domain[];
  readonly shards: readonly ShardSpec[];
  readonly replicas: number;
  readonly durability: Durability;
  readonly sentinel: SentinelSettings;
  readonly redis: RedisSettings;
  readonly edge: EdgeSettings;
  readonly proxy: ProxySettings;
  readonly backup: BackupSettings;
  readonly monitoring?: MonitoringSettings;
  readonly pools: readonly PoolSpec[];
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
}

export const ROLES = ['edge', 'proxy', 'sentinel', 'redis', 'monitor'] as const;
export type Role = (typeof ROLES)[number];

interface MemberBase {
  /** Container name, `<stack>-<role or shard>-<domain>`; unique on the engine. */
  readonly name: string;
  readonly role: Role;
  readonly domain: string;
  /** Static IPv4 address on the back network; on several hosts the host's own. */
  readonly address: string;
}

export interface EdgeMember extends MemberBase {
  readonly role: 'edge';
  /** Static IPv4 address on the front network: of all members the edges alone stand there too. On several hosts, `address`. */
  readonly frontAddress: string;
  /** VRRP priority, distinct per edge, below 255. */
  readonly priority: number;
  /** HTTP port with /healthz, /metrics and /stats; on the back address. */
  readonly opsPort: number;
}

export interface ProxyMember extends MemberBase {
  readonly role: 'proxy';
  readonly statsPort: number;
  /** Port of each pool, by its name, where that is not the port on the VIP: on several hosts. */
  readonly poolPorts?: Readonly<Record<string, number>>;
}

export interface SentinelMember extends MemberBase {
  readonly role: 'sentinel';
  /** Where it stood while stacks had one network, as far as that had room; its memory may still say so. */
  readonly formerAddress: string | undefined;
  readonly port: number;
  /** 40 hex digits derived from the member's name, so that a re-created sentinel never inflates the voter count. */
  readonly runId: string;
}

export interface RedisMember extends MemberBase {
  readonly role: 'redis';
  /** As a sentinel's. */
  readonly formerAddress: string | undefined;
  readonly port: number;
  /** Where its guard answers the guards of the other members. */
  readonly guardPort: number;
  readonly shard: string;
  /** Master at the very first boot only; afterwards the role is state that the sentinels know. */
  readonly initialMaster: boolean;
}

/** Prometheus, Alertmanager and an exporter for redis, in one container. */
export interface MonitorMember extends MemberBase {
  readonly role: 'monitor';
  /** Static IPv4 address on the network by which alerts leave, where there is one. */
  readonly outAddress?: string;
  /** Of Prometheus, on the back address. */
  readonly port: number;
}

export type Member = EdgeMember | ProxyMember | SentinelMember | RedisMember | MonitorMember;

export interface PlanShard {
  /** Sentinel's master name and the server's name in the ring. */
  readonly name: string;
  readonly weight: number;
  readonly members: readonly RedisMember[];
  readonly initialMaster: RedisMember;
}

export interface PlanDomain {
  readonly name: string;
  /** CDKTF stack of the containers, `<name>-<domain>`. */
  readonly stack: string;
  /** CDKTF stack of the data volumes, `<name>-<domain>-data`. */
  readonly dataStack: string;
  /** Container, never started, through which the members' files reach their seed volumes; `<name>-seed-<domain>`. */
  readonly seedContainer: string;
  readonly members: readonly Member[];
  /** The machine that plays the domain; on one engine there is none of its own. */
  readonly host?: Host;
}

export interface PlanNetwork {
  /** Docker network name: the topology's name, and `<name>-back`. */
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  /** Upper half of the subnet, for containers that ask Docker for an address. Ours live in the lower half. */
  readonly dynamicRange: string;
  /** Linux bridge device, at most 15 characters. */
  readonly bridge: string;
}

/** What follows from every topology: every name, address, port, priority and placement. */
export interface PlanBase {
  readonly name: string;
  readonly vip: string;
  readonly domains: readonly PlanDomain[];
  readonly shards: readonly PlanShard[];
  readonly pools: readonly PoolSpec[];
  readonly edges: readonly EdgeMember[];
  readonly proxies: readonly ProxyMember[];
  readonly sentinels: readonly SentinelMember[];
  /** Absent in a stack that does not watch itself. */
  readonly monitors?: readonly MonitorMember[];
  readonly monitoring?: MonitoringSettings;
  readonly durability: Durability;
  readonly sentinel: SentinelSettings;
  readonly redis: RedisSettings;
  readonly edge: EdgeSettings;
  readonly proxy: ProxySettings;
  readonly backup: BackupSettings;
  /** All members, in the order of `domains`. */
  readonly members: readonly Member[];
  /** Sentences an operator should read (one replica only, a domain without a shard …). */
  readonly warnings: readonly string[];
}

/** Everything that follows from a Topology of one engine. */
export interface Plan extends PlanBase {
  /** CDKTF stack, `<name>-network`: both networks and the images. */
  readonly networkStack: string;
  /** Applications, the VIP, the edges. */
  readonly front: PlanNetwork;
  /** All members, and nobody else: reachable from the engine's host, and leading nowhere. */
  readonly back: PlanNetwork;
  /** By which alerts leave; absent where none do. The monitors alone. */
  readonly out?: PlanNetwork;
}

export interface HostsPlanDomain extends PlanDomain {
  readonly host: Host;
}

/** Everything that follows from a Topology of several hosts: members use the networks of their hosts. */
export interface HostsPlan extends PlanBase {
  readonly domains: readonly HostsPlanDomain[];
  /** First port of the stack's block (topology/port-block.ts). */
  readonly ports: number;
  readonly entrance: Entrance;
}

export type AnyPlan = Plan | HostsPlan;

/** Accounts of a stack. `operator` is for people and twemstack itself; the others each do one job. */
export const ACCOUNTS = [
  'application',
  'operator',
  'proxy',
  'replication',
  'sentinel',
  'guard',
  'monitor',
] as const;
export type Account = (typeof ACCOUNTS)[number];

/** Clear-text password of every account: 43 characters of [A-Za-z0-9_-], generated once per stack. */
export type Credentials = Readonly<Record<Account, string>>;

/** What alerts are sent with: not generated, for others gave it. */
export const ALERT_SECRETS = ['smtp', 'webhook'] as const;
export type AlertSecrets = Readonly<Partial<Record<(typeof ALERT_SECRETS)[number], string>>>;

/** Passwords that are good besides an account's own, while it is being changed. */
export type FurtherPasswords = Readonly<Partial<Credentials>>;

/** One generated file of one member, uploaded to /etc/twemstack/<name> before the container starts. */
export interface MemberFile {
  readonly name: string;
  readonly content: string;
  /** Holds a password in clear: kept 0600 on the operator's side, never printed. */
  readonly secret: boolean;
  /**
   * The part of the content that a running daemon cannot take over: when it changes, the container is replaced. Empty =
   * a new content is brought to the container, and the daemon told of it.
   */
  readonly fixed: string;
}
