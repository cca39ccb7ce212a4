import { Redis } from 'ioredis';
import { Mutex, Semaphore } from 'redis-semaphore';
import { host, run } from './verdicts.mjs';

const SHORT = { acquireTimeout: 100, retryInterval: 10 };
const taken = async (lock) => {
  try {
    await lock.acquire();
    return true;
  } catch {
    return false;
  }
};

await run(async (port) => {
  const client = new Redis(port, host);
  const [mutex, other] = [new Mutex(client, 'bill'), new Mutex(client, 'bill', SHORT)];
  const alone = [await taken(mutex), await taken(other)];
  await mutex.release();
  alone.push(await taken(other));
  const seats = [1, 2, 3].map(() => new Semaphore(client, 'seats', 2, SHORT));
  const seated = [];
  for (const each of seats) seated.push(await taken(each));
  await seats[0].release();
  seated.push(await taken(seats[2]));
  return { alone, seated };
});
