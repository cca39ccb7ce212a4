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

/** Has a connection to a redis or sentinel, and runs `use` with it. */
export type WithRedis = <T>(
  at: RedisAddress,
  login: RedisLogin,
  use: (redis: Redis) => Promise<T>,
  patienceMs?: number,
) => Promise<T>;

/**
 * Opens one connection, runs `use` and closes it, whatever happens. No retries, no reconnects: the caller wants to
 * know how things are now.
 */
export const withRedis: WithRedis = async (at, login, use, patienceMs = PATIENCE_MS) => {
  const connection = new Connection(at, login, patienceMs);
  try {
    return await connection.run(use);
  } finally {
    connection.end();
  }
};

/** Connections that stay, for whoever asks the same members again and again. */
export class KeptConnections {
  readonly #kept = new Map<string, Connection>();

  /** As `withRedis`. One that was lost since it was last used is made anew, for that says nothing of now. */
  async with<T>(
    at: RedisAddress,
    login: RedisLogin,
    use: (redis: Redis) => Promise<T>,
    patienceMs = PATIENCE_MS,
  ): Promise<T> {
    const key = `${login.username ?? ''}@${at.address}:${at.port}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      try {
        return await kept.run(use);
      } catch (error) {
        this.#drop(key, kept);
        if (!kept.isLost) throw error;
      }
    }
    const connection = new Connection(at, login, patienceMs);
    this.#kept.set(key, connection);
    try {
      return await connection.run(use);
    } catch (error) {
      this.#drop(key, connection);
      throw error;
    }
  }

  end(): void {
    for (const connection of this.#kept.values()) connection.end();
    this.#kept.clear();
  }

  #drop(key: string, connection: Connection): void {
    connection.end();
    if (this.#kept.get(key) === connection) this.#kept.delete(key);
  }
}

/** One connection, made when it is first used, and never again. */
class Connection {
  readonly #redis: Redis;
  #connecting: Promise<void> | undefined;
  // ioredis emits errors besides rejecting; the rejection is what the caller sees.
  #lastError: Error | undefined;
  /** It was there, and has ended by itself. */
  isLost = false;

  constructor(at: RedisAddress, { username, password }: RedisLogin, patienceMs: number) {
    this.#redis = new Redis({
      host: at.address,
      port: at.port,
      username,
      password,
      ...ONCE,
      connectTimeout: patienceMs,
      commandTimeout: patienceMs,
      enableOfflineQueue: true,
    });
    this.#redis.on('error', (error: Error) => {
      this.#lastError = error;
    });
    this.#redis.on('close', () => {
      this.isLost = true;
    });
  }

  async run<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      this.#connecting ??= this.#redis.connect();
      await this.#connecting;
      return await use(this.#redis);
    } catch (error) {
      throw this.#lastError ?? error;
    }
  }

  end(): void {
    this.#redis.disconnect();
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
