import Bull from 'bull';
import { host, run, until } from './verdicts.mjs';

await run(async (port, prefix) => {
  const queue = new Bull('mail', { redis: { host, port }, ...(prefix && { prefix }) });
  queue.on('error', () => undefined);
  const done = [];
  const processing = queue.process(3, async ({ data }) => {
    done.push(data.n);
    return data.n * 2;
  });
  await queue.isReady();
  const first = await queue.add({ n: 0 });
  processing.catch(() => undefined);
  const result = await first.finished();
  for (let n = 1; n <= 10; n++) await queue.add({ n });
  const delayed = await queue.add({ n: 11 }, { delay: 300 });
  await delayed.finished();
  await until('all jobs', async () => (await queue.getCompletedCount()) === 12);
  await queue.close();
  return { done: done.sort((a, b) => a - b).join(), result };
});
