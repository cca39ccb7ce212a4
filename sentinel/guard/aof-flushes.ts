import type { OwnRedis } from './own-redis.ts';
import type { FullView } from './view.ts';

/** A clock is slewed, not set, for less. Milliseconds. */
const SET_BACK_MS = 1000;

/**
 * Keeps `appendfsync everysec` what it says. Redis tells by the time of day when the last second is over (`aof_last_fsync`,
 * aof.c); a clock that is set back by an hour keeps it from flushing its file for an hour, and a loss of power meanwhile takes
 * that hour. Measured with 7.0.15: not one fdatasync. With `always` it flushes at the next write and takes the new time down;
 * from then on every second is one again.
 */
export class AofFlushes {
  /** The time of day at the beginning of the clock that nobody sets. */
  private origin = Date.now() - performance.now();
  /** How long the file was when each write was to be flushed; undefined: nothing was done. */
  private sinceBytes: number | undefined;

  /** @param policy what the redis is to do, as its seed says */
  constructor(
    private readonly redis: OwnRedis,
    private readonly log: (text: string) => void,
    private readonly policy: () => string,
  ) {}

  /** Looks whether the clock was set back. @param view how the redis stands now */
  async keep({ aofBytes }: FullView): Promise<void> {
    const origin = Date.now() - performance.now();
    const back = Math.round(this.origin - origin);
    this.origin = origin;
    if (back > SET_BACK_MS && this.policy() === 'everysec') {
      this.log(
        `the clock was set back by ${back} ms: flushes the next write, so that every second is one again`,
      );
      await this.redis.setFlushes('always');
      // What was written in between may have been before that.
      this.sinceBytes = (await this.redis.view())?.aofBytes ?? aofBytes;
    } else if (this.sinceBytes !== undefined && this.sinceBytes !== aofBytes) {
      this.sinceBytes = undefined;
      await this.redis.setFlushes(this.policy());
    }
  }
}
