import { createClient, defineScript } from 'redis';
import { host, run, until } from './verdicts.mjs';

const twice = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: 'return redis.call("incrby", KEYS[1], ARGV[1] * 2)',
  parseCommand: (parser, key, by) => {
    parser.pushKey(key);
    parser.push(String(by));
  },
  transformReply: (reply) => reply,
});

/** What the README of node-redis shows. */
await run(async (port) => {
  const redis = await createClient({ socket: { host, port }, scripts: { twice } }).connect();
  const keys = Array.from({ length: 100 }, (_, i) => `nr:${i}:${i * 7919}`);
  await Promise.all(keys.map((key) => redis.set(key, key, { EX: 60 })));
  const many = (await redis.mGet(keys)).filter((value, i) => value === keys[i]).length;
  const moved = await redis.multi().decrBy('{nr}:a', 5).incrBy('{nr}:b', 5).exec();
  const rival = redis.duplicate();
  await rival.connect();
  await redis.watch('{nr}:a');
  await rival.incr('{nr}:a');
  const watched = await redis
    .multi()
    .incr('{nr}:b')
    .exec()
    .catch((error) => error.constructor.name);
  const script = await redis.twice('{nr}:b', 10);
  const seen = new Set();
  for await (const batch of redis.scanIterator({ MATCH: 'nr:*' })) for (const key of batch) seen.add(key);
  const subscriber = redis.duplicate();
  await subscriber.connect();
  const heard = [];
  await subscriber.subscribe('nr-news', (text) => heard.push(text));
  await subscriber.pSubscribe('nr-n*', (text) => heard.push(`pattern ${text}`));
  const receivers = await redis.publish('nr-news', 'today');
  await until('the message', () => heard.length === 2);
  const popped = rival.blPop('nr-jobs', 20);
  await redis.rPush('nr-jobs', 'job');
  await redis.xGroupCreate('nr-log', 'group', '0', { MKSTREAM: true });
  await redis.xAdd('nr-log', '*', { a: '1' });
  const [{ messages }] = await redis.xReadGroup('group', 'me', { key: 'nr-log', id: '>' }, { BLOCK: 5000 });
  return {
    many,
    moved,
    watched,
    script,
    scanned: seen.size,
    receivers,
    heard: heard.toSorted(),
    popped: (await popped).element,
    entries: messages.length,
  };
});
