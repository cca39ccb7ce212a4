import type { GuardConfig, Place } from './config.ts';
import { RedisConnection } from './redis.ts';

/** The first says whom a sentinel has chosen; the second, that it waits for the promotion. */
const CHANNELS = ['+selected-slave', '+failover-state-wait-promotion'];
const RETRY_MS = 250;
/** A sentinel that is gone without a word is noticed by this. Milliseconds. */
const CONNECT_MS = 2000;

/** Hears from every sentinel when it wants a replica promoted. The promotion itself is the guard's. */
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
      CONNECT_MS,
      () => {
        if (this.stopped) return;
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          this.connect(sentinel);
        }, RETRY_MS);
        this.timers.add(timer);
      },
      (_channel, payload) => this.read(payload),
    );
    this.connections.set(sentinel.name, connection);
    connection.subscribe(CHANNELS);
  }

  /** `slave NAME HOST PORT @ SHARD HOST PORT` */
  private read(payload: string): void {
    const [kind, , host, port, , shard] = payload.split(' ');
    if (kind === 'slave' && shard === this.config.shard) this.onSelected(`${host}:${port}`);
  }
}
