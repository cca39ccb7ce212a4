import type { Entrance } from './choices.ts';
import type { Host, Lan, SharedSettings } from './stack.ts';

export const ROLES = ['edge', 'proxy', 'sentinel', 'redis', 'monitor'] as const;
export type Role = (typeof ROLES)[number];

interface MemberBase {
  /** Container name, `<stack>-<role or shard>-<domain>`; unique on the engine. */
  readonly name: string;
  readonly role: Role;
  readonly domain: string;
  /** Static IPv4 address on the back network; on several hosts the host's own, or with macvlan one of the LAN. */
  readonly address: string;
}

export interface EdgeMember extends MemberBase {
  readonly role: 'edge';
  /** Static IPv4 address on the front network: of all members the edges alone stand there too. On several hosts, `address`. */
  readonly frontAddress: string;
  /** VRRP priority for the first VIP, distinct per edge, below 255 (others: topology/vips.ts). */
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
export interface PlanBase extends SharedSettings {
  readonly domains: readonly PlanDomain[];
  readonly shards: readonly PlanShard[];
  readonly edges: readonly EdgeMember[];
  readonly proxies: readonly ProxyMember[];
  readonly sentinels: readonly SentinelMember[];
  /** Absent in a stack that does not watch itself. */
  readonly monitors?: readonly MonitorMember[];
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

/** Everything that follows from a Topology of several hosts: members use the networks of their hosts, or stand beside them on the LAN. */
export interface HostsPlan extends PlanBase {
  readonly domains: readonly HostsPlanDomain[];
  /** First port of the stack's block (topology/port-block.ts). */
  readonly ports: number;
  readonly entrance: Entrance;
  /** `network: macvlan`: members have addresses of their own there; absent: they use the network of their host. */
  readonly lan?: Lan;
}

export type AnyPlan = Plan | HostsPlan;

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
