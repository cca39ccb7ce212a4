import type { UnknownOutcomes } from '../../topology/types.ts';
import type { RuntimeName } from './install.ts';

/** Which pool of the proxy: over both servers, the same with `transactions: per_shard`, or on one of them. */
export type Pool = 'sharded' | 'per_shard' | 'one shard';

/** One application: a program below test/apps that does its core work and says how it went. */
export interface Application {
  /** As the row of docs/applications.md names it. */
  readonly name: string;
  readonly runtime: RuntimeName;
  /** File of the program, without its ending. */
  readonly program: string;
  readonly runs: readonly ApplicationRun[];
  /** What the program prints when everything worked, the same on every pool. */
  readonly verdicts: Readonly<Record<string, unknown>>;
}

export interface ApplicationRun {
  readonly pool: Pool;
  /** Prefix of its keys, or what else the program is told; left out, the library does as it does. */
  readonly naming?: string;
  /** What a user is told where it does not work. */
  readonly refused?: RegExp;
}

/** A program that is at work while the master of its shard is killed; it prints `{lost: [], worked: true}`. */
export interface ThroughDeath {
  /** As the row of docs/applications.md names it. */
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly program: string;
  readonly naming?: string;
  /** What its user may rely on, as the page says it. */
  readonly promise:
    | 'no job lost'
    | 'no job lost but those it logs'
    | 'heard again'
    | 'nothing stored is lost';
  /** Which rule for writes of unknown outcome its pool has; left out, the default. */
  readonly pool?: UnknownOutcomes;
}

const ONE_SHARD: ApplicationRun = { pool: 'one shard' };
const AS_IS: ApplicationRun = { pool: 'sharded' };
const IN_PARTS: ApplicationRun = { pool: 'per_shard' };
const APART = /live on different servers; give them a common hash tag.*or use a pool on one shard/;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const THROUGH_DEATH: readonly ThroughDeath[] = [
  { name: 'BullMQ', runtime: 'node', program: 'bullmq-death', promise: 'no job lost' },
  { name: 'Bull', runtime: 'node', program: 'bull-death', promise: 'no job lost' },
  { name: 'bee-queue', runtime: 'node', program: 'bee-queue-death', promise: 'no job lost' },
  ...['pubsub/redis', 'sharded/ioredis', 'streams/redis'].map(
    (naming): ThroughDeath => ({
      name: 'Socket.IO adapters',
      runtime: 'node',
      program: 'socket-io-death',
      naming,
      promise: 'heard again',
    }),
  ),
  { name: 'asynq', runtime: 'go', program: 'asynq-death', promise: 'no job lost' },
  { name: 'Lettuce', runtime: 'java', program: 'lettuce-death', promise: 'no job lost' },
  {
    name: 'Celery',
    runtime: 'python',
    program: 'celery_death',
    promise: 'no job lost but those it logs',
    pool: 'disconnect',
  },
  {
    name: 'Sidekiq',
    runtime: 'ruby',
    program: 'sidekiq_death',
    promise: 'no job lost but those it logs',
  },
  { name: 'RQ', runtime: 'python', program: 'rq_death', promise: 'no job lost' },
  { name: 'Django cache', runtime: 'python', program: 'django_death', promise: 'nothing stored is lost' },
  { name: 'dramatiq', runtime: 'python', program: 'dramatiq_death', promise: 'no job lost' },
  { name: 'huey', runtime: 'python', program: 'huey_death', promise: 'no job lost but those it logs' },
];

export const APPLICATIONS: readonly Application[] = [
  {
    name: 'BullMQ',
    runtime: 'node',
    program: 'bullmq',
    runs: [ONE_SHARD, { pool: 'sharded', naming: '{mail}' }, { ...AS_IS, refused: APART }],
    verdicts: { done: numbers(23).join(), result: 42, tries: 2, workers: 2, left: 0 },
  },
  {
    name: 'Bull',
    runtime: 'node',
    program: 'bull',
    runs: [ONE_SHARD, { pool: 'sharded', naming: '{mail}' }],
    verdicts: { done: numbers(12).join(), result: 0 },
  },
  {
    name: 'Celery',
    runtime: 'python',
    program: 'celery_app',
    runs: [ONE_SHARD, { pool: 'sharded', naming: '{celery}' }, { ...AS_IS, refused: APART }],
    verdicts: {
      before: 3,
      group: numbers(10).map((i) => i * 2),
      chord: 55,
      later: 7,
      retried: 1,
      workers: 1,
    },
  },
  {
    name: 'RQ',
    runtime: 'python',
    program: 'rq_app',
    runs: [ONE_SHARD, { ...AS_IS, refused: APART }],
    verdicts: {
      results: [0, 2, 4, 6, 8],
      after: 42,
      failed: 'failed',
      inFailedRegistry: 1,
      waiting: 0,
      workers: 0,
    },
  },
  {
    name: 'dramatiq',
    runtime: 'python',
    program: 'dramatiq_app',
    runs: [
      ONE_SHARD,
      { ...AS_IS, refused: /'evalsha' with 0 keys is not served: the pool has several servers/ },
    ],
    verdicts: {
      done: numbers(12),
      results: numbers(12).map((i) => i * 2),
      retried: 2,
      limiter: [false, true],
    },
  },
  {
    name: 'huey',
    runtime: 'python',
    program: 'huey_app',
    runs: [AS_IS],
    verdicts: {
      fifo: { done: numbers(7), values: [0, 2, 4, 6, 8, 10, 12], lock: [true, false] },
      priority: { done: numbers(7), values: [0, 2, 4, 6, 8, 10, 12], lock: [true, false] },
    },
  },
  {
    name: 'limits',
    runtime: 'python',
    program: 'limits_app',
    runs: [AS_IS],
    verdicts: {
      FixedWindowRateLimiter: [true, true, true, false, true],
      MovingWindowRateLimiter: [true, true, true, false, true],
      SlidingWindowCounterRateLimiter: [true, true, true, false, true],
    },
  },
  {
    name: 'redis-py',
    runtime: 'python',
    program: 'redis_py',
    runs: [AS_IS],
    verdicts: {
      piped: 100,
      many: true,
      transaction: [-5, 5],
      watched: 'refused',
      held: false,
      owned: true,
      released: 0,
      again: true,
      extended: true,
      script: true,
      scanned: 100,
      deleted: 100,
      heard: ['early', 'pattern early'],
      popped: [['py-jobs', 'job']],
      entries: 1,
    },
  },
  {
    name: 'bee-queue',
    runtime: 'node',
    program: 'bee-queue',
    runs: [ONE_SHARD, { pool: 'sharded', naming: '{mail}' }],
    verdicts: { done: numbers(11).join(), result: 0 },
  },
  {
    name: 'connect-redis',
    runtime: 'node',
    program: 'connect-redis',
    runs: [AS_IS],
    verdicts: { visits: ['1', '2'], others: 20, length: 21, all: 21, afterDestroy: '1', afterClear: 0 },
  },
  {
    name: 'Socket.IO adapters',
    runtime: 'node',
    program: 'socket-io',
    runs: ['pubsub/redis', 'sharded/redis', 'streams/redis'].map((naming) => ({ pool: 'sharded', naming })),
    verdicts: {
      heard: ['all,room', 'all,room'],
      acknowledged: ['user 0', 'user 1'],
      others: ['here'],
    },
  },
  {
    name: 'rate-limiter-flexible',
    runtime: 'node',
    program: 'rate-limiter-flexible',
    runs: [AS_IS],
    verdicts: {
      answers: ['served', 'served', 'served', 'limited', 'limited'],
      consumedPoints: 5,
      blocked: true,
      afterDelete: null,
    },
  },
  {
    name: 'rate-limit-redis',
    runtime: 'node',
    program: 'rate-limit-redis',
    runs: [AS_IS],
    verdicts: { status: [200, 200, 200, 429, 429, 200] },
  },
  {
    name: 'redlock',
    runtime: 'node',
    program: 'redlock',
    runs: [{ pool: 'sharded', naming: '{bill}' }],
    verdicts: { sections: 4, alone: true, released: true, both: [2, 0] },
  },
  {
    name: 'keyv',
    runtime: 'node',
    program: 'keyv',
    runs: [ONE_SHARD, IN_PARTS, { ...AS_IS, refused: /"got":0.*transactions: per_shard/ }],
    verdicts: {
      got: 50,
      deleted: [true, false],
      walked: 50,
      afterClear: null,
      otherNamespace: 1,
      errors: [],
    },
  },
  {
    name: 'cache-manager',
    runtime: 'node',
    program: 'cache-manager',
    runs: [ONE_SHARD, IN_PARTS],
    verdicts: { wrapped: [1, 1], got: 20, afterDelete: null, cleared: true, afterClear: null },
  },
  {
    name: 'ioredis',
    runtime: 'node',
    program: 'ioredis',
    runs: [AS_IS],
    verdicts: {
      piped: 100,
      many: 100,
      moved: [-5, 5],
      script: 25,
      scanned: 100,
      receivers: 2,
      heard: ['news today', 'pattern news today'],
      popped: ['jobs', 'job'],
      entries: 1,
      left: 0,
    },
  },
  {
    name: 'node-redis',
    runtime: 'node',
    program: 'node-redis',
    runs: [AS_IS],
    verdicts: {
      many: 100,
      moved: [-5, 5],
      watched: 'WatchError',
      script: 25,
      scanned: 100,
      receivers: 2,
      heard: ['pattern today', 'today'],
      popped: 'job',
      entries: 1,
    },
  },
  {
    name: 'Bottleneck',
    runtime: 'node',
    program: 'bottleneck',
    runs: [ONE_SHARD, { pool: 'sharded', naming: '{calls}' }, { ...AS_IS, refused: APART }],
    verdicts: { done: numbers(6), most: 1, left: 2, errors: [] },
  },
  {
    name: 'graphql-redis-subscriptions',
    runtime: 'node',
    program: 'graphql-redis-subscriptions',
    runs: [AS_IS],
    verdicts: { heard: [1, 2], iterated: [{ post: 1 }, { post: 3 }] },
  },
  {
    name: 'NestJS microservices',
    runtime: 'node',
    program: 'nestjs',
    runs: [AS_IS],
    verdicts: { sums: [2, 4, 6], stream: numbers(4), events: [{ id: 7 }] },
  },
  {
    name: 'node-resque',
    runtime: 'node',
    program: 'node-resque',
    // of a transaction ioredis gives on what EXEC says
    runs: [ONE_SHARD, { pool: 'sharded', naming: '{mail}' }, { ...AS_IS, refused: APART }],
    verdicts: {
      done: numbers(6)
        .map((i) => i + 100)
        .join(),
      left: 0,
      workers: 1,
      failed: ['on purpose'],
      errors: [],
    },
  },
  {
    name: 'redis-semaphore',
    runtime: 'node',
    program: 'redis-semaphore',
    runs: [AS_IS],
    verdicts: { alone: [true, false, true], seated: [true, true, false, true] },
  },
  {
    name: 'Django cache',
    runtime: 'python',
    program: 'django_cache',
    runs: [ONE_SHARD, IN_PARTS, { ...AS_IS, refused: /of 'mset' live on different servers/ }],
    verdicts: {
      set: { deep: [1] },
      add: [false, true],
      incr: 7,
      set_many: [],
      get_many: true,
      after_delete_many: 25,
      session: 1,
      flushed: false,
      after_clear: [null, null],
    },
  },
  {
    name: 'django-redis',
    runtime: 'python',
    program: 'django_cache',
    runs: [
      { pool: 'one shard', naming: 'django_redis.cache.RedisCache' },
      { pool: 'per_shard', naming: 'django_redis.cache.RedisCache' },
    ],
    verdicts: {
      set: { deep: [1] },
      add: [false, true],
      incr: 7,
      set_many: null,
      get_many: true,
      after_delete_many: 25,
      session: 1,
      flushed: false,
      keys: 25,
      delete_pattern: 25,
      held: false,
      free: true,
      after_clear: [null, null],
    },
  },
  {
    name: 'asynq',
    runtime: 'go',
    program: 'asynq',
    runs: [AS_IS],
    verdicts: { done: 11, tries: 2, unique: [false, true], cancelled: true, servers: 1, scheduled: 1 },
  },
  {
    name: 'redsync',
    runtime: 'go',
    program: 'redsync',
    runs: [AS_IS],
    verdicts: { sections: 8, most: 1, refused: true, extended: true, unlocked: true, again: true },
  },
  {
    name: 'go-redis',
    runtime: 'go',
    program: 'go-redis',
    runs: [AS_IS],
    verdicts: {
      many: 100,
      moved: [-5, 5],
      counted: 10,
      scripts: 20,
      scanned: 100,
      heard: [' today', 'go-n* today'],
      popped: ['go-jobs', 'job'],
      entries: 1,
      deleted: 100,
    },
  },
  {
    name: 'rueidis',
    runtime: 'go',
    program: 'rueidis',
    runs: [AS_IS, { pool: 'sharded', naming: 'uncached' }],
    verdicts: {
      many: 100,
      cached: 'new',
      moved: [-5, 5],
      scripts: 20,
      heard: 'today',
      popped: ['r-jobs', 'job'],
    },
  },
  {
    name: 'Jedis',
    runtime: 'java',
    program: 'jedis',
    runs: [AS_IS, ONE_SHARD],
    verdicts: {
      piped: 100,
      many: true,
      moved: [-5, 5],
      watched: 'null',
      scripts: 100,
      scanned: 100,
      heard: ['jedis-n* today', 'jedis-news today'],
      popped: ['jedis-jobs', 'job'],
      entries: 1,
      deleted: 100,
    },
  },
  {
    name: 'Lettuce',
    runtime: 'java',
    program: 'lettuce',
    runs: [AS_IS, ONE_SHARD],
    verdicts: {
      many: 100,
      moved: [-5, 5],
      discarded: true,
      scripts: 100,
      scanned: 100,
      heard: ['lettuce-n* today', 'lettuce-news today'],
      popped: ['lettuce-jobs', 'job'],
      entries: 1,
      cached: 'new',
      deleted: 100,
    },
  },
  {
    name: 'Redisson',
    runtime: 'java',
    program: 'redisson',
    runs: [AS_IS, ONE_SHARD],
    verdicts: {
      sections: [8, 1],
      map: [20, 19, 20],
      expiring: 2,
      taken: 'job',
      heard: '2 today today',
      batch: 100,
      walked: 100,
      permits: [true, true, false],
      cached: '{a=new}',
      limited: [true, true, false],
      later: 'in time',
      transaction: [-5, 5],
      deleted: 100,
    },
  },
  {
    name: 'Spring Data Redis',
    runtime: 'java',
    program: 'spring-data',
    runs: [AS_IS, ONE_SHARD],
    verdicts: {
      piped: 100,
      many: true,
      moved: [-5, 5],
      scripts: 100,
      scanned: 100,
      heard: ['channel today', 'pattern today'],
      entries: '{a=1}',
      popped: 'job',
      made: 21,
      deleted: 100,
    },
  },
  {
    name: 'Spring Session',
    runtime: 'java',
    program: 'spring-session',
    runs: [ONE_SHARD, { pool: 'sharded', naming: '{shop}' }, { ...AS_IS, refused: APART }],
    verdicts: { visits: 40, renamed: true, deleted: true },
  },
  {
    name: 'Spring Session, indexed',
    runtime: 'java',
    program: 'spring-session-indexed',
    runs: [ONE_SHARD, { pool: 'sharded', naming: '{shop}' }],
    verdicts: { visits: 40, renamed: true, deleted: true, ofUser: 3, ended: true, created: true },
  },
  {
    name: 'Sidekiq',
    runtime: 'ruby',
    program: 'sidekiq',
    runs: [ONE_SHARD],
    verdicts: { done: 21, waiting: 5, cleared: 0, processes: 0 },
  },
  {
    name: 'predis',
    runtime: 'php',
    program: 'predis',
    runs: [AS_IS],
    verdicts: {
      piped: 100,
      many: true,
      transaction: [-5, 5],
      atomic: [1, 2],
      tries: 2,
      copied: '7',
      scripts: 100,
      scanned: 100,
      popped: ['predis-jobs', 'job'],
      receivers: 1,
      heard: 'today',
      deleted: 100,
    },
  },
  {
    name: 'phpredis',
    runtime: 'php',
    program: 'phpredis',
    runs: [AS_IS],
    verdicts: {
      piped: 100,
      many: true,
      transaction: [-5, 5],
      watched: false,
      scripts: 100,
      scanned: 100,
      after: true,
      popped: ['phpredis-jobs', 'job'],
      deleted: 100,
      session: 1,
      destroyed: [],
    },
  },
  {
    name: "Laravel's queue",
    runtime: 'laravel',
    program: 'laravel_queue',
    runs: [
      ONE_SHARD,
      { pool: 'one shard', naming: 'predis' },
      { pool: 'sharded', naming: '{mail}' },
      { pool: 'sharded', naming: 'predis', refused: APART },
    ],
    verdicts: { waiting: 14, done: numbers(14), tries: 2, left: 0, cleared: 1, after: 0 },
  },
];
