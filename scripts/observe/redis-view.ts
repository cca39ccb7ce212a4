import { parseInfo, type RedisAddress, type RedisLogin, type WithRedis, withRedis } from './redis-call.ts';

/** A redis-server's own account of itself (INFO). */
export interface RedisView {
  readonly role: 'master' | 'replica';
  readonly version: string;
  /** Master: its replication offset; replica: what it has received and applied. Bytes. */
  readonly offset: number;
  readonly replId: string;
  /** Replica only. */
  readonly masterAddress?: string;
  readonly linkUp?: boolean;
  /** Master only: connected replicas. */
  readonly replicas: ReadonlyArray<{
    readonly address: string;
    /** As it said itself, which need not be true. */
    readonly port: number;
    readonly offset: number;
    readonly lagSeconds: number;
    readonly online: boolean;
  }>;
  readonly loading: boolean;
  readonly keys: number;
  /** Bytes that it uses. */
  readonly usedMemory: number;
}

/** @param by how a connection to it is had. @throws Error when it does not answer */
export async function readRedis(
  at: RedisAddress,
  login: RedisLogin,
  by: WithRedis = withRedis,
): Promise<RedisView> {
  return parseRedisView(await by(at, login, (redis) => redis.info(...SECTIONS)));
}

/** Those of INFO that a view is of; the others take as long again. */
const SECTIONS = ['server', 'replication', 'persistence', 'memory', 'keyspace'];

/** INFO text -> view. */
export function parseRedisView(text: string): RedisView {
  const info = parseInfo(text);
  const number = (key: string): number => Number(info.get(key) ?? 0);
  const role = info.get('role') === 'master' ? 'master' : 'replica';
  return {
    role,
    version: info.get('redis_version') ?? '?',
    offset: number(role === 'master' ? 'master_repl_offset' : 'slave_repl_offset'),
    replId: info.get('master_replid') ?? '',
    masterAddress: info.get('master_host'),
    linkUp: role === 'replica' ? info.get('master_link_status') === 'up' : undefined,
    replicas: [...info].flatMap(([key, value]) => (/^slave\d+$/.test(key) ? [parseReplica(value)] : [])),
    loading: info.get('loading') === '1',
    keys: [...info].reduce((sum, [key, value]) => (/^db\d+$/.test(key) ? sum + keysOf(value) : sum), 0),
    usedMemory: number('used_memory'),
  };
}

/** `ip=…,port=…,state=online,offset=…,lag=…` */
function parseReplica(text: string): RedisView['replicas'][number] {
  const fields = new Map(text.split(',').map((pair) => pair.split('=', 2) as [string, string]));
  return {
    address: fields.get('ip') ?? '',
    port: Number(fields.get('port') ?? 0),
    offset: Number(fields.get('offset') ?? 0),
    lagSeconds: Number(fields.get('lag') ?? 0),
    online: fields.get('state') === 'online',
  };
}

/** `keys=12,expires=0,avg_ttl=0` */
const keysOf = (text: string): number => Number(/keys=(\d+)/.exec(text)?.[1] ?? 0);
