import BeeQueue from 'bee-queue';
import { host, run, until, within } from './verdicts.mjs';

await run(async (port, prefix) => {
  const settings = { redis: { host, port }, ...(prefix && { prefix }) };
  const queue = new BeeQueue('mail', { ...settings, isWorker: false });
  const worker = new BeeQueue('mail', settings);
  const failed = [];
  for (const each of [queue, worker]) each.on('error', (error) => failed.push(error));
  await within('the queue', Promise.all([queue.ready(), worker.ready()]));
  const done = [];
  worker.process(async ({ data }) => {
    done.push(data.n);
    return data.n * 2;
  });
  const job = await queue.createJob({ n: 0 }).save();
  const result = await within(
    'the event of the first job',
    new Promise((resolve, reject) => {
      job.on('succeeded', resolve);
      job.on('failed', reject);
    }),
  ).catch((error) => {
    throw failed[0] ?? error;
  });
  await queue.saveAll(Array.from({ length: 10 }, (_, i) => queue.createJob({ n: i + 1 })));
  await until('all jobs', () => done.length === 11);
  await until('nobody at work', async () => {
    const { active, waiting } = await queue.checkHealth();
    return active + waiting === 0;
  });
  await Promise.all([queue.close(), worker.close()]);
  return { done: done.sort((a, b) => a - b).join(), result };
});
