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
 * Hears from every sentinel when it wants a replica promoted. The promotion itself is the guard's. What is published while
 * nobody listens is lost, so each new connection begins with the question whether somebody is selected already.
 */
export class SentinelWatch {
  private readonly connections = new Map<string, RedisConnection>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private stopped = false;

  /** @param onSelected called with HOST:PORT of the one that shall be promoted */
  constructor(
    private readonly config: GuardConfig,
    private readonly password: () => string,
    private readonly onSelected: (place: string) => void,
  ) {
    for (const sentinel of config.sentinels) this.connect(sentinel);
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const connection of this.connections.values()) connection.close();
  }

  private connect(sentinel: Place): void {
    const connection = new RedisConnection(
      {
        from: this.config.address,
        host: sentinel.address,
        port: sentinel.port,
        user: 'guard',
        password: this.password(),
      },
      PATIENCE_MS,
      () => {
        clearInterval(pings);
        this.timers.delete(pings);
        this.connectLater(sentinel);
      },
      (_channel, payload) => this.read(payload),
    );
    this.connections.set(sentinel.name, connection);
    connection
      .call('SENTINEL', 'REPLICAS', this.config.shard)
      .then((replicas) => this.findSelected(replicas))
      // Its file of accounts is of before, or it does not know the shard: what it publishes is heard all the same.
      .catch(() => undefined);
    connection.subscribe(CHANNELS);
    // Silence ends the connection, and that is what it is for.
    const pings = setInterval(() => connection.call('PING').catch(() => undefined), PING_MS);
    this.timers.add(pings);
  }

  private connectLater(sentinel: Place): void {
    if (this.stopped) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.connect(sentinel);
    }, RETRY_MS);
    this.timers.add(timer);
  }

  /** Fields of every replica, name and value by turns. From its selection to the end of the failover one is `promoted`. */
  private findSelected(replicas: Reply): void {
    for (const fields of Array.isArray(replicas) ? replicas : []) {
      if (!Array.isArray(fields)) continue;
      const field = (name: string): string => String(fields[fields.indexOf(name) + 1]);
      if (field('flags').split(',').includes('promoted')) this.onSelected(`${field('ip')}:${field('port')}`);
    }
  }

  /** `slave NAME HOST PORT @ SHARD HOST PORT` */
  private read(payload: string): void {
    const [kind, , host, port, , shard] = payload.split(' ');
    if (kind === 'slave' && shard === this.config.shard) this.onSelected(`${host}:${port}`);
  }
}
