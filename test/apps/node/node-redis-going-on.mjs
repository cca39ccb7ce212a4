import { BasicClientSideCache, createClient } from 'redis';
import { given, HandOver, raised, walked } from './going-on.mjs';
import { password } from './through-death.mjs';
import { host, until } from './verdicts.mjs';

/** node-redis: counting under WATCH, walking, waiting, publish/subscribe, streams, and its client-side cache. */
export async function nodeRedisWorks(port) {
  const connect = async (more = {}) => {
    const client = createClient({ socket: { host, port }, password, ...more });
    client.on('error', () => undefined);
    return await client.connect();
  };
  const redis = await connect();
  return {
    ...(await counting(connect, redis)),
    ...(await walking(redis)),
    ...(await handingOver(connect, redis)),
    ...(await hearing(connect, redis)),
    ...(await grouped(connect, redis)),
    ...(await remembering(connect, redis)),
  };
}

async function counting(connect, redis) {
  await redis.set('nr-count', 0);
  const work = raised([await connect(), await connect()], {
    propose: async (each) => {
      await each.watch('nr-count');
      return Number(await each.get('nr-count')) + 1;
    },
    commit: async (each, next) => {
      try {
        await each.multi().set('nr-count', next).exec();
        return true;
      } catch (error) {
        if (error.constructor.name === 'WatchError') return false;
        throw error;
      }
    },
    read: () => redis.get('nr-count'),
  });
  return { 'node-redis: watch': work };
}

async function walking(redis) {
  const names = Array.from({ length: 2000 }, (_, i) => `nr-walk:${i}`);
  await redis.mSet(names.map((name) => [name, 'x']));
  const pages = () => redis.scanIterator({ MATCH: 'nr-walk:*', COUNT: 50 });
  return { 'node-redis: scanIterator': walked(names.length, pages) };
}

async function handingOver(connect, redis) {
  const hand = new HandOver();
  const waiting = await connect();
  (async () => {
    for (;;) {
      try {
        const popped = await waiting.blPop('nr-jobs', 1);
        if (popped !== null) hand.take(Number(popped.element));
      } catch {
        hand.doubtful++;
      }
    }
  })();
  return { 'node-redis: blPop': given(hand, (n) => redis.rPush('nr-jobs', String(n))) };
}

async function hearing(connect, redis) {
  const heard = new Map();
  const note = (kind) => (text) => heard.set(`${kind} ${text}`, (heard.get(`${kind} ${text}`) ?? 0) + 1);
  const listening = await connect();
  await listening.subscribe('nr-news', note('channel'));
  await listening.pSubscribe('nr-n*', note('pattern'));
  return {
    'node-redis: subscribed': {
      step: async (n) => {
        await redis.publish('nr-news', String(n));
        await until('both', () => heard.has(`channel ${n}`) && heard.has(`pattern ${n}`), 3000);
      },
      faults: () => [...heard].filter(([, times]) => times > 1).map(([n]) => `${n} was heard twice`),
    },
  };
}

async function grouped(connect, redis) {
  const hand = new HandOver(Number.POSITIVE_INFINITY);
  await redis.xGroupCreate('nr-log', 'group', '0', { MKSTREAM: true });
  for (const me of ['a', 'b']) {
    const client = await connect();
    const done = async (entries) => {
      for (const { id, message } of entries) {
        hand.take(Number(message.n));
        await client.xAck('nr-log', 'group', id);
      }
    };
    (async () => {
      for (let round = 0; ; round++) {
        try {
          const read = await client.xReadGroup(
            'group',
            me,
            { key: 'nr-log', id: '>' },
            { COUNT: 10, BLOCK: 500 },
          );
          await done(read?.[0].messages ?? []);
          if (round % 5 === 0)
            await done((await client.xAutoClaim('nr-log', 'group', me, 500, '0')).messages);
        } catch {
          // what it was given is pending, and claimed
        }
      }
    })();
  }
  return { 'node-redis: xReadGroup': given(hand, (n) => redis.xAdd('nr-log', '*', { n: String(n) })) };
}

/** What is written by another client is seen in the cache of this one, ten seconds after the word that it is written. */
async function remembering(connect, redis) {
  const clientSideCache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU' });
  const reader = await connect({ RESP: 3, clientSideCache });
  const said = [];
  return {
    'node-redis: cache': {
      step: async (n) => {
        await reader.get('nr-cached');
        await redis.set('nr-cached', String(n));
        let value;
        const isNew = async () => {
          // what fails is not stale, and is asked again
          value = await reader.get('nr-cached').catch(() => 'nothing');
          return value === String(n);
        };
        await until('the new value', isNew, 10_000).catch((error) => {
          if (value !== 'nothing') said.push(`stale: ${value}, and ${n} was written`);
          throw error;
        });
      },
      faults: async () => [
        ...said,
        ...(clientSideCache.stats().hitCount > 0 ? [] : ['nothing was remembered']),
      ],
    },
  };
}
