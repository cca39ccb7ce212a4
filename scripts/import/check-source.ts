import type { AnyPlan } from '../../topology/types.ts';
import { InputError, NotSoError } from '../errors.ts';
import type { SourceClient } from './source-client.ts';
import type { ImportSource } from './sources.ts';

/** Scripts are replicated as what they do from here on. */
const OLDEST = 5;
/** From then on Valkey's values have numbers of versions that no Redis takes. */
const OWN_VALUES = 9;

/** Keys of a source, by database. */
export type Keyspace = ReadonlyMap<number, { readonly keys: number; readonly expires: number }>;

/** `keys=…,expires=…` of each database of INFO keyspace. */
export function parseKeyspace(info: ReadonlyMap<string, string>): Keyspace {
  const found = [...info].flatMap(([name, text]) => {
    const database = /^db(\d+)$/.exec(name)?.[1];
    const figures = /keys=(\d+),expires=(\d+)/.exec(text);
    if (database === undefined || figures === null) return [];
    return [[Number(database), { keys: Number(figures[1]), expires: Number(figures[2]) }] as const];
  });
  return new Map(found);
}

/**
 * Sees to it that a source is one from which keys can come, before anything is changed.
 *
 * @param versions of the redises of the stack, by shard
 * @throws InputError or NotSoError that says what it is instead
 */
export async function checkSource(
  client: SourceClient,
  { lanes, leavesOthers }: ImportSource,
  plan: AnyPlan,
  versions: ReadonlyMap<string, string>,
): Promise<void> {
  const { name } = client.at;
  const refuse = (what: string, remedy: string): InputError =>
    new InputError(`${name} ${what}`, { where: '--from', remedy });
  const server = await client.info('server');
  const mode = server.get('redis_mode');
  if (mode === 'sentinel') throw refuse('is a Sentinel', 'name the master that it watches');
  if (mode === 'cluster')
    throw refuse('is a node of Redis Cluster, which has part of the keys', 'this is not supported');
  demandVersion(server, versions, refuse);
  const replication = await client.info('replication');
  if (replication.get('role') === 'slave') throw replicaRefused(name, replication);
  const own = plan.shards.flatMap(({ members }) => members);
  const { place } = client.at;
  if ('host' in place && own.some(({ address, port }) => address === place.host && port === place.port))
    throw refuse(`is a member of ${plan.name} itself`, 'name the Redis that keys shall come from');
  if (leavesOthers) return;
  const served = new Set(lanes.map(({ from }) => from));
  const others = [...parseKeyspace(await client.info('keyspace'))].filter(([each]) => !served.has(each));
  if (others.length === 0) return;
  throw refuse(
    `has keys in database ${others.map(([each]) => each).join(', ')}, which the pool "${lanes[0].pool.name}" does not serve`,
    `set databases: ${Math.max(...others.map(([each]) => each)) + 1} for the pool in stack.yaml and run \`twemstack up\`; or import one database: ${name}/N`,
  );
}

function replicaRefused(name: string, replication: ReadonlyMap<string, string>): InputError | NotSoError {
  const master = `${replication.get('master_host')}:${replication.get('master_port')}`;
  if (replication.get('master_link_status') !== 'up') {
    return new NotSoError(
      `${name} is a replica, and its master ${master} is away: nobody knows what it lacks`,
      {
        where: name,
        remedy: 'bring the master back and import from that, or make this one a master (REPLICAOF NO ONE)',
      },
    );
  }
  return new InputError(`${name} is a replica of ${master}`, {
    where: '--from',
    remedy: 'import from its master: only a master can be made to take no more writes',
  });
}

/** RESTORE takes what an older Redis gave, and not what a newer one did. */
function demandVersion(
  server: ReadonlyMap<string, string>,
  versions: ReadonlyMap<string, string>,
  refuse: (what: string, remedy: string) => InputError,
): void {
  const order = (text: string): number => {
    const [major, minor] = text.split('.').map(Number);
    return major * 1000 + (minor ?? 0);
  };
  // Valkey says there which Redis it takes after.
  const version = server.get('redis_version') ?? '0';
  const valkey = server.get('valkey_version');
  if (order(version) < OLDEST * 1000)
    throw refuse(`runs Redis ${version}`, `it must be ${OLDEST}.0 or later`);
  const isReadByRedis = valkey === undefined || order(valkey) < OWN_VALUES * 1000;
  for (const [shard, ours] of versions) {
    if (isReadByRedis && order(version) <= order(ours)) continue;
    throw refuse(
      `runs ${valkey === undefined ? `Redis ${version}` : `Valkey ${valkey}`}; ${shard} runs Redis ${ours}, which cannot read its values`,
      'nothing was changed; have a program copy them that reads and writes each by commands of its type (GET, HGETALL, XRANGE), not by DUMP, through the virtual IP',
    );
  }
}
