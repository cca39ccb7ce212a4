import Bottleneck from 'bottleneck';
import Redis from 'ioredis';
import { host, run } from './verdicts.mjs';

/** Two processes, as it were, that share one limiter: one job at a time, and no more than the reservoir has. */
await run(async (port, id = 'calls') => {
  const limiter = () =>
    new Bottleneck({
      id,
      datastore: 'ioredis',
      Redis,
      clientOptions: { host, port },
      maxConcurrent: 1,
      reservoir: 8,
    });
  const limiters = [limiter(), limiter()];
  const errors = [];
  for (const each of limiters) each.on('error', ({ message }) => errors.push(message));
  await Promise.all(limiters.map((each) => each.ready()));
  let running = 0;
  let most = 0;
  const job = async (i) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    return i;
  };
  const done = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => limiters[i % 2].schedule(job, i)));
  return { done, most, left: await limiters[0].currentReservoir(), errors };
});
