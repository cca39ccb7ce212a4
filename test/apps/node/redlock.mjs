import { Redis } from 'ioredis';
import redlock from 'redlock';
import { host, run } from './verdicts.mjs';

const Redlock = redlock.default ?? redlock;

/** `tag` makes the locks over two resources live together. */
await run(async (port, tag = '') => {
  const client = new Redis(port, host);
  const locks = new Redlock([client], { retryCount: 200, retryDelay: 20, retryJitter: 10 });
  const order = [];
  const section = (name) =>
    locks.using([`${tag}bill`], 5000, async () => {
      order.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push(`${name} out`);
    });
  await Promise.all([section('a'), section('b')]);
  const alone = order.every((step, i) => i % 2 === 0 || order[i - 1].split(' ')[0] === step.split(' ')[0]);
  let lock = await locks.acquire([`${tag}bill`], 5000);
  lock = await lock.extend(10_000);
  await lock.release();
  const verdicts = { sections: order.length, alone, released: (await client.exists(`${tag}bill`)) === 0 };
  if (tag !== '') {
    const both = await locks.acquire([`${tag}from`, `${tag}to`], 5000);
    const held = await client.exists(`${tag}from`, `${tag}to`);
    await both.release();
    return { ...verdicts, both: [held, await client.exists(`${tag}from`, `${tag}to`)] };
  }
  return verdicts;
});
