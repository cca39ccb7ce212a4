import KeyvRedis from '@keyv/redis';
import Bottleneck from 'bottleneck';
import { createCache } from 'cache-manager';
import { RedisStore as Sessions } from 'connect-redis';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import resque from 'node-resque';
import { RedisStore as Hits } from 'rate-limit-redis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { Mutex } from 'redis-semaphore';
import redlock from 'redlock';
import { countFaults, given, HandOver } from './going-on.mjs';
import { password } from './through-death.mjs';
import { host, until } from './verdicts.mjs';

const Redlock = redlock.default ?? redlock;

/** Libraries that keep sessions, cached values, limits, locks and jobs. */
export async function storesWorks(port) {
  const io = new Redis({ host, port, password });
  const client = createClient({ socket: { host, port }, password });
  for (const each of [io, client]) each.on('error', () => undefined);
  await client.connect();
  const url = `redis://:${password}@${host}:${port}`;
  // Both must be told: an error that KeyvRedis keeps to itself is for Keyv a value that was stored.
  const keyv = (namespace) => {
    const throwOnErrors = true;
    const store = new Keyv({ store: new KeyvRedis(url, { throwOnErrors }), namespace, throwOnErrors });
    store.on('error', () => undefined);
    return store;
  };
  const shop = keyv('shop');
  const cache = createCache({ stores: [keyv('cm')] });
  const sessions = new Sessions({ client });
  const saved = (call) =>
    new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
  const session = (n) => ({ cookie: { originalMaxAge: 60_000 }, visit: n });
  return {
    'connect-redis': kept(
      (n) => saved((done) => sessions.set(`visit-${n}`, session(n), done)),
      async (n) => (await saved((done) => sessions.get(`visit-${n}`, done)))?.visit,
    ),
    keyv: kept(
      async (n) => assertTrue(await shop.set(`item-${n}`, n)),
      (n) => shop.get(`item-${n}`),
    ),
    'cache-manager': kept(
      (n) => cache.set(`item-${n}`, n),
      (n) => cache.get(`item-${n}`),
    ),
    ...limited(io, client),
    redlock: locked(async (section) => {
      const locks = new Redlock([io], { retryCount: 3, retryDelay: 50 });
      await locks.using(['redlock'], 8000, section);
    }),
    'redis-semaphore': locked(async (section) => {
      const mutex = new Mutex(io, 'mutex', { lockTimeout: 8000, acquireTimeout: 2000, retryInterval: 20 });
      await mutex.acquire();
      try {
        await section();
      } finally {
        await mutex.release();
      }
    }),
    ...(await resqued(port)),
    ...bottled(port),
    ...(await heard(port)),
  };
}

function assertTrue(value) {
  if (value !== true) throw new Error(`not stored: ${value}`);
}

/** What was stored is there, right away and in the end. */
function kept(store, load) {
  const stored = [];
  const said = [];
  return {
    step: async (n) => {
      await store(n);
      stored.push(n);
      const found = await load(n);
      if (found !== n) said.push(`${n} was ${found} right after`);
    },
    faults: async () => {
      for (const n of stored) if ((await load(n)) !== n) said.push(`${n} is gone`);
      return said;
    },
  };
}

/** Nobody is let through more often than was counted. */
function limited(io, client) {
  const limiter = new RateLimiterRedis({ storeClient: io, points: 1_000_000, duration: 600 });
  const hits = new Hits({ sendCommand: (...words) => client.sendCommand(words) });
  hits.init({ windowMs: 600_000 });
  const counted = (hit, count) => {
    let [confirmed, tried] = [0, 0];
    return {
      step: async () => {
        tried++;
        await hit();
        confirmed++;
      },
      faults: async () => countFaults(await count(), confirmed, tried - confirmed),
    };
  };
  return {
    'rate-limiter-flexible': counted(
      () => limiter.consume('me'),
      async () => (await limiter.get('me')).consumedPoints,
    ),
    'rate-limit-redis': counted(
      () => hits.increment('me'),
      async () => (await hits.get('me')).totalHits,
    ),
  };
}

/** Two want the same lock; how many are inside at once must never be two, as long as no lock runs out. */
function locked(using) {
  let [inside, most] = [0, 0];
  const section = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside--;
  };
  return {
    step: async () => {
      const done = await Promise.allSettled([using(section), using(section)]);
      if (done.every(({ status }) => status === 'rejected')) throw done[0].reason;
    },
    faults: () => (most > 1 ? [`${most} were inside at once`] : []),
  };
}

async function resqued(port) {
  const connection = { pkg: 'ioredis', host, port, options: { password }, database: 0, namespace: 'resque' };
  const hand = new HandOver(Number.POSITIVE_INFINITY);
  const jobs = { note: { perform: async (n) => hand.take(n) } };
  const queue = new resque.Queue({ connection }, jobs);
  const worker = new resque.Worker({ connection, queues: ['jobs'], timeout: 20 }, jobs);
  for (const each of [queue, worker]) {
    each.on('error', () => hand.doubtful++);
    await each.connect();
  }
  await worker.start();
  return { 'node-resque': given(hand, (n) => queue.enqueue('jobs', 'note', [n])) };
}

function bottled(port) {
  const limiter = new Bottleneck({
    id: 'calls',
    datastore: 'ioredis',
    Redis,
    clientOptions: { host, port, password },
    maxConcurrent: 1,
  });
  limiter.on('error', () => undefined);
  let [running, most] = [0, 0];
  return {
    Bottleneck: {
      step: () =>
        limiter.schedule({ expiration: 5000 }, async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 5));
          running--;
        }),
      faults: () => (most > 1 ? [`${most} jobs at once`] : []),
    },
  };
}

async function heard(port) {
  const options = { host, port, password };
  const pubsub = new RedisPubSub({ publisher: new Redis(options), subscriber: new Redis(options) });
  const seen = new Set();
  await pubsub.subscribe('POST_ADDED', ({ post }) => seen.add(post));
  return {
    'graphql-redis-subscriptions': {
      step: async (n) => {
        await pubsub.publish('POST_ADDED', { post: n });
        await until('it', () => seen.has(n), 3000);
      },
    },
  };
}
