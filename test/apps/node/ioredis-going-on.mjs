import { Redis } from 'ioredis';
import { countFaults, given, HandOver, raised, walked } from './going-on.mjs';
import { password } from './through-death.mjs';
import { host, until, within } from './verdicts.mjs';

const KEYS = Number(process.env.APPS_KEYS ?? 5000);

/** ioredis: counting under WATCH, walking, waiting, publish/subscribe, streams, scripts, another database. */
export async function ioredisWorks(port) {
  const settings = { host, port, password, maxRetriesPerRequest: null };
  const connect = (more = {}) => {
    const redis = new Redis({ ...settings, ...more });
    redis.on('error', () => undefined);
    return redis;
  };
  const redis = connect();
  return {
    ...(await counting(connect, redis)),
    ...(await walking(redis)),
    ...handingOver(connect, redis),
    ...(await hearing(connect, redis)),
    ...(await grouped(connect, redis)),
    ...scripted(connect),
    ...apart(connect, redis),
  };
}

async function counting(connect, redis) {
  await redis.set('io-count', 0);
  const work = raised([connect(), connect()], {
    propose: async (each) => {
      await each.watch('io-count');
      return Number(await each.get('io-count')) + 1;
    },
    commit: async (each, next) => {
      const replies = await each.multi().set('io-count', next).exec();
      return replies !== null && (replies[0][0] ?? true);
    },
    read: () => redis.get('io-count'),
  });
  return { 'ioredis: watch': work };
}

async function walking(redis) {
  const names = Array.from({ length: KEYS }, (_, i) => `io-walk:${i}`);
  for (let i = 0; i < KEYS; i += 1000)
    await redis.mset(names.slice(i, i + 1000).flatMap((name) => [name, 'x']));
  return { 'ioredis: scan': walked(KEYS, () => redis.scanStream({ match: 'io-walk:*', count: 20 })) };
}

function handingOver(connect, redis) {
  const popped = new HandOver();
  const moved = new HandOver();
  const take = async (hand, pop) => {
    const waiting = connect();
    for (;;) {
      try {
        const n = await pop(waiting);
        if (n !== null) hand.take(Number(n));
      } catch {
        hand.doubtful++;
      }
    }
  };
  for (let i = 0; i < 2; i++) {
    take(popped, async (waiting) => (await waiting.blpop('io-jobs', 1))?.[1] ?? null);
    take(moved, (waiting) => waiting.blmove('{io}:from', '{io}:to', 'LEFT', 'RIGHT', 1));
  }
  const work = (hand, key) => given(hand, (n) => redis.rpush(key, n));
  return {
    'ioredis: blpop': work(popped, 'io-jobs'),
    'ioredis: blmove': {
      ...work(moved, '{io}:from'),
      faults: async () => {
        await until('the last', () => moved.faults().length === 0).catch(() => undefined);
        // what was moved and not told is there
        for (const n of await redis.lrange('{io}:to', 0, -1))
          if (!moved.taken.has(Number(n))) moved.take(Number(n));
        moved.doubtful = 0;
        return moved.faults();
      },
    },
  };
}

async function hearing(connect, redis) {
  const heard = new Map();
  const listening = connect();
  listening.on('message', (_, n) => heard.set(n, (heard.get(n) ?? 0) + 1));
  await listening.subscribe('io-news');
  const anew = connect();
  return {
    'ioredis: subscribed': {
      step: async (n) => {
        await redis.publish('io-news', n);
        await until('it', () => heard.has(String(n)), 3000);
      },
      faults: () => [...heard].filter(([, times]) => times > 1).map(([n]) => `${n} was heard twice`),
    },
    // subscribed anew each time, also while nobody is master
    'ioredis: subscribing': {
      step: async (n) => {
        let came;
        const hear = (channel, text) => {
          if (channel === `io-news-${n}`) came = text;
        };
        anew.on('message', hear);
        try {
          await within('SUBSCRIBE', anew.subscribe(`io-news-${n}`), 15_000);
          await redis.publish(`io-news-${n}`, 'today');
          await until('it', () => came === 'today', 3000);
        } finally {
          anew.off('message', hear);
          await anew.unsubscribe(`io-news-${n}`);
        }
      },
    },
  };
}

async function grouped(connect, redis) {
  const hand = new HandOver(Number.POSITIVE_INFINITY);
  await redis.xgroup('CREATE', 'io-log', 'group', '0', 'MKSTREAM');
  const done = async (client, entries) => {
    for (const [id, fields] of entries ?? []) {
      hand.take(Number(fields[1]));
      await client.xack('io-log', 'group', id);
    }
  };
  for (const me of ['a', 'b']) {
    const client = connect();
    (async () => {
      for (let round = 0; ; round++) {
        try {
          const read = await client.xreadgroup(
            'GROUP',
            'group',
            me,
            'COUNT',
            10,
            'BLOCK',
            500,
            'STREAMS',
            'io-log',
            '>',
          );
          await done(client, read?.[0][1]);
          if (round % 5 === 0)
            await done(client, (await client.xautoclaim('io-log', 'group', me, 500, '0'))[1]);
        } catch {
          // what it was given is pending, and claimed
        }
      }
    })();
  }
  return { 'ioredis: xreadgroup': given(hand, (n) => redis.xadd('io-log', '*', 'n', n)) };
}

function scripted(connect) {
  const redis = connect();
  redis.defineCommand('total', { numberOfKeys: 1, lua: 'return redis.call("incrby", KEYS[1], ARGV[1])' });
  let [confirmed, tried] = [0, 0];
  return {
    'ioredis: evalsha': {
      step: async () => {
        tried++;
        await redis.total('io-total', 1);
        confirmed++;
      },
      faults: async () => countFaults(Number(await redis.get('io-total')), confirmed, tried - confirmed),
    },
  };
}

function apart(connect, redis) {
  const third = connect({ db: 3 });
  return {
    'ioredis: select': {
      step: async (n) => {
        await third.set('io-apart', n);
        if ((await third.get('io-apart')) !== String(n)) throw new Error('not what was stored');
      },
      faults: async () => ((await redis.exists('io-apart')) === 1 ? ['written into another database'] : []),
    },
  };
}
