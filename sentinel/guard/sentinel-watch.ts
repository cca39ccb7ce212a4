import type { GuardConfig, Place } from './config.ts';
import { RedisConnection, type Reply } from './redis.ts';

/** The first says whom a sentinel has chosen; the second, that it waits for the promotion. */
const CHANNELS = ['+selected-slave', '+failover-state-wait-promotion'];
const RETRY_MS = 250;
/**
 * One that listens says nothing, so it does not notice that the other side is gone without a word (a host that lost its
 * power, a cable): it asks so often, and makes another connection when no answer comes within that. Milliseconds.
 */
const PING_MS = 500;
const PATIENCE_MS = 1000;

/**
 * Hears from every sentinel, for as long as the guard runs, when it wants a replica promoted. The promotion itself is the
 * guard's. What is published while nobody listens is lost, so each new connection begins with the question whether somebody
 * is selected already.
 *
 * @param onSelected called with HOST:PORT of the one that shall be promoted
 */
export function watchSentinels(
  config: GuardConfig,
  password: () => string,
  onSelected: (place: string) => void,
): void {
  const { address: from, shard } = config;
  const connect = (sentinel: Place): void => {
    const connection = new RedisConnection(
      { from, host: sentinel.address, port: sentinel.port, user: 'guard', password: password() },
      PATIENCE_MS,
      () => {
        clearInterval(pings);
        setTimeout(() => connect(sentinel), RETRY_MS);
      },
      (_channel, payload) => {
        const place = publishedSelection(payload, shard);
        if (place !== undefined) onSelected(place);
      },
    );
    connection
      .call('SENTINEL', 'REPLICAS', shard)
      .then((replicas) => selectedAmong(replicas).forEach(onSelected))
      // Its file of accounts is of before, or it does not know the shard: what it publishes is heard all the same.
      .catch(() => undefined);
    connection.subscribe(CHANNELS);
    // Silence ends the connection, and that is what it is for.
    const pings = setInterval(() => connection.call('PING').catch(() => undefined), PING_MS);
  };
  for (const sentinel of config.sentinels) connect(sentinel);
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
    const field = (name: string): string => String(fields[fields.indexOf(name) + 1]);
    return field('flags').split(',').includes('promoted') ? [`${field('ip')}:${field('port')}`] : [];
  });
}
