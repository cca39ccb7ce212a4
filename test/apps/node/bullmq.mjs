import { Queue, QueueEvents, Worker } from 'bullmq';
import { host, run, until } from './verdicts.mjs';

await run(async (port, prefix) => {
  const settings = { connection: { host, port, maxRetriesPerRequest: null }, prefix };
  const queue = new Queue('mail', settings);
  const events = new QueueEvents('mail', settings);
  const done = [];
  const tries = [];
  const handle = async ({ name, data, attemptsMade }) => {
    if (name === 'twice') {
      tries.push(attemptsMade);
      if (tries.length === 1) throw new Error('once');
    }
    done.push(data.n);
    return data.n * 2;
  };
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const before = await queue.add('before', { n: 0 });
  const workers = [1, 2].map(() => new Worker('mail', handle, { ...settings, concurrency: 5 }));
  for (const worker of workers) worker.on('error', () => undefined);
  await before.waitUntilFinished(events, 30_000);
  await queue.addBulk(Array.from({ length: 20 }, (_, i) => ({ name: 'bulk', data: { n: i + 1 } })));
  const delayed = await queue.add('delayed', { n: 21 }, { delay: 300 });
  const again = await queue.add('twice', { n: 22 }, { attempts: 2, backoff: 50 });
  const result = await delayed.waitUntilFinished(events, 30_000);
  await again.waitUntilFinished(events, 30_000);
  await until('all jobs', async () => (await queue.getCompletedCount()) === 23);
  const counted = (await queue.getWorkers()).length;
  await Promise.all(workers.map((worker) => worker.close()));
  await queue.obliterate();
  return {
    done: done.sort((a, b) => a - b).join(),
    result,
    tries: tries.length,
    workers: counted,
    left: Object.values(await queue.getJobCounts()).reduce((sum, count) => sum + count, 0),
  };
});
