import { createRequire } from 'node:module';
import { join } from 'node:path';
import { BYTES, MANY, port, protocol, runSteps, untilAnswered } from './steps.mjs';

const require = createRequire(join(process.argv[4], 'package.json'));
const { createClient, RESP_TYPES, WatchError } = require('redis');

const redis = createClient({ url: `redis://127.0.0.1:${port}`, ...(protocol && { RESP: protocol }) });
redis.on('error', () => undefined);
await redis.connect();
const binary = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });

await runSteps({
  async values() {
    const set = await redis.set('key', 'value');
    await redis.set('bytes', BYTES);
    const same = BYTES.equals(await binary.get('bytes'));
    return `${set} ${await redis.get('key')} ${same} ${(await redis.get('nothing')) ?? 'none'} ${await redis.del('bytes')}`;
  },
  async types() {
    await redis.del(['h', 'l', 'n']);
    await redis.hSet('h', { a: '1', b: '2' });
    await redis.rPush('l', ['x', 'y']);
    const { a, b } = await redis.hGetAll('h');
    const number = await redis.incrBy('n', 7);
    await redis.expire('n', 100);
    return `${a},${b} ${await redis.lRange('l', 0, -1)} ${number} ${(await redis.ttl('n')) > 0}`;
  },
  async many() {
    await redis.mSet(Object.fromEntries(MANY.map((key) => [key, `of ${key}`])));
    const values = await redis.mGet(MANY);
    return `${values.every((value, i) => value === `of ${MANY[i]}`)} ${await redis.del(MANY)}`;
  },
  async pipeline() {
    await redis.del('p');
    const asked = [redis.set('p', '1'), redis.incr('p'), redis.lPush('p', 'x'), redis.get('p')];
    const answers = await Promise.allSettled(asked);
    return answers.map(({ value, reason }) => value ?? reason.message.split(' ')[0]).join(' ');
  },
  async multi() {
    return (await redis.multi().set('p', '1').incr('p').get('p').exec()).join(' ');
  },
  async watch() {
    const other = await redis.duplicate().connect();
    await redis.set('w', '1');
    await redis.watch('w');
    await other.set('w', '2');
    const lost = await redis
      .multi()
      .incr('w')
      .exec()
      .catch((error) => error);
    await redis.watch('w');
    const [number] = await redis.multi().incr('w').exec();
    other.destroy();
    return `taken ${lost instanceof WatchError ? 'none' : lost} ${number}`;
  },
  async keys() {
    await redis.mSet(Object.fromEntries(MANY.map((key) => [key, ''])));
    const found = [];
    for await (const page of redis.scanIterator({ MATCH: 'many:*', COUNT: 30 })) found.push(...page);
    const listed = await redis.keys('many:*');
    await redis.del(MANY);
    return `${new Set(found).size} ${listed.length}`;
  },
  async publish() {
    const subscriber = await redis.duplicate().connect();
    const channel = `news:${process.pid}`;
    const heard = [];
    await subscriber.subscribe(channel, (text) => heard.push(text));
    await subscriber.pSubscribe(`${channel}*`, (text) => heard.push(text));
    const count = await redis.publish(channel, 'hello');
    while (heard.length < 2) await new Promise((done) => setTimeout(done, 5));
    subscriber.destroy();
    return `${count} ${heard.join(' ')}`;
  },
  async large() {
    const value = Buffer.alloc(1_048_576, 'large\r\n');
    await redis.set('large', value);
    const values = await Promise.all(Array.from({ length: 50 }, () => redis.get('key')));
    return value.equals(await binary.get('large')) && values.every((each) => each === 'value');
  },
  script: () => redis.eval("return redis.call('get', KEYS[1])", { keys: ['key'] }),
  again: () => untilAnswered(() => redis.get('key')),
});
redis.destroy();
