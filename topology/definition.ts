/** A stack as an object, for programs: the fields of stack.yaml, under the same names and rules (docs/stack-yaml.md). */
import { planStack } from './plan.ts';
import { formatRefusal, type Problem } from './problems.ts';
import { loadTopology } from './rules.ts';
import type {
  DangerRule,
  DistributionName,
  Durability,
  FsyncPolicy,
  HashName,
  Plan,
  ReadSource,
  TransactionScope,
  UnknownOutcomes,
} from './types.ts';

/** `500ms`, `1s`, `1.5s`, `2m`; a number counts as milliseconds, but for fields that need a unit. */
export type Duration = string | number;
/** `64mb`, `2gb`: binary, as Redis counts. */
export type Size = string;

/** One highly available, sharded Redis service on one Docker engine. */
export type StackDefinition = StackSettings & (OneVip | SeveralVips);

export interface OneVip {
  /** The one IPv4 address that applications connect to, inside `network`. */
  readonly vip: string;
  readonly vips?: undefined;
}

/** Edges share the load. */
export interface SeveralVips {
  /** At most as many as edges, each preferred on another one; applications connect to any of them. */
  readonly vips: readonly string[];
  readonly vip?: undefined;
}

export interface StackSettings {
  /** Prefix of every container, volume and network: lower-case letters, digits and single hyphens, at most 20 characters. */
  readonly name: string;
  /**
   * The front network, where applications, the virtual IP and the edges stand.
   * @default the /24 around the (first) VIP
   */
  readonly network?: string;
  /**
   * The back network, where all members stand and which leads nowhere.
   * @default as large as `network`, 128 further in its third byte
   */
  readonly back_network?: string;
  /**
   * Failure domains. Append new ones: a domain's position gives its addresses.
   * @default ['a', 'b', 'c']
   */
  readonly domains?: readonly (string | DomainDefinition)[];
  /**
   * Masters that keys are spread over: how many, or each by name. Append new ones: a shard's position gives its addresses.
   * @default 2
   */
  readonly shards?: number | readonly (string | ShardDefinition)[];
  /**
   * Replicas of every shard, each in a domain of its own.
   * @default 2
   */
  readonly replicas?: number;
  /**
   * What a promotion must prove: that no acknowledged write is missing, or nothing beyond what the sentinels see.
   * @default 'strict'
   */
  readonly durability?: Durability;
  /** The sentinels, which watch every shard. @default each field's own */
  readonly sentinel?: SentinelDefinition;
  /** Settings of every redis. @default each field's own */
  readonly redis?: RedisDefinition;
  /** The edges, which hold the virtual IPs. @default each field's own */
  readonly edge?: EdgeDefinition;
  /** How every proxy is run. @default each field's own */
  readonly proxy?: ProxyDefinition;
  /**
   * Prometheus and Alertmanager as members of the stack, with rules and, where they are told whom, messages.
   * @default 'off'
   */
  readonly monitoring?: 'on' | 'off' | boolean | MonitoringDefinition;
  /** twemproxy pools by name, fields as in nutcracker.yml. @default one pool named like the stack */
  readonly pools?: Readonly<Record<string, PoolDefinition>>;
}

/** A failure domain. */
export interface DomainDefinition {
  readonly name: string;
}

/** A shard: a master and its replicas behind one name in the ring. */
export interface ShardDefinition {
  /** With ketama, another name moves keys. @default shard-1, shard-2 … by position */
  readonly name?: string;
  /** Share of the keys. @default 1 */
  readonly weight?: number;
  /** One domain for each member, the first master's first. @default the first `replicas` + 1 domains, rotated by the shard's position */
  readonly domains?: readonly string[];
}

export interface SentinelDefinition {
  /** Odd, each in a domain of its own. @default 3 */
  readonly count?: number;
  /** How many must agree that a master is down. @default a majority of `count` */
  readonly quorum?: number;
  /** Silence after which a master counts as dead. @default '1s' */
  readonly down_after?: Duration;
  /** @default the larger of '3s' and 3 × `down_after` */
  readonly failover_timeout?: Duration;
  /** How many replicas follow a new master at once. @default 1 */
  readonly parallel_syncs?: number;
}

export interface RedisDefinition {
  /** Data of each redis; the container's limit follows from it. @default '64mb' */
  readonly maxmemory?: Size;
  /** @default 'noeviction' */
  readonly maxmemory_policy?: string;
  /** @default 'everysec' */
  readonly appendfsync?: FsyncPolicy;
  /** With fewer in touch a master refuses writes. @default 1 with two replicas or more, else 0 */
  readonly min_replicas_to_write?: number;
  /** A unit is needed. @default '2s' */
  readonly min_replicas_max_lag?: Duration;
  /** How much a replica may miss and still catch up without a full copy. @default '16mb' */
  readonly repl_backlog?: Size;
  /** How long a script may keep a redis from answering. @default '5s' */
  readonly script_time_limit?: Duration;
  /** Which events of keys are published, in Redis' letters. @default none */
  readonly notify_keyspace_events?: string;
}

export interface EdgeDefinition {
  /** Each in a domain of its own. @default 2 */
  readonly count?: number;
  /** How often the holder of the virtual IP says that it lives. @default '300ms' */
  readonly advert_interval?: Duration;
  /** VRRP's virtual router id, one for each VIP of a LAN: the first VIP's, further ones have the next. @default 51 */
  readonly vrid?: number;
  /** Client connections for each pool and edge. @default 4096 */
  readonly max_connections?: number;
  /** Of one address; 0 = no limit of its own. @default 0 */
  readonly max_connections_per_source?: number;
}

export interface ProxyDefinition {
  /** Requests that take longer are logged; 0 = none. @default 0 */
  readonly slow_log?: Duration;
}

export interface MonitoringDefinition {
  /** One monitor in each, two at most, of the first six. @default the third domain */
  readonly domains?: readonly string[];
  /** How long figures are kept, whole hours; a unit is needed. @default '360h' */
  readonly retention?: Duration;
  /** A /28 by which alerts leave. @default 64 further in the third byte of `network` */
  readonly network?: string;
  /** http(s) address that alerts are posted to. @default none */
  readonly webhook?: string;
  /** To whom alerts are written. @default nobody */
  readonly email?: string;
  /** @default as `email` */
  readonly email_from?: string;
  /** Mail server, HOST:PORT. @default none */
  readonly smtp?: string;
  /** Whom to log in as there. @default without */
  readonly smtp_user?: string;
}

export interface PoolDefinition {
  /** Port on the virtual IP. @default 6379 */
  readonly listen?: number;
  /** Shards it stands on. @default all of them */
  readonly shards?: readonly string[];
  /** @default 'fnv1a_64' */
  readonly hash?: HashName;
  /** @default 'ketama' */
  readonly distribution?: DistributionName;
  /** Only what stands between the two characters is hashed; '' for none. @default '{}' */
  readonly hash_tag?: string;
  /** That a server may take to answer. @default 2000 */
  readonly timeout?: Duration;
  /** For each server and proxy. @default 1 */
  readonly server_connections?: number;
  /** The database in which clients begin. @default 0 */
  readonly redis_db?: number;
  /** Clients may SELECT those below. @default 16, but `redis_db` alone in some cases (docs/stack-yaml.md) */
  readonly databases?: number;
  /** Replicas that must have a write before it is acknowledged. @default 1 with two replicas or more, else 0 */
  readonly wait_replicas?: number;
  /** To wait for them. @default '1s' */
  readonly wait_timeout?: Duration;
  /** Who answers requests that only read. @default 'master' */
  readonly reads?: ReadSource;
  /** That a replica may be behind while it is read from. @default '2s' */
  readonly replica_max_lag?: Duration;
  /** Whether a transaction has all its keys on one shard. @default 'strict' */
  readonly transactions?: TransactionScope;
  /** Whether FLUSHALL, FLUSHDB, SWAPDB and KEYS are served. @default 'allow' */
  readonly dangerous?: DangerRule;
  /** What a client gets in the place of the reply to a write whose outcome is unknown: words, or the end of its connection. @default 'error' */
  readonly unknown_outcomes?: UnknownOutcomes;
}

/** A definition breaks rules of stack.yaml: the message has all of them, each with its path, value, rule and remedy. */
export class StackDefinitionError extends Error {
  override readonly name = 'StackDefinitionError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const count = `${problems.length} mistake${problems.length === 1 ? '' : 's'}`;
    super(`the stack has ${count}\n${problems.map((problem) => `  ${formatRefusal(problem)}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Definition → Plan: every name, address, port and placement that follows from it.
 *
 * @throws StackDefinitionError with every mistake at once
 */
export function planOf(definition: StackDefinition): Plan {
  // JSON is YAML, so the rules of the file are the rules of the object.
  const loaded = loadTopology(JSON.stringify(definition, null, 1) ?? '', 'stack');
  if (!loaded.ok) throw new StackDefinitionError(loaded.problems);
  return planStack(loaded.topology);
}
