import { Queue, Worker } from 'bullmq';
import { feed, password } from './through-death.mjs';
import { host, run } from './verdicts.mjs';

await run(async (port) => {
  const settings = { connection: { host, port, password, maxRetriesPerRequest: null } };
  const queue = new Queue('bullmq', settings);
  const done = new Set();
  const worker = new Worker('bullmq', async ({ data }) => done.add(data.n), {
    ...settings,
    concurrency: 4,
    lockDuration: 2000,
    stalledInterval: 1000,
    maxStalledCount: 5,
  });
  for (const each of [queue, worker]) each.on('error', () => undefined);
  return feed((n) => queue.add('job', { n }, { attempts: 3 }), done);
});
