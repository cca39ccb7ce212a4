import type { Peer } from './config.ts';
import { RedisConnection } from './redis.ts';

/** Looks whether the master that this member follows is one and answers, apart from what replication says of it. */
export class MasterWatch {
  private connection: RedisConnection | undefined;
  private watched: Peer | undefined;
  private heardAt = Number.NEGATIVE_INFINITY;
  private asking = false;

  /**
   * @param from own address
   * @param window silence in milliseconds after which it counts as gone: shorter than Sentinel's, or it would be defended while it is
   * replaced
   */
  constructor(
    private readonly from: string,
    private readonly window: () => number,
    private readonly password: () => string,
  ) {
    setInterval(() => void this.ask(), window() / 4);
  }

  /** Whom to look at from now on; undefined: nobody. */
  watch(peer: Peer | undefined): void {
    if (peer?.name === this.watched?.name) return;
    this.watched = peer;
    this.heardAt = Number.NEGATIVE_INFINITY;
    this.connection?.close();
    this.connection = undefined;
    void this.ask();
  }

  /** Whether this one answered lately that it is master, and takes writes. */
  hears(peer: Peer | undefined): boolean {
    return (
      peer !== undefined &&
      peer.name === this.watched?.name &&
      performance.now() - this.heardAt < this.window()
    );
  }

  private async ask(): Promise<void> {
    const { watched } = this;
    if (watched === undefined || this.asking) return;
    this.asking = true;
    const askedAt = performance.now();
    try {
      if (this.connection === undefined || !this.connection.open) {
        const access = {
          from: this.from,
          host: watched.address,
          port: watched.port,
          user: 'guard',
          password: this.password(),
        };
        this.connection = new RedisConnection(access, this.window());
      }
      const role = await this.connection.call('ROLE');
      // One whose disk is full answers MISCONF, as to every write; to Sentinel, too, that is silence.
      await this.connection.call('PING');
      if (watched === this.watched && Array.isArray(role) && role[0] === 'master') this.heardAt = askedAt;
    } catch {
      // Not heard is what matters; the next question makes another connection.
    } finally {
      this.asking = false;
    }
  }
}
