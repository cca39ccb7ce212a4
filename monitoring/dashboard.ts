import type { Dashboard, Panel } from '@grafana/schema';
import type { Options as TimeSeriesOptions } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type { Plan } from '../topology/types.ts';

/** Where the panel's figures come from, as Grafana's variable of that name has it. */
const SOURCE = { type: 'prometheus', uid: '$datasource' } as const;
/** The newest version of the format that Grafana 9 writes; later ones bring it up to date themselves. */
const SCHEMA_VERSION = 37;
/** Grafana's grid has 24 columns. */
const COLUMNS = 3;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 8;

interface Chart {
  readonly title: string;
  /** One of Grafana's units. */
  readonly unit: 'short' | 'reqps' | 's' | 'bytes' | 'percentunit' | 'none';
  /** Each query, and how its series are called, by their labels. */
  readonly queries: ReadonlyArray<readonly [query: string, legend: string]>;
}

/** What is drawn, left to right, top to bottom: what applications feel first, then what that comes from. */
export const CHARTS: readonly Chart[] = [
  {
    title: 'Alerts',
    unit: 'none',
    queries: [['sum by (alertname) (ALERTS{alertstate="firing"})', '{{alertname}}']],
  },
  {
    title: 'Requests per second',
    unit: 'reqps',
    queries: [
      ['sum by (pool, server) (rate(nutcracker_responses_total{job="proxy"}[1m]))', '{{pool}} {{server}}'],
    ],
  },
  {
    title: 'Latency, 50th and 99th percentile',
    unit: 's',
    queries: ['0.5', '0.99'].map((part) => [
      `histogram_quantile(${part}, sum by (le, pool) (rate(nutcracker_latency_seconds_bucket{job="proxy"}[1m])))`,
      `{{pool}} ${part}`,
    ]),
  },
  {
    title: 'Clients',
    unit: 'short',
    queries: [['sum by (pool) (nutcracker_clients{job="proxy"})', '{{pool}}']],
  },
  {
    title: 'Error replies per second',
    unit: 'reqps',
    queries: [['sum by (pool) (rate(nutcracker_forward_errors_total{job="proxy"}[1m]))', '{{pool}}']],
  },
  {
    title: 'Who holds the virtual IP',
    unit: 'none',
    queries: [['twemstack_edge_vip_held{job="vrrp"}', '{{member}} {{vip}}']],
  },
  {
    title: 'Who is master',
    unit: 'none',
    queries: [
      ['sum by (member, shard) (redis_instance_info{job="redis",role="master"})', '{{shard}} {{member}}'],
    ],
  },
  {
    title: 'Replicas that follow',
    unit: 'none',
    queries: [
      [
        'sum by (shard) (redis_connected_slaves{job="redis"} and on (instance) (redis_instance_info{job="redis",role="master"} == 1))',
        '{{shard}}',
      ],
    ],
  },
  {
    title: 'Replication lag',
    unit: 's',
    queries: [['max by (shard) (redis_connected_slave_lag_seconds{job="redis"})', '{{shard}}']],
  },
  {
    title: 'Memory of maxmemory',
    unit: 'percentunit',
    queries: [
      ['redis_memory_used_bytes{job="redis"} / (redis_memory_max_bytes{job="redis"} > 0)', '{{member}}'],
    ],
  },
  {
    title: 'Keys',
    unit: 'short',
    queries: [['sum by (member) (redis_db_keys{job="redis"})', '{{member}}']],
  },
  {
    title: 'Evicted and expired keys per second',
    unit: 'short',
    queries: [
      ['sum by (member) (rate(redis_evicted_keys_total{job="redis"}[5m]))', '{{member}} evicted'],
      ['sum by (member) (rate(redis_expired_keys_total{job="redis"}[5m]))', '{{member}} expired'],
    ],
  },
  {
    title: 'Hits of reads',
    unit: 'percentunit',
    queries: [
      [
        'sum by (shard) (rate(redis_keyspace_hits_total{job="redis"}[5m])) / (sum by (shard) (rate(redis_keyspace_hits_total{job="redis"}[5m])) + sum by (shard) (rate(redis_keyspace_misses_total{job="redis"}[5m])))',
        '{{shard}}',
      ],
    ],
  },
  {
    title: 'Processor time of redis',
    unit: 'percentunit',
    queries: [
      [
        'sum by (member) (rate(redis_cpu_user_seconds_total{job="redis"}[1m]) + rate(redis_cpu_sys_seconds_total{job="redis"}[1m]))',
        '{{member}}',
      ],
    ],
  },
  {
    title: 'Connections on the edges',
    unit: 'short',
    queries: [['haproxy_backend_current_sessions{job="edge",proxy=~"proxies-.*"}', '{{member}} {{proxy}}']],
  },
];

/** As a file has it: Grafana's enumerations are their values there. */
type Written<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Written<T[K]> } : T;

/** How each is drawn. */
const OPTIONS = {
  legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
  tooltip: { mode: 'multi', sort: 'none' },
} satisfies Written<TimeSeriesOptions>;

/** A dashboard for whoever has a Grafana: its JSON model, to be imported there. Its types are those that Grafana publishes. */
export function renderDashboard({ name }: Pick<Plan, 'name'>): string {
  const dashboard = {
    uid: `twemstack-${name}`,
    title: `twemstack ${name}`,
    tags: ['redis', 'twemstack'],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    annotations: { list: [] },
    templating: {
      list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0 }],
    },
    panels: CHARTS.map(panelOf),
  } satisfies Written<Dashboard>;
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

const panelOf = ({ title, unit, queries }: Chart, index: number) =>
  ({
    id: index + 1,
    type: 'timeseries',
    title,
    datasource: SOURCE,
    gridPos: {
      x: (index % COLUMNS) * WIDTH,
      y: Math.floor(index / COLUMNS) * HEIGHT,
      w: WIDTH,
      h: HEIGHT,
    },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: OPTIONS,
    targets: queries.map(([expr, legendFormat], at) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + at),
      datasource: SOURCE,
      expr,
      legendFormat,
    })),
  }) satisfies Written<Panel>;
