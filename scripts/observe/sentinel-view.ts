import { parsePairs, type RedisAddress, type RedisLogin, withRedis } from './redis-call.ts';

/** What one sentinel knows of one shard (SENTINEL MASTERS). */
export interface WatchedMaster {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly flags: readonly string[];
  readonly configEpoch: number;
  readonly replicas: number;
  /**
   * Addresses of replicas that said they were masters when this sentinel last asked: it will turn them back into
   * replicas of the master it knows, even if one is being promoted meanwhile (Sentinel's +convert-to-slave).
   */
  readonly strayReplicas: readonly string[];
  readonly otherSentinels: number;
  readonly quorum: number;
  /** CKQUORUM's verdict: 'OK …' or the reason why a failover could not be authorised. */
  readonly quorumCheck: string;
}

export interface SentinelView {
  readonly masters: readonly WatchedMaster[];
}

export async function readSentinel(at: RedisAddress, login: RedisLogin): Promise<SentinelView> {
  return withRedis(at, login, async (redis) => {
    const reply = (await redis.call('SENTINEL', 'MASTERS')) as unknown[];
    const masters = await Promise.all(
      reply.map(async (entry) => {
        const fields = parsePairs(entry);
        const name = fields.get('name') ?? '';
        const [verdict, replicas] = await Promise.all([
          quorumCheck(() => redis.call('SENTINEL', 'CKQUORUM', name)),
          redis.call('SENTINEL', 'REPLICAS', name),
        ]);
        return parseMaster(fields, verdict, strayReplicas(replicas as unknown[]));
      }),
    );
    return { masters };
  });
}

async function quorumCheck(ask: () => Promise<unknown>): Promise<string> {
  try {
    return String(await ask());
  } catch (error) {
    return (error as Error).message;
  }
}

function strayReplicas(entries: readonly unknown[]): string[] {
  return entries.flatMap((entry) => {
    const fields = parsePairs(entry);
    return fields.get('role-reported') === 'slave' ? [] : [fields.get('ip') ?? ''];
  });
}

function parseMaster(
  fields: ReadonlyMap<string, string>,
  verdict: string,
  stray: readonly string[],
): WatchedMaster {
  const number = (key: string): number => Number(fields.get(key) ?? 0);
  return {
    name: fields.get('name') ?? '',
    address: fields.get('ip') ?? '',
    port: number('port'),
    flags: (fields.get('flags') ?? '').split(','),
    configEpoch: number('config-epoch'),
    replicas: number('num-slaves'),
    strayReplicas: stray,
    otherSentinels: number('num-other-sentinels'),
    quorum: number('quorum'),
    quorumCheck: verdict,
  };
}
