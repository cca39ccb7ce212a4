import {
  parseInfo,
  parsePairs,
  type RedisAddress,
  type RedisLogin,
  type WithRedis,
  withRedis,
} from './redis-call.ts';
import { whyNotPromoted } from './successor.ts';

/** What one sentinel knows of one shard (SENTINEL MASTERS). */
export interface WatchedMaster {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly flags: readonly string[];
  readonly configEpoch: number;
  readonly replicas: number;
  /** Where this sentinel knows replicas and other sentinels of it, host:port. */
  readonly replicaPlaces: readonly string[];
  readonly sentinelPlaces: readonly string[];
  /**
   * Addresses of replicas that said they were masters when this sentinel last asked: it will turn them back into
   * replicas of the master it knows, even if one is being promoted meanwhile (Sentinel's +convert-to-slave).
   */
  readonly strayReplicas: readonly string[];
  /** Replicas that it would not promote, and why; asked only while it takes the master for down. */
  readonly notPromoted: ReadonlyArray<{ readonly address: string; readonly reason: string }>;
  readonly otherSentinels: number;
  readonly quorum: number;
  /** CKQUORUM's verdict: 'OK …' or the reason why a failover could not be authorised. */
  readonly quorumCheck: string;
}

export interface SentinelView {
  /** It stalled, or its clock jumped: until it trusts its clock again it watches, but fails nothing over. */
  readonly tilt: boolean;
  readonly masters: readonly WatchedMaster[];
}

/** @param by how a connection to it is had. @throws Error when it does not answer */
export async function readSentinel(
  at: RedisAddress,
  login: RedisLogin,
  by: WithRedis = withRedis,
): Promise<SentinelView> {
  return by(at, login, async (redis) => {
    const [reply, info] = (await Promise.all([
      redis.call('SENTINEL', 'MASTERS'),
      redis.info('sentinel'),
    ])) as [unknown[], string];
    const masters = await Promise.all(
      reply.map(async (entry) => {
        const fields = parsePairs(entry);
        const name = fields.get('name') ?? '';
        const [verdict, replicas, sentinels] = await Promise.all([
          quorumCheck(() => redis.call('SENTINEL', 'CKQUORUM', name)),
          redis.call('SENTINEL', 'REPLICAS', name),
          redis.call('SENTINEL', 'SENTINELS', name),
        ]);
        return parseMaster(fields, verdict, replicas as unknown[], sentinels as unknown[]);
      }),
    );
    return { tilt: parseInfo(info).get('sentinel_tilt') === '1', masters };
  });
}

async function quorumCheck(ask: () => Promise<unknown>): Promise<string> {
  try {
    return String(await ask());
  } catch (error) {
    return (error as Error).message;
  }
}

function placesOf(entries: readonly unknown[]): string[] {
  return entries.map((entry) => {
    const fields = parsePairs(entry);
    return `${fields.get('ip')}:${fields.get('port')}`;
  });
}

function notPromoted(
  master: ReadonlyMap<string, string>,
  replicas: readonly unknown[],
): WatchedMaster['notPromoted'] {
  if (!flagsOf(master).includes('s_down')) return [];
  const down = {
    downMs: Number(master.get('s-down-time') ?? 0),
    downAfterMs: Number(master.get('down-after-milliseconds') ?? 0),
  };
  return replicas.flatMap((entry) => {
    const fields = parsePairs(entry);
    const candidate = {
      address: fields.get('ip') ?? '',
      flags: flagsOf(fields),
      priority: Number(fields.get('slave-priority') ?? 0),
      linkDownMs: Number(fields.get('master-link-down-time') ?? 0),
    };
    const reason = whyNotPromoted(candidate, down);
    return reason === undefined ? [] : [{ address: candidate.address, reason }];
  });
}

const flagsOf = (fields: ReadonlyMap<string, string>): string[] => (fields.get('flags') ?? '').split(',');

function strayReplicas(entries: readonly unknown[]): string[] {
  return entries.flatMap((entry) => {
    const fields = parsePairs(entry);
    return fields.get('role-reported') === 'slave' ? [] : [fields.get('ip') ?? ''];
  });
}

function parseMaster(
  fields: ReadonlyMap<string, string>,
  verdict: string,
  replicas: readonly unknown[],
  sentinels: readonly unknown[],
): WatchedMaster {
  const number = (key: string): number => Number(fields.get(key) ?? 0);
  return {
    name: fields.get('name') ?? '',
    address: fields.get('ip') ?? '',
    port: number('port'),
    flags: flagsOf(fields),
    configEpoch: number('config-epoch'),
    replicas: number('num-slaves'),
    replicaPlaces: placesOf(replicas),
    sentinelPlaces: placesOf(sentinels),
    strayReplicas: strayReplicas(replicas),
    notPromoted: notPromoted(fields, replicas),
    otherSentinels: number('num-other-sentinels'),
    quorum: number('quorum'),
    quorumCheck: verdict,
  };
}
