import { Redis } from 'ioredis';
import { TEST_CREDENTIALS } from './stack-fixture.ts';

interface Server {
  readonly address: string;
  readonly port: number;
}

/** Writes unique keys one after the other to one server until `end` or until the server is gone. */
export interface Writer {
  /** Keys whose OK has arrived. */
  readonly acknowledged: readonly string[];
  /** Error replies, by their first word. */
  readonly refused: ReadonlyMap<string, number>;
  /** Stops after the write under way. */
  end(): Promise<void>;
}

/** Starts writing as the application. A lost connection ends it; an error reply does not. */
export const startWriter = (server: Server, prefix: string): Writer => write(server, prefix, 0);

/** As `startWriter`; a write is acknowledged when so many replicas have it, as a proxy with `wait_replicas` does. */
export const startWaitingWriter = (server: Server, prefix: string, replicas: number): Writer =>
  write(server, prefix, replicas);

/** Milliseconds a write waits for its replicas. */
const WAIT_MS = 200;

function write(server: Server, prefix: string, replicas: number): Writer {
  const acknowledged: string[] = [];
  const refused = new Map<string, number>();
  let ending = false;
  const done = (async () => {
    const redis = connect(server);
    try {
      for (let index = 0; !ending; index++) {
        const key = `${prefix}:${index}`;
        try {
          const [, confirmed] = await Promise.all([
            redis.set(key, prefix),
            replicas === 0 ? 0 : redis.wait(replicas, WAIT_MS),
          ]);
          if (confirmed >= replicas) acknowledged.push(key);
          else refused.set('UNCONFIRMED', (refused.get('UNCONFIRMED') ?? 0) + 1);
        } catch (error) {
          const word = (error as Error).message.split(' ')[0];
          if (!/^[A-Z]+$/.test(word)) return;
          refused.set(word, (refused.get(word) ?? 0) + 1);
        }
      }
    } finally {
      redis.disconnect();
    }
  })();
  return {
    acknowledged,
    refused,
    end() {
      ending = true;
      return done;
    },
  };
}

/** Those of `keys` that a server does not have. */
export async function missingKeys(server: Server, keys: readonly string[]): Promise<string[]> {
  const redis = connect(server);
  try {
    const missing: string[] = [];
    for (let start = 0; start < keys.length; start += 1000) {
      const part = keys.slice(start, start + 1000);
      const values = await redis.mget(part);
      missing.push(...part.filter((_, index) => values[index] === null));
    }
    return missing;
  } finally {
    redis.disconnect();
  }
}

function connect({ address, port }: Server): Redis {
  const redis = new Redis({
    host: address,
    port,
    username: 'proxy',
    password: TEST_CREDENTIALS.proxy,
    connectTimeout: 900,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  redis.on('error', () => undefined);
  return redis;
}
