import { Redis } from 'ioredis';
import { BYTES, MANY, port, protocol, runSteps, untilAnswered } from './steps.mjs';

const redis = new Redis({ port, host: '127.0.0.1', ...(protocol && { protocol }) });
redis.on('error', () => undefined);

await runSteps({
  async values() {
    const set = await redis.set('key', 'value');
    await redis.set('bytes', BYTES);
    const same = BYTES.equals(await redis.getBuffer('bytes'));
    return `${set} ${await redis.get('key')} ${same} ${(await redis.get('nothing')) ?? 'none'} ${await redis.del('bytes')}`;
  },
  async types() {
    await redis.del('h', 'l', 'n');
    await redis.hset('h', { a: '1', b: '2' });
    await redis.rpush('l', 'x', 'y');
    const { a, b } = await redis.hgetall('h');
    const number = await redis.incrby('n', 7);
    await redis.expire('n', 100);
    return `${a},${b} ${await redis.lrange('l', 0, -1)} ${number} ${(await redis.ttl('n')) > 0}`;
  },
  async many() {
    await redis.mset(...MANY.flatMap((key) => [key, `of ${key}`]));
    const values = await redis.mget(...MANY);
    return `${values.every((value, i) => value === `of ${MANY[i]}`)} ${await redis.del(...MANY)}`;
  },
  async pipeline() {
    await redis.del('p');
    const answers = await redis.pipeline().set('p', '1').incr('p').lpush('p', 'x').get('p').exec();
    return answers.map(([error, value]) => (error ? error.message.split(' ')[0] : value)).join(' ');
  },
  async multi() {
    const answers = await redis.multi().set('p', '1').incr('p').get('p').exec();
    return answers.map(([, value]) => value).join(' ');
  },
  async watch() {
    const other = redis.duplicate();
    await redis.set('w', '1');
    await redis.watch('w');
    await other.set('w', '2');
    const answers = await redis.multi().incr('w').exec();
    await redis.watch('w');
    const [[, number]] = await redis.multi().incr('w').exec();
    other.disconnect();
    return `taken ${answers ?? 'none'} ${number}`;
  },
  async keys() {
    await redis.mset(...MANY.flatMap((key) => [key, '']));
    const found = [];
    for await (const page of redis.scanStream({ match: 'many:*', count: 30 })) found.push(...page);
    const listed = await redis.keys('many:*');
    await redis.del(...MANY);
    return `${new Set(found).size} ${listed.length}`;
  },
  async publish() {
    const subscriber = redis.duplicate();
    const channel = `news:${process.pid}`;
    const heard = Promise.all([
      new Promise((done) => subscriber.once('message', (_channel, text) => done(text))),
      new Promise((done) => subscriber.once('pmessage', (_pattern, _channel, text) => done(text))),
    ]);
    await subscriber.subscribe(channel);
    await subscriber.psubscribe(`${channel}*`);
    const count = await redis.publish(channel, 'hello');
    const texts = await heard;
    subscriber.disconnect();
    return `${count} ${texts.join(' ')}`;
  },
  async large() {
    const value = Buffer.alloc(1_048_576, 'large\r\n');
    await redis.set('large', value);
    const values = await Promise.all(Array.from({ length: 50 }, () => redis.get('key')));
    return value.equals(await redis.getBuffer('large')) && values.every((each) => each === 'value');
  },
  script: () => redis.eval("return redis.call('get', KEYS[1])", 1, 'key'),
  again: () => untilAnswered(() => redis.get('key')),
});
redis.disconnect();
