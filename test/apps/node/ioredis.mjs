import { Redis } from 'ioredis';
import { host, run, until } from './verdicts.mjs';

/** What the README of ioredis shows, over keys of many servers where it does not need them in one place. */
await run(async (port) => {
  const redis = new Redis(port, host);
  const keys = Array.from({ length: 100 }, (_, i) => `io:${i}:${i * 7919}`);
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.set(key, key, 'EX', 60);
  const piped = (await pipeline.exec()).filter(([error]) => error === null).length;
  const many = (await redis.mget(keys)).filter((value, i) => value === keys[i]).length;
  const moved = await redis.multi().decrby('{account}:a', 5).incrby('{account}:b', 5).exec();
  redis.defineCommand('twice', { numberOfKeys: 1, lua: 'return redis.call("incrby", KEYS[1], ARGV[1] * 2)' });
  const script = await redis.twice('{account}:b', 10);
  const seen = new Set();
  for await (const batch of redis.scanStream({ match: 'io:*' })) for (const key of batch) seen.add(key);
  const subscriber = new Redis(port, host);
  const heard = [];
  subscriber.on('message', (channel, text) => heard.push(`${channel} ${text}`));
  subscriber.on('pmessage', (_, channel, text) => heard.push(`pattern ${channel} ${text}`));
  await subscriber.subscribe('news', 'weather');
  await subscriber.psubscribe('new*');
  const receivers = await redis.publish('news', 'today');
  await until('the message', () => heard.length === 2);
  const waiting = new Redis(port, host);
  const popped = waiting.blpop('jobs', 20);
  await redis.rpush('jobs', 'job');
  await redis.xadd('log', '*', 'a', '1');
  const [[, entries]] = await redis.xread('BLOCK', 5000, 'STREAMS', 'log', '0');
  await redis.unlink(...keys);
  return {
    piped,
    many,
    moved: moved.map(([, value]) => value),
    script,
    scanned: seen.size,
    receivers,
    heard: heard.toSorted(),
    popped: await popped,
    entries: entries.length,
    left: await redis.exists(...keys),
  };
});
