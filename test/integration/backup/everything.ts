import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';

const FUNCTIONS = `#!lua name=mylib
redis.register_function('answer', function() return 42 end)`;

const numbered = (count: number, of: (i: number) => string | number): (string | number)[] =>
  Array.from({ length: count }, (_, i) => of(i));

/** The same and a library of functions, which Redis has from 7.0 on. */
export async function fillWithEverything(redis: Redis): Promise<void> {
  await fillWithValues(redis);
  await redis.function('LOAD', FUNCTIONS);
}

/**
 * Values of every type in every form in which a Redis keeps them: small and packed, large, numbers, long and
 * repetitive, binary; in two databases, with and without an expiry.
 */
export async function fillWithValues(redis: Redis): Promise<void> {
  const far = Date.now() + 86_400_000;
  await redis.select(0);
  await redis.mset(
    'string:short',
    'v',
    'string:int8',
    '-7',
    'string:int16',
    '3000',
    'string:int32',
    '-70000000',
  );
  await redis.mset(
    'string:int64',
    '9007199254740993',
    'string:repeats',
    'abc'.repeat(30_000),
    '',
    'empty name',
  );
  await redis.mset(
    'string:long',
    numbered(20_000, (i) => (i * 7919) % 1009).join(' '),
    'k'.repeat(300),
    'long name',
  );
  await redis.mset('12345', 'a number as name', '-3', 'another');
  await redis.set(Buffer.from([0, 255, 13, 10, 128]), Buffer.from([255, 0, 10, 13]));
  await redis.set('string:random', randomBytes(150_000));
  await redis.set('string:expires', 'v');
  await redis.pexpireat('string:expires', far);
  await redis.rpush('list:small', ...numbered(10, (i) => i));
  await redis.rpush('list:large', ...numbered(2000, (i) => `element ${i} ${'x'.repeat(i % 90)}`));
  await redis.rpush('list:plain', 'y'.repeat(200_000), 'z');
  await redis.sadd('set:integers', ...numbered(100, (i) => i * 1000));
  await redis.sadd('set:words', ...numbered(700, (i) => `member ${i}`));
  await redis.hset('hash:small', ...numbered(20, (i) => `field${i}`));
  await redis.hset('hash:large', ...numbered(3000, (i) => `field or value ${i} ${'w'.repeat(i % 70)}`));
  await redis.zadd('zset:small', ...numbered(20, (i) => (i % 2 === 0 ? i / 3 : `m${i}`)));
  await redis.zadd('zset:large', ...numbered(1000, (i) => (i % 2 === 0 ? i / 7 : `member ${i}`)));
  await redis.zadd('zset:extreme', '-inf', 'least', '+inf', 'most', '1e300', 'large');
  await redis.pexpireat('zset:extreme', far);
  await redis.pfadd('hyperloglog', ...numbered(500, (i) => i));
  await redis.geoadd('places', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania');
  for (let i = 0; i < 300; i++) await redis.xadd('stream', `${i + 1}-1`, 'field', `value ${i}`, 'n', i);
  await redis.xdel('stream', '5-1', '6-1');
  await redis.xgroup('CREATE', 'stream', 'workers', '0');
  await redis.xgroup('CREATE', 'stream', 'idle', '$');
  await redis.xreadgroup('GROUP', 'workers', 'one', 'COUNT', 20, 'STREAMS', 'stream', '>');
  await redis.xreadgroup('GROUP', 'workers', 'two', 'COUNT', 5, 'STREAMS', 'stream', '>');
  await redis.xack('stream', 'workers', '1-1');
  await redis.xgroup('CREATE', 'stream:empty', 'nobody', '$', 'MKSTREAM');
  await redis.select(5);
  await redis.set('elsewhere', 'v');
  await redis.pexpireat('elsewhere', far);
  await redis.set('elsewhere:too', 'v');
  await redis.select(0);
}
