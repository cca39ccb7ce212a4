import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { PlanShard } from '../../../topology/types.ts';
import { NotSoError } from '../../errors.ts';
import { ONCE, parseInfo, type RedisLogin } from '../../observe/redis-call.ts';
import { parseRedisView } from '../../observe/redis-view.ts';
import { lookAtMembers, masterAmong } from '../shard-members.ts';

/** Until a shard has a master that answers: a failover may be under way. */
const MASTER_MS = 30_000;
/** One batch of requests, as long as one large value may take to be checked. */
const ANSWER_MS = 60_000;
const POLL_MS = 250;
/** How long replicas may take for a batch; who is slower does not hold it up for ever. */
const REPLICAS_MS = 2000;
/** A request is its value and some words. */
const WORDS_BYTES = 64 * 1024;
/** Every redis takes so much (proto-max-bulk-len is at least 1 MB). */
const TAKEN_BYTES = 512 * 1024;

/** One request, as its words. */
export type Request = readonly [command: string, ...args: (string | Buffer | number)[]];

/** The master of one shard, whoever that is. */
export class Target {
  #redis: Redis | undefined;
  /** That are waited for. */
  #replicas = 0;
  /** Settings of the redis it is connected to that were changed, and what they were. */
  #changed: [name: string, value: string][] = [];
  /** Of the largest argument that it is known to take. */
  #room = 0;

  constructor(
    readonly shard: PlanShard,
    private readonly login: RedisLogin,
  ) {}

  /**
   * Sends requests in one go, and has the replicas that are there take them before it returns.
   *
   * Sent again when the master went away, is another one, or had no replica for a moment: they must be such as can be repeated.
   * A redis that would refuse a value of this size is told not to while it lasts.
   *
   * @throws NotSoError when one is refused for another reason, or nothing helped for half a minute
   */
  send(requests: readonly Request[], signal: AbortSignal): Promise<unknown[]> {
    return this.#send(requests, 'call', signal);
  }

  /** The same with strings of the answers as bytes. */
  sendForBytes(requests: readonly Request[], signal: AbortSignal): Promise<unknown[]> {
    return this.#send(requests, 'callBuffer', signal);
  }

  async #send(
    requests: readonly Request[],
    as: 'call' | 'callBuffer',
    signal: AbortSignal,
  ): Promise<unknown[]> {
    const until = performance.now() + MASTER_MS;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#sendOnce(requests, as);
      } catch (error) {
        if (!isPassing(error as Error)) throw refused(this.shard, error as Error);
        if (performance.now() > until) throw unreachable(this.shard, error as Error);
        await this.close();
        await delay(POLL_MS);
      }
    }
  }

  /** One request that changes nothing. */
  async ask(request: Request, signal: AbortSignal): Promise<unknown> {
    return (await this.send([request], signal))[0];
  }

  /** INFO as a map. */
  async info(section: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return parseInfo(String(await this.ask(['INFO', section], signal)));
  }

  /** Gives settings back as they were, and lets go. */
  async close(): Promise<void> {
    const redis = this.#redis;
    this.#redis = undefined;
    this.#room = 0;
    if (redis === undefined) return;
    // One that does not answer has them until its next start.
    for (const [name, value] of this.#changed) await redis.config('SET', name, value).catch(() => undefined);
    this.#changed = [];
    redis.disconnect();
  }

  async #sendOnce(requests: readonly Request[], as: 'call' | 'callBuffer'): Promise<unknown[]> {
    this.#redis ??= await this.#connect();
    await this.#makeRoom(this.#redis, largestOf(requests));
    const pipeline = this.#redis.pipeline();
    for (const [command, ...args] of requests) pipeline[as](command, ...args);
    pipeline.call('WAIT', this.#replicas, REPLICAS_MS);
    const answers = ((await pipeline.exec()) ?? []).map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    });
    // One that has gone is not waited for again.
    if (Number(answers.pop()) < this.#replicas) this.#replicas = await onlineReplicas(this.#redis);
    return answers;
  }

  async #connect(): Promise<Redis> {
    const master = masterAmong(await lookAtMembers(this.shard, this.login));
    if (master === undefined) throw new PassingError('no member says that it is master');
    const redis = new Redis({
      host: master.member.address,
      port: master.member.port,
      ...this.login,
      ...ONCE,
      connectTimeout: 2000,
      commandTimeout: ANSWER_MS,
    });
    // What goes wrong is said by the request that it goes wrong for.
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      // Other clients together may have so much; this one is none of them.
      await redis.call('CLIENT', 'NO-EVICT', 'ON');
      this.#replicas = await onlineReplicas(redis);
      return redis;
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  async #makeRoom(redis: Redis, bytes: number): Promise<void> {
    if (bytes <= this.#room) return;
    const needed = bytes + WORDS_BYTES;
    for (const name of ['proto-max-bulk-len', 'client-query-buffer-limit']) {
      const [, value] = (await redis.config('GET', name)) as string[];
      if (Number(value) >= needed) continue;
      await redis.config('SET', name, String(2 * needed));
      if (!this.#changed.some(([each]) => each === name)) this.#changed.push([name, value]);
    }
    this.#room = bytes;
  }
}

const largestOf = (requests: readonly Request[]): number => {
  let largest = TAKEN_BYTES;
  for (const request of requests)
    for (const word of request) if (Buffer.isBuffer(word)) largest = Math.max(largest, word.length);
  return largest;
};

const onlineReplicas = async (redis: Redis): Promise<number> =>
  parseRedisView(await redis.info('replication')).replicas.filter(({ online }) => online).length;

/** What another try may mend. */
class PassingError extends Error {}

const PASSING = /^(READONLY|NOREPLICAS|LOADING|MASTERDOWN|BUSY|UNBLOCKED)\b/;
const CONNECTION = /Connection is closed|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|timed out/;

const isPassing = (error: Error): boolean =>
  error instanceof PassingError ||
  PASSING.test(error.message) ||
  CONNECTION.test(`${error.message} ${(error as NodeJS.ErrnoException).code ?? ''}`);

function refused(shard: PlanShard, cause: Error): NotSoError {
  const isFull = cause.message.startsWith('OOM');
  return new NotSoError(
    isFull ? `${shard.name} is full: it takes no more keys` : `${shard.name} refuses: ${cause.message}`,
    {
      where: shard.name,
      remedy: isFull
        ? 'raise redis.maxmemory in stack.yaml and run `twemstack up`, or add shards; then the same command goes on'
        : 'what was written so far stays; the same command goes on from there',
      cause,
    },
  );
}

const unreachable = (shard: PlanShard, cause: Error): NotSoError =>
  new NotSoError(`${shard.name} takes no writes for more than ${MASTER_MS / 1000} s: ${cause.message}`, {
    where: shard.members.map(({ name }) => name).join(', '),
    remedy: '`twemstack status` tells more; afterwards the same command goes on from there',
    cause,
  });
