import type { GuardConfig, Place } from './config.ts';
import { type Access, RedisConnection, type Reply } from './redis.ts';

/** Says that a sentinel stood for election and got too few votes. */
const NOT_ELECTED = '-failover-abort-not-elected';
/** The first says whom a sentinel has chosen; the second, that it waits for the promotion. */
const CHANNELS = ['+selected-slave', '+failover-state-wait-promotion', NOT_ELECTED];
const RETRY_MS = 250;
/**
 * One that listens says nothing, so it does not notice that the other side is gone without a word (a host that lost its
 * power, a cable): it asks so often, and makes another connection when no answer comes within that. Milliseconds.
 */
const PING_MS = 500;
const PATIENCE_MS = 1000;

/** What a guard hears from sentinels about its shard. */
export interface Heard {
  /** HOST:PORT of the one that shall be promoted. */
  onSelected(place: string): void;
  /** @param rank of the sentinel in the guard's file */
  onNotElected(sentinel: Place, rank: number): void;
}

const accessTo = (sentinel: Place, from: string, password: string): Access => ({
  from,
  host: sentinel.address,
  port: sentinel.port,
  user: 'guard',
  password,
});

/**
 * Hears from every sentinel, for as long as the guard runs, when it wants a replica promoted. The promotion itself is the
 * guard's. What is published while nobody listens is lost, so each new connection begins with the question whether somebody
 * is selected already.
 */
export function watchSentinels(config: GuardConfig, password: () => string, heard: Heard): void {
  const { address: from, shard } = config;
  const connect = (sentinel: Place, rank: number): void => {
    const connection = new RedisConnection(
      accessTo(sentinel, from, password()),
      PATIENCE_MS,
      () => {
        clearInterval(pings);
        setTimeout(() => connect(sentinel, rank), RETRY_MS);
      },
      (channel, payload) => {
        if (channel === NOT_ELECTED) {
          if (payload.startsWith(`master ${shard} `)) heard.onNotElected(sentinel, rank);
          return;
        }
        const place = publishedSelection(payload, shard);
        if (place !== undefined) heard.onSelected(place);
      },
    );
    connection
      .call('SENTINEL', 'REPLICAS', shard)
      .then((replicas) => {
        for (const place of selectedAmong(replicas)) heard.onSelected(place);
      })
      // Its file of accounts is of before, or it does not know the shard: what it publishes is heard all the same.
      .catch(() => undefined);
    connection.subscribe(CHANNELS);
    // Silence ends the connection, and that is what it is for.
    const pings = setInterval(() => connection.call('PING').catch(() => undefined), PING_MS);
  };
  config.sentinels.forEach(connect);
}

/** Which masters a sentinel shall replace at a guard's word. */
export type Replaced = 'one that is down' | 'any';

/**
 * Tells a sentinel to name a replica without having been elected.
 *
 * @param replaced `one that is down`: only if as many as its quorum hold the master for down still
 * @returns whether it does so
 * @throws ReplyError when it will not, Error when it does not answer
 */
export async function failOver(
  { address, shard }: GuardConfig,
  sentinel: Place,
  password: string,
  replaced: Replaced,
): Promise<boolean> {
  const connection = new RedisConnection(accessTo(sentinel, address, password), PATIENCE_MS);
  try {
    if (replaced === 'one that is down') {
      const master = await connection.call('SENTINEL', 'MASTER', shard);
      if (!Array.isArray(master) || !fieldOf(master, 'flags').split(',').includes('o_down')) return false;
    }
    await connection.call('SENTINEL', 'FAILOVER', shard);
    return true;
  } finally {
    connection.close();
  }
}

/** HOST:PORT out of `slave NAME HOST PORT @ SHARD HOST PORT`; undefined when it is of another shard. */
function publishedSelection(payload: string, ofShard: string): string | undefined {
  const [kind, , host, port, , shard] = payload.split(' ');
  return kind === 'slave' && shard === ofShard ? `${host}:${port}` : undefined;
}

/** Fields of every replica, name and value by turns. From its selection to the end of the failover one is `promoted`. */
function selectedAmong(replicas: Reply): string[] {
  if (!Array.isArray(replicas)) return [];
  return replicas.filter(Array.isArray).flatMap((fields: Reply[]) => {
    const isPromoted = fieldOf(fields, 'flags').split(',').includes('promoted');
    return isPromoted ? [`${fieldOf(fields, 'ip')}:${fieldOf(fields, 'port')}`] : [];
  });
}

/** Of names and values by turns. */
const fieldOf = (fields: readonly Reply[], name: string): string => String(fields[fields.indexOf(name) + 1]);
