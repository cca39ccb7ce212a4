/** A topology while it is being read: whatever the file got wrong is undefined, and rules skip it. */
import type { Subnet } from './ipv4.ts';
import type { Path } from './problems.ts';
import type {
  BackupSettings,
  Durability,
  EdgeSettings,
  Entrance,
  Host,
  HostMacvlan,
  MonitoringSettings,
  PoolSpec,
  ProxySettings,
  RedisSettings,
  SentinelSettings,
} from './types.ts';

export type Partially<T> = { readonly [K in keyof T]: T[K] | undefined };

export interface DomainDraft {
  readonly path: Path;
  readonly name: string | undefined;
}

/** A domain on a machine of its own; `item` is where it stands in the list. */
export interface HostDomainDraft extends DomainDraft {
  readonly item: Path;
  readonly host: Partially<Omit<Host, 'macvlan'> & HostMacvlan>;
}

/** What `network: macvlan` has beside the domains. */
export interface MacvlanDraft {
  readonly lan: Subnet | undefined;
  readonly gateway: number | undefined;
}

/** What only a stack on several hosts has. */
export interface HostsDraft {
  readonly domains: readonly HostDomainDraft[];
  readonly ports: number | undefined;
  readonly entrance: Entrance | undefined;
  /** undefined: members use the network of their host. */
  readonly macvlan: MacvlanDraft | undefined;
}

export interface ShardDraft {
  readonly path: Path;
  readonly name: string | undefined;
  readonly weight: number | undefined;
  /** undefined: the file names none, placement decides. */
  readonly domains: readonly DomainDraft[] | undefined;
}

export interface NamedShard {
  readonly path: Path;
  readonly name: string | undefined;
}

export interface PoolDraft extends Partially<Omit<PoolSpec, 'hashTag' | 'shards'>> {
  readonly path: Path;
  /** undefined: the file names none, so all of them. */
  readonly shards: readonly NamedShard[] | undefined;
  /** '' for none. */
  readonly hashTag: string | undefined;
}

/** `domains` undefined: the file names none; `network` undefined: it follows from the front one. */
export interface MonitoringDraft extends Partially<Omit<MonitoringSettings, 'domains' | 'network'>> {
  readonly domains: readonly NamedShard[] | undefined;
  readonly network: Subnet | undefined;
}

/** A virtual IP and where it stands. */
export interface VipDraft {
  readonly path: Path;
  readonly address: number | undefined;
}

export interface Draft {
  readonly name: string | undefined;
  /** One or several; empty when there is none to speak of. */
  readonly vips: readonly VipDraft[];
  readonly network: Subnet | undefined;
  readonly backNetwork: Subnet | undefined;
  /** undefined: all domains are played by one engine. */
  readonly hosts: HostsDraft | undefined;
  readonly domains: readonly DomainDraft[] | undefined;
  readonly shards: readonly ShardDraft[] | undefined;
  readonly replicas: number | undefined;
  readonly durability: Durability | undefined;
  readonly sentinel: Partially<SentinelSettings>;
  readonly redis: Partially<RedisSettings>;
  readonly edge: Partially<EdgeSettings>;
  readonly proxy: Partially<ProxySettings>;
  readonly backup: Partially<BackupSettings>;
  /** undefined: off, or refused. */
  readonly monitoring: MonitoringDraft | undefined;
  readonly pools: readonly PoolDraft[] | undefined;
}
