import { randomBytes } from 'node:crypto';
import { machine, release, type } from 'node:os';
import { databasesOf } from '../../../config/pool.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { REDIS_VERSION, verbatimReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import type { ServerFigures } from '../../routing/server-figures.ts';
import { InTurn } from '../in-turn.ts';
import type { Answer, Handler, PoolContext, Session } from '../session.ts';
import { shardLines } from './info-shards.ts';
import { keyspace, sumSection } from './info-sums.ts';

type Fields = readonly (readonly [field: string, value: string | number])[];

interface Section {
  readonly title: string;
  /** Shown when no section is asked for. */
  readonly isDefault: boolean;
  /** The servers must be asked for it. */
  readonly ofServers: boolean;
  fields(pool: PoolContext, servers: readonly ServerFigures[]): Fields;
}

/** Of this process, as Redis has one of each of its own. */
const RUN_ID = randomBytes(20).toString('hex');

const own = (title: string, fields: (pool: PoolContext) => Fields, isDefault = true): Section => ({
  title,
  isDefault,
  ofServers: false,
  fields,
});

/** @param first what is the proxy's own stands before what the servers have together */
const ofServers = (
  title: string,
  isDefault = true,
  first: (pool: PoolContext) => Fields = () => [],
): Section => ({
  title,
  isDefault,
  ofServers: true,
  fields: (pool, servers) => [
    ...first(pool),
    ...silent(servers),
    ...(title === 'Keyspace'
      ? keyspace(databasesOf(pool.config), servers)
      : sumSection(title.toLowerCase(), servers)),
  ],
});

/** Sums are without these: nobody may take them for empty. */
function silent(servers: readonly ServerFigures[]): Fields {
  const names = servers.filter(({ sections }) => sections === null).map(({ name }) => name);
  return names.length === 0 ? [] : [['servers_not_counted', names.join(',')]];
}

/** In Redis' order. */
const SECTIONS: readonly Section[] = [
  own('Server', ({ config }) => {
    const uptime = Math.floor(process.uptime());
    return [
      ['redis_version', REDIS_VERSION],
      ['redis_mode', 'standalone'],
      ['os', `${type()} ${release()} ${machine()}`],
      ['arch_bits', 64],
      ['nutcracker_version', '0.5.0'],
      ['process_id', process.pid],
      ['run_id', RUN_ID],
      ['tcp_port', config.listen.kind === 'tcp' ? config.listen.port : 0],
      ['server_time_usec', Date.now() * 1000],
      ['uptime_in_seconds', uptime],
      ['uptime_in_days', Math.floor(uptime / 86_400)],
    ];
  }),
  own('Clients', ({ config, stats }) => [
    ['connected_clients', stats.clientConnections],
    ['cluster_connections', 0],
    ...(config.clientConnections > 0 ? ([['maxclients', config.clientConnections]] as const) : []),
    ['blocked_clients', stats.blockedClients],
    ['tracking_clients', stats.trackingClients],
    ['clients_in_timeout_table', 0],
  ]),
  ofServers('Memory'),
  ofServers('Persistence', true, () => [
    ['loading', 0],
    ['async_loading', 0],
  ]),
  ofServers('Stats', true, ({ stats }) => [
    ['total_connections_received', stats.totalConnections],
    ['total_commands_processed', stats.commands.reduce((sum, count) => sum + count, 0)],
  ]),
  own('Replication', () => [
    ['role', 'master'],
    ['connected_slaves', 0],
  ]),
  own('CPU', () => {
    const { system, user } = process.cpuUsage();
    return [
      ['used_cpu_sys', (system / 1e6).toFixed(6)],
      ['used_cpu_user', (user / 1e6).toFixed(6)],
      // it has none; collectd and others miss the fields
      ['used_cpu_sys_children', '0.000000'],
      ['used_cpu_user_children', '0.000000'],
    ];
  }),
  own('Modules', () => []),
  ofServers('Commandstats', false),
  ofServers('Errorstats'),
  own('Cluster', () => [['cluster_enabled', 0]]),
  ofServers('Keyspace'),
  {
    title: 'Shards',
    isDefault: true,
    ofServers: true,
    fields: ({ config, routing }, servers) =>
      shardLines(
        databasesOf(config),
        (name) => routing.servers.some((each) => each.live && each.name === name),
        servers,
      ),
  },
  own('Nutcracker', ({ config, routing, worker }) => [
    ['pool', config.name],
    ...(worker === undefined
      ? []
      : ([
          ['worker', worker.place],
          ['workers', worker.workers],
        ] as const)),
    ...routing.servers.map(({ live, name }): Fields[number] => [
      'server',
      `name=${name},live=${live ? 1 : 0}`,
    ]),
  ]),
];

/** The sections that are asked for; an unknown name asks for none. */
function sectionsOf(frame: RequestFrame, buffer: Uint8Array): readonly Section[] {
  if (frame.argc === 1) return SECTIONS.filter(({ isDefault }) => isDefault);
  const names = new Set<string>();
  for (let i = 1; i < frame.argc; i++) names.add(wordAt(frame, buffer, i));
  const all = names.has('all') || names.has('everything');
  return SECTIONS.filter(
    ({ isDefault, title }) => all || names.has(title.toLowerCase()) || (isDefault && names.has('default')),
  );
}

function infoText(
  pool: PoolContext,
  sections: readonly Section[],
  servers: readonly ServerFigures[],
): string {
  return sections
    .map((section) => {
      const lines = section.fields(pool, servers).map(([field, value]) => `${field}:${value}\r\n`);
      return `# ${section.title}\r\n${lines.join('')}`;
    })
    .join('\r\n');
}

/** The last reply that was made up: a pipeline of the same INFO costs one. */
let made: { pool: PoolContext; key: string; at: number; reply: Uint8Array } | null = null;

function infoReply(
  { pool, protocol }: Session,
  sections: readonly Section[],
  servers: readonly ServerFigures[],
): Uint8Array {
  const key = `${protocol} ${sections.map(({ title }) => title).join()}`;
  // the clock stands still within a turn
  const at = pool.loop.now();
  if (made === null || made.pool !== pool || made.key !== key || made.at !== at) {
    made = { pool, key, at, reply: verbatimReply(infoText(pool, sections, servers), protocol) };
  }
  return made.reply;
}

/** An INFO that waits for the servers. Nothing behind it is read meanwhile, so that nobody piles up many of them. */
class WaitingInfo extends InTurn {
  readonly waiting = 0;

  constructor(
    session: Session,
    private readonly sections: readonly Section[],
  ) {
    super(session);
  }

  protected begin(): void {
    const { session } = this;
    session.routing.figures.ask((servers) => {
      if (!this.isOver) this.end(infoReply(session, this.sections, servers));
    });
  }
}

/** INFO [section …]: of the pool as a whole, and of the proxy what is the proxy's own. */
const handle: Handler = (session, _command, frame, buffer) => {
  const sections = sectionsOf(frame, buffer);
  const servers = areOfServers(sections) ? session.routing.figures.fresh : [];
  if (servers === null) session.runAlone(new WaitingInfo(session, sections));
  else session.reply(session.tail++, infoReply(session, sections, servers), 0);
};

const areOfServers = (sections: readonly Section[]): boolean => sections.some(({ ofServers }) => ofServers);

const needsFigures = (frame: RequestFrame, buffer: Uint8Array): boolean =>
  areOfServers(sectionsOf(frame, buffer));

/** Inside a transaction: of what the servers said when EXEC came. */
const queuedAnswer: Answer = (session, frame, buffer) =>
  infoReply(session, sectionsOf(frame, buffer), session.routing.figures.last);

export const info: Handler = Object.assign(handle, { queued: { answer: queuedAnswer, needsFigures } });
