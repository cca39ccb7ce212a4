import { Redis } from 'ioredis';
import type { AnyPlan, Credentials, SentinelMember } from '../../topology/types.ts';
import { parsePairs } from '../observe/redis-call.ts';
import type { Handover } from './check.ts';

/** Milliseconds anybody asked during a switchover may take; writes wait meanwhile. */
const PATIENCE_MS = 800;

export interface Coordinator {
  readonly member: SentinelMember;
  readonly redis: Redis;
}

/** Open connections, as operator, to everybody who takes part. */
export interface Connections {
  readonly from: Redis;
  readonly to: Redis;
  readonly sentinels: readonly Coordinator[];
  close(): void;
}

/** Connects before anything is paused. Sentinels that do not answer are left out; the check demanded a majority. */
export async function connectAll(
  plan: AnyPlan,
  credentials: Credentials,
  handover: Handover,
): Promise<Connections> {
  const open: Redis[] = [];
  const connect = async (host: string, port: number): Promise<Redis> => {
    const redis = new Redis({
      host,
      port,
      username: 'operator',
      password: credentials.operator,
      lazyConnect: true,
      connectTimeout: PATIENCE_MS,
      commandTimeout: PATIENCE_MS,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      enableReadyCheck: false,
      protocol: 2,
      disableClientInfo: true,
    });
    open.push(redis);
    // What fails rejects the command; this only keeps the event from ending the program.
    redis.on('error', () => undefined);
    await redis.connect();
    return redis;
  };
  const close = (): void => {
    for (const redis of open) redis.disconnect();
  };
  try {
    const sentinels = await Promise.all(
      plan.sentinels.map(async (member) => {
        const redis = await connect(member.address, member.port).catch(() => undefined);
        return redis === undefined ? [] : [{ member, redis }];
      }),
    );
    return {
      from: await connect(handover.from.address, handover.from.port),
      to: await connect(handover.to.address, handover.to.port),
      sentinels: sentinels.flat(),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** What a sentinel last heard of one replica. */
export interface ReplicaNews {
  readonly priority: number;
  /** Milliseconds since its last INFO. */
  readonly age: number;
}

export async function replicaNews(
  sentinel: Redis,
  shard: string,
  address: string,
): Promise<ReplicaNews | undefined> {
  const replicas = (await sentinel.call('SENTINEL', 'REPLICAS', shard)) as unknown[];
  const fields = replicas.map(parsePairs).find((each) => each.get('ip') === address);
  if (fields === undefined) return undefined;
  return { priority: Number(fields.get('slave-priority')), age: Number(fields.get('info-refresh')) };
}
