import { edgeMemoryMb } from './edge-limits.ts';
import { isOnHosts } from './plan.ts';
import { redisMemory } from './redis-memory.ts';
import type { AnyPlan, Member, ProxyMember } from './types.ts';

/** The images; `redis` serves redis-server and redis-sentinel, `monitor` is of stacks that watch themselves. */
export const IMAGE_KINDS = ['redis', 'proxy', 'edge', 'monitor'] as const;
export type ImageKind = (typeof IMAGE_KINDS)[number];

/** How a member's container is run: everything about it that is not an address or a file. */
export interface ContainerOptions {
  readonly image: ImageKind;
  /** Arguments of the image's entrypoint. */
  readonly command: readonly string[];
  /** Numeric user; undefined = root without capabilities beyond `capabilities`. */
  readonly user?: string;
  /** With the prefix CAP_, as the real provider stores them: without it they show as a change at every apply. */
  readonly capabilities: readonly string[];
  readonly memoryMb: number;
  /** Mount point -> options. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** Whether /data is a named volume that outlives the container. */
  readonly data: boolean;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopSeconds: number;
}

/** Unprivileged user of redis, sentinel and proxy in their images. */
export const UNPRIVILEGED = '10001:10001';

const SCRATCH = { '/run': 'rw,nosuid,nodev,size=8m,mode=1777', '/tmp': 'rw,nosuid,nodev,size=16m,mode=1777' };

/**
 * Container options of one member.
 *
 * Stop times: redis waits up to `shutdown-timeout` 10 s for its replicas, so 20; HAProxy drains its sessions.
 */
export function containerOptions(plan: AnyPlan, member: Member): ContainerOptions {
  switch (member.role) {
    case 'redis':
      return {
        image: 'redis',
        command: ['redis'],
        user: UNPRIVILEGED,
        capabilities: [],
        memoryMb: redisMemory(plan.redis).containerMb,
        tmpfs: SCRATCH,
        data: true,
        stopSeconds: 20,
      };
    case 'sentinel':
      return {
        image: 'redis',
        command: ['sentinel'],
        user: UNPRIVILEGED,
        capabilities: [],
        memoryMb: 96,
        tmpfs: SCRATCH,
        data: true,
        stopSeconds: 10,
      };
    case 'proxy':
      return {
        image: 'proxy',
        command: proxyCommand(plan, member),
        user: UNPRIVILEGED,
        capabilities: [],
        memoryMb: 384,
        tmpfs: SCRATCH,
        data: false,
        stopSeconds: 15,
      };
    case 'edge':
      return {
        image: 'edge',
        command: [],
        capabilities: ['CAP_NET_ADMIN', 'CAP_NET_RAW'],
        memoryMb: edgeMemoryMb(plan),
        tmpfs: SCRATCH,
        data: false,
        stopSeconds: 15,
      };
    case 'monitor':
      return {
        image: 'monitor',
        command: [],
        user: UNPRIVILEGED,
        capabilities: [],
        memoryMb: MONITOR_MB,
        tmpfs: SCRATCH,
        data: true,
        stopSeconds: 15,
      };
  }
}

/** The images that a stack is made of, in one order. */
export function imageKinds({ monitors = [] }: Pick<AnyPlan, 'monitors'>): ImageKind[] {
  return IMAGE_KINDS.filter((kind) => kind !== 'monitor' || monitors.length > 0);
}

/** Prometheus keeps to 240 MB of it, Alertmanager and the exporter to 48 and 32 (monitoring/image/entrypoint). */
const MONITOR_MB = 448;

/** On a host's own network the stats would be open on all of its addresses. */
function proxyCommand(plan: AnyPlan, { address, statsPort }: ProxyMember): string[] {
  const slowLog = plan.proxy.slowLogMs === 0 ? [] : ['--slow-log', String(plan.proxy.slowLogMs)];
  return isOnHosts(plan) ? [...slowLog, '--stats-addr', address, '--stats-port', String(statsPort)] : slowLog;
}
