import { proxyBackend } from '../haproxy/haproxy-cfg.ts';
import type { AnyPlan } from '../topology/types.ts';
import { areShared, vipsOf } from '../topology/vips.ts';
import type { AlertName } from './alert-names.ts';
import { LAST_FAILURE, LAST_GOOD } from './backup-rules.ts';

export interface Alert {
  /** As it is known everywhere: in Prometheus, in messages, in docs/monitoring.md. */
  readonly name: AlertName;
  /** critical: applications feel it, or will at the next fault. warning: it will come to that. */
  readonly severity: 'critical' | 'warning';
  /** PromQL; the alert is raised for each series that it gives. */
  readonly when: string;
  /** Seconds that it has to be so; 0 = at once. */
  readonly forSeconds: number;
  /** What is the matter; may name labels, as Prometheus' templates do. */
  readonly summary: string;
  /** What to do about it: a sentence, with the command where there is one. */
  readonly action: string;
}

const DOCTOR = '`npx twemstack doctor` says why and what mends it.';
/** A failover takes `down_after` and a second or two: what it mends by itself is no news. */
const FAILOVER_SECONDS = 15;
/** Backups that are not there, one after the other, until somebody is told; as `status` has it. */
const STALE_AFTER = 2;
/** Part of a limit at which there is still time to do something. */
const NEARLY = 0.9;
/** Requests answered later than this, as a bucket of the proxies' histogram: 2^16 µs. */
const SLOW_BUCKET = '0.065536';
/** Part of the requests that may be slow. */
const SLOW_BUDGET = 0.01;
/** A part of nothing is nothing: below so many requests a second nobody is judged. */
const JUDGED_RATE = 1;

const isMaster = '(redis_instance_info{job="redis",role="master"} == 1)';
const membersOf = 'count by (shard) (up{job="redis"})';

/** What is watched for in a stack, in the order of how bad it is. Each drill names those that its fault raises. */
export function alertsOf(plan: AnyPlan): Alert[] {
  return [
    ...shardAlerts(plan),
    ...entranceAlerts(plan),
    ...memberAlerts(plan),
    ...roomAlerts(plan),
    ...backupAlerts(plan),
    ...OWN,
  ];
}

const OF_REPLICAS: readonly AlertName[] = ['ReplicaMissing', 'ReplicaLinkDown', 'ReplicationLag'];

function shardAlerts(plan: AnyPlan): Alert[] {
  const alerts: Alert[] = [
    {
      name: 'ShardWithoutMaster',
      severity: 'critical',
      when: `${membersOf} unless on (shard) ${isMaster}`,
      forSeconds: FAILOVER_SECONDS,
      summary: '{{ $labels.shard }} has no master: its keys can be neither written nor read',
      action:
        '`npx twemstack status` shows which of its members and sentinels are in reach; bring those back that are missing, then it mends itself. `npx twemstack doctor` says when it waits for a decision of yours.',
    },
    {
      name: 'ShardWithTwoMasters',
      severity: 'critical',
      when: `count by (shard) (${isMaster}) > 1`,
      forSeconds: FAILOVER_SECONDS,
      summary: '{{ $labels.shard }} has {{ $value }} masters: what is written to the wrong one will be lost',
      action: `Proxies write to the one that a majority of sentinels names. ${DOCTOR}`,
    },
    {
      name: 'ReplicaMissing',
      severity: 'warning',
      when: `sum by (shard) (redis_connected_slaves{job="redis"} and on (instance) ${isMaster}) < on (shard) (${membersOf} - 1)`,
      forSeconds: 30,
      summary: '{{ $labels.shard }} has {{ $value }} replicas, which is fewer than planned',
      action: `Bring the missing member back: \`npx twemstack up\`. ${DOCTOR}`,
    },
    {
      name: 'ReplicaLinkDown',
      severity: 'warning',
      when: 'redis_master_link_up{job="redis"} == 0',
      forSeconds: 30,
      summary: '{{ $labels.member }} does not follow its master',
      action: `See the log: \`npx twemstack logs {{ $labels.member }} --since 10m\`. ${DOCTOR}`,
    },
    {
      name: 'ReplicationLag',
      severity: 'warning',
      when: `max by (shard) (redis_connected_slave_lag_seconds{job="redis"}) > ${plan.redis.minReplicasMaxLag + 3}`,
      forSeconds: 15,
      summary: 'a replica of {{ $labels.shard }} is {{ $value }} s behind its master',
      action:
        'Look for a slow disk or network of its machine, or for large values; with too few replicas in touch the master refuses writes (redis.min_replicas_to_write).',
    },
    {
      name: 'SentinelTilt',
      severity: 'critical',
      when: 'redis_sentinel_tilt{job="sentinel"} == 1',
      forSeconds: 10,
      summary: '{{ $labels.member }} is in TILT: it stalled, or its clock jumped, and it fails nothing over',
      action:
        'Look whether its machine is overloaded or its clock is being set; it recovers 30 s after the last jump.',
    },
    {
      name: 'ProxyWithoutMaster',
      severity: 'critical',
      when: 'max by (member, domain, pool, server) (nutcracker_server_up{job="proxy"}) == 0',
      forSeconds: FAILOVER_SECONDS,
      summary: '{{ $labels.member }} knows no master of {{ $labels.server }} (pool {{ $labels.pool }})',
      action: `See that it reaches the sentinels and the shard's members. ${DOCTOR}`,
    },
    {
      name: 'StrangeMaster',
      severity: 'critical',
      when: 'nutcracker_strange_masters{job="proxy"} > 0',
      forSeconds: 0,
      summary: 'sentinels name a master of {{ $labels.server }} that is no member of the stack',
      action: '`npx twemstack up` makes them forget it; find out who told them (SECURITY.md).',
    },
  ];
  const hasReplicas = plan.shards.some(({ members }) => members.length > 1);
  return alerts.filter(({ name }) => hasReplicas || !OF_REPLICAS.includes(name));
}

const HELD = 'sum(twemstack_edge_vip_held{job="vrrp"})';
/** Edges that share the load say of each VIP whether they hold it. */
const HELD_EACH = 'sum by (vip) (twemstack_edge_vip_held{job="vrrp"})';

/** How many edges hold a VIP; 0 when there is nobody to say it. */
function holders(plan: AnyPlan): string {
  if (!areShared(plan)) return `(${HELD} or vector(0))`;
  const none = vipsOf(plan).map(({ address }) => `label_replace(vector(0), "vip", "${address}", "", "")`);
  return `(${[HELD_EACH, ...none].join(' or ')})`;
}

function entranceAlerts(plan: AnyPlan): Alert[] {
  const shared = areShared(plan);
  const vip = shared ? '{{ $labels.vip }}' : plan.vip;
  return [
    {
      name: 'VipUnheld',
      severity: 'critical',
      when: `${holders(plan)} < 1`,
      forSeconds: 10,
      summary: `no edge holds ${vip}: no application can connect${shared ? ' to it' : ''}`,
      action: `\`npx twemstack up\` starts the edges that are missing. ${DOCTOR}`,
    },
    {
      name: 'VipHeldTwice',
      severity: 'critical',
      when: `${shared ? HELD_EACH : HELD} > 1`,
      forSeconds: 10,
      summary: `{{ $value }} edges hold ${vip}: their adverts do not reach each other`,
      action: `See that nothing filters VRRP (IP protocol 112) between them. ${DOCTOR}`,
    },
    {
      name: 'PoolWithoutProxy',
      severity: 'critical',
      when: 'haproxy_backend_active_servers{job="edge",proxy=~"proxies-.*"} == 0',
      forSeconds: 5,
      summary: '{{ $labels.member }} has no proxy for {{ $labels.proxy }}: clients are refused',
      action: `\`npx twemstack up\` starts the proxies that are missing. ${DOCTOR}`,
    },
  ];
}

/** Of proxies the time of their start; what redis says, it counts back from now, a second more or less. HAProxy starts anew at a reload. */
const RESTARTED = [
  'changes(nutcracker_start_time_seconds{job="proxy"}[15m]) > 1',
  'resets(redis_uptime_in_seconds[15m]) > 1',
  'resets(haproxy_process_uptime_seconds{job="edge"}[15m]) > 2',
].join(' or ');

function memberAlerts({ sentinels }: AnyPlan): Alert[] {
  const down = (name: AlertName, when: string, what: string, consequence: string): Alert => ({
    name,
    severity: 'warning',
    when,
    forSeconds: 15,
    summary: `{{ $labels.member }} ${what}: ${consequence}`,
    action:
      'The engine restarts what ends by itself; what was stopped, or whose machine is gone, is brought back by `npx twemstack up`. ' +
      'Its last words: `npx twemstack logs {{ $labels.member }} --since 10m`.',
  });
  return [
    down('RedisDown', 'redis_up{job="redis"} == 0', 'does not answer', 'its shard has less left to lose'),
    down(
      'SentinelMissing',
      'redis_up{job="sentinel"} == 0',
      'does not answer',
      `when fewer than a majority of ${sentinels.length} are left, nothing fails over`,
    ),
    down('ProxyDown', 'up{job="proxy"} == 0', 'does not answer', 'the other proxies serve its clients'),
    down('EdgeDown', 'up{job="edge"} == 0', 'does not answer', 'the VIP has fewer places to go'),
    {
      name: 'MemberRestarting',
      severity: 'warning',
      when: RESTARTED,
      forSeconds: 0,
      summary:
        '{{ $labels.member }} has started {{ $value }} times in 15 minutes: it ends by itself, and is back too soon to be missed',
      action: `What it said before it ended: \`npx twemstack logs {{ $labels.member }} --since 20m\`. ${DOCTOR}`,
    },
    {
      name: 'StackDegraded',
      severity: 'warning',
      when: '(count(redis_up == 0) or vector(0)) + (count(up == 0) or vector(0)) > 0',
      forSeconds: 60,
      summary: '{{ $value }} parts of the stack have not answered for a minute: it is not whole',
      action:
        '`npx twemstack status` names them, `npx twemstack doctor` says why, `npx twemstack up` makes it whole.',
    },
  ];
}

function roomAlerts(plan: AnyPlan): Alert[] {
  const backends = plan.pools.map((pool) => proxyBackend(pool)).join('|');
  const evicts = plan.redis.maxmemoryPolicy !== 'noeviction';
  return [
    {
      name: 'MemoryNearLimit',
      severity: evicts ? 'warning' : 'critical',
      when: `redis_memory_used_bytes{job="redis"} / (redis_memory_max_bytes{job="redis"} > 0) > ${NEARLY}`,
      forSeconds: 60,
      summary: `{{ $labels.member }} uses {{ $value | humanizePercentage }} of its maxmemory: ${evicts ? 'keys are evicted soon' : 'writes are refused soon'}`,
      action:
        'Raise redis.maxmemory in stack.yaml and run `npx twemstack upgrade`, or let keys expire; `npx twemstack console` shows the biggest.',
    },
    {
      name: 'Evictions',
      severity: 'warning',
      when: 'increase(redis_evicted_keys_total{job="redis"}[5m]) > 0',
      forSeconds: 0,
      summary:
        '{{ $labels.member }} removed about {{ $value | humanize }} keys in 5 minutes to stay below its maxmemory',
      action:
        'For a cache that is how it should be: silence it. Otherwise raise redis.maxmemory and run `npx twemstack upgrade`.',
    },
    {
      name: 'AofFailing',
      severity: 'critical',
      when: 'redis_aof_last_write_status{job="redis"} == 0 or redis_aof_last_bgrewrite_status{job="redis"} == 0',
      forSeconds: 10,
      summary: '{{ $labels.member }} cannot write its append-only file: as a master it refuses writes',
      action: `Make room on the disk where the engine keeps its volumes (\`docker info\`: Docker Root Dir). ${DOCTOR}`,
    },
    {
      name: 'ClientsNearLimit',
      severity: 'warning',
      when: `haproxy_backend_current_sessions{job="edge",proxy=~"${backends}"} > ${Math.floor(NEARLY * plan.edge.maxConnections)}`,
      forSeconds: 15,
      summary: `{{ $labels.member }} has {{ $value }} of ${plan.edge.maxConnections} connections of {{ $labels.proxy }}; the next ones are refused`,
      action:
        'Look for an application that leaks connections, set edge.max_connections_per_source, or raise edge.max_connections and run `npx twemstack upgrade`.',
    },
    {
      name: 'LatencyBudgetBurnt',
      severity: 'warning',
      when: slowPart(),
      forSeconds: 60,
      summary: `{{ $value | humanizePercentage }} of the requests to {{ $labels.server }} took longer than 66 ms in the last 5 minutes, ${SLOW_BUDGET * 100} % may`,
      action:
        '`npx twemstack console` shows the slow log; look for KEYS, large values and scripts, or a machine whose processors are busy.',
    },
  ];
}

/** Commands that wait on purpose (BLPOP) are not in it: their connections are not those that are measured. */
function slowPart(): string {
  const rate = (name: string, more = ''): string =>
    `sum by (pool, server) (rate(nutcracker_latency_seconds_${name}{job="proxy"${more}}[5m]))`;
  const all = rate('count');
  return `1 - ${rate('bucket', `,le="${SLOW_BUCKET}"`)} / (${all} > ${JUDGED_RATE}) > ${SLOW_BUDGET}`;
}

const TAKE_ONE = '`npx twemstack backup` says what is in the way, or takes one.';

function backupAlerts({ backup: { everyMs } }: AnyPlan): Alert[] {
  const seconds = everyMs / 1000;
  const failing: Alert = {
    name: 'BackupFailing',
    severity: 'warning',
    when: `max(${LAST_FAILURE}) > max(${LAST_GOOD})`,
    forSeconds: 0,
    summary: 'the last backup failed at {{ $value | humanizeTimestamp }}',
    action: TAKE_ONE,
  };
  if (everyMs === 0) return [failing];
  const action = `${TAKE_ONE} Keep \`npx twemstack backup --schedule\` running (docs/backup.md).`;
  return [
    failing,
    {
      name: 'BackupStale',
      severity: 'warning',
      when: `time() - (max(${LAST_GOOD}) > 0) > ${STALE_AFTER * seconds}`,
      forSeconds: 60,
      summary: 'the newest backup is {{ $value | humanizeDuration }} old',
      action,
    },
    {
      name: 'BackupMissing',
      severity: 'warning',
      when: `absent(max(${LAST_GOOD}) > 0)`,
      forSeconds: STALE_AFTER * seconds,
      summary: 'no backup was taken since this monitor was made',
      action,
    },
  ];
}

const OWN: readonly Alert[] = [
  {
    name: 'MonitorDown',
    severity: 'warning',
    when: 'up{job="monitor"} == 0',
    forSeconds: 15,
    summary: '{{ $labels.member }} does not answer: nobody watches when the other monitor goes, too',
    action: '`npx twemstack up` starts it.',
  },
  {
    name: 'AlertsNotSent',
    severity: 'warning',
    when: 'sum by (member, integration) (rate(alertmanager_notifications_failed_total{job="alertmanager"}[5m])) > 0',
    forSeconds: 0,
    summary: '{{ $labels.member }} cannot deliver alerts by {{ $labels.integration }}',
    action:
      'See why: `npx twemstack logs {{ $labels.member }} --since 10m`; the address is in stack.yaml, the password in `twemstack secret set`.',
  },
];
