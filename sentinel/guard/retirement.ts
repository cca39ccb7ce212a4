import { setTimeout as pause } from 'node:timers/promises';
import { ANYBODY } from './core/election.ts';
import type { Member } from './member.ts';
import { ReplyError } from './redis.ts';
import { failOver } from './sentinel-watch.ts';

/** For how long the end of its redis is put off at most, and how often it is looked whether it must be longer. Milliseconds. */
const MOST_MS = 2500;
const POLL_MS = 10;
/** The old master is given this long to answer the writes that waited, before its clients are cut. Milliseconds. */
const DRAIN_MS = 40;

/**
 * A master that is told to end (SIGTERM: `docker stop`, an engine or a machine that is shut down) hands over first: a sentinel
 * names a replica, which the guards vote for, this one too. Writes wait meanwhile, and are then sent to the new master;
 * otherwise nobody would do anything before the sentinels hold this one for down.
 *
 * Redis tells of it while it waits for replicas to confirm what they have (INFO: `shutdown_in_milliseconds`), which they do
 * once a second. One whose replicas have just done so ends at once, and is replaced as one that died.
 */
export class Retirement {
  private begun = false;

  /** @param endRedis SIGTERM, once more */
  constructor(
    private readonly member: Member,
    private readonly endRedis: () => void,
  ) {}

  /** To be called when the redis is seen to end. Does it once. */
  begin(): void {
    if (this.begun || !this.member.leading) return;
    this.begun = true;
    void this.handOver();
  }

  private async handOver(): Promise<void> {
    const { member } = this;
    const until = performance.now() + MOST_MS;
    try {
      await member.redis.postponeEnd(MOST_MS);
      member.log('its redis was told to end: hands over first');
      member.yieldTo(ANYBODY, MOST_MS);
      await this.askSentinels();
      while (member.memory.leads && performance.now() < until) await pause(POLL_MS);
      if (!member.memory.leads) await this.answerClients();
    } catch (error) {
      member.log(`ends without having handed over: ${(error as Error).message}`);
    }
    this.endRedis();
  }

  /** @throws Error when none of them names a replica */
  private async askSentinels(): Promise<void> {
    const { config } = this.member;
    // The one beside it is likely to end, too.
    const apart = config.sentinels.filter(({ address }) => address !== config.address);
    let refused = 'no sentinel is elsewhere';
    for (const sentinel of apart) {
      try {
        await failOver(config, sentinel, config.passwords[0], 'any');
        return;
      } catch (error) {
        refused = (error as Error).message;
        // Somebody else has begun.
        if (error instanceof ReplyError && refused.startsWith('INPROG')) return;
      }
    }
    throw new Error(refused);
  }

  private async answerClients(): Promise<void> {
    const { redis } = this.member;
    await redis.answerWrites();
    await pause(DRAIN_MS);
    await redis.cutClients();
  }
}
