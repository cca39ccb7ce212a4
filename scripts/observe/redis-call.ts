import { Redis } from 'ioredis';

export interface RedisAddress {
  readonly address: string;
  readonly port: number;
}

export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

/** Milliseconds a member may take to connect or to answer before it counts as unreachable. */
const PATIENCE_MS = 900;

/** Options of ioredis for a connection that is made when it is asked for, and never anew: what goes wrong is told. */
export const ONCE = {
  lazyConnect: true,
  retryStrategy: () => null,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
  // HELLO 3, ioredis' default, needs a password even where PING does not.
  protocol: 2,
  disableClientInfo: true,
} as const;

/**
 * Opens one connection, runs `use` and closes it, whatever happens. No retries, no reconnects: the caller wants to
 * know how things are now.
 */
export async function withRedis<T>(
  at: RedisAddress,
  login: RedisLogin,
  use: (redis: Redis) => Promise<T>,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const redis = new Redis({
    host: at.address,
    port: at.port,
    username: login.username,
    password: login.password,
    ...ONCE,
    connectTimeout: patienceMs,
    commandTimeout: patienceMs,
    enableOfflineQueue: true,
  });
  // ioredis emits errors besides rejecting; the rejection is what the caller sees.
  let lastError: Error | undefined;
  redis.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    await redis.connect();
    return await use(redis);
  } catch (error) {
    throw lastError ?? error;
  } finally {
    redis.disconnect();
  }
}

/** `key:value` lines of INFO as a map. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) entries.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return entries;
}

/** A flat `[name, value, …]` reply as a map. */
export function parsePairs(reply: unknown): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  if (!Array.isArray(reply)) return entries;
  for (let i = 0; i + 1 < reply.length; i += 2) entries.set(String(reply[i]), String(reply[i + 1]));
  return entries;
}
