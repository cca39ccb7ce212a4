import { Queue, Worker } from 'bullmq';
import { host, run, until } from './verdicts.mjs';

const JOBS = 300;

/** A queue whose server restarts under it, after this program has said "begun"; a job that is taken again counts once. */
await run(async (port) => {
  const settings = { connection: { host, port, maxRetriesPerRequest: null } };
  const queue = new Queue('mail', settings);
  queue.on('error', () => undefined);
  // A plain pool says that its server is away, and BullMQ takes a job whose end it could not note for one that failed.
  const opts = { attempts: 20, backoff: 100 };
  await queue.addBulk(Array.from({ length: JOBS }, (_, n) => ({ name: 'job', data: { n }, opts })));
  const done = new Set();
  const handle = async ({ data }) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    done.add(data.n);
    if (done.size === 20) process.stdout.write('begun\n');
  };
  const worker = new Worker('mail', handle, {
    ...settings,
    concurrency: 4,
    lockDuration: 2000,
    stalledInterval: 500,
    maxStalledCount: 5,
  });
  worker.on('error', () => undefined);
  await until('all jobs', async () => (await queue.getCompletedCount().catch(() => 0)) === JOBS).catch(
    async (error) => {
      const reasons = (await queue.getFailed()).map(({ failedReason }) => failedReason);
      throw new Error(
        `${error.message}: ${JSON.stringify(await queue.getJobCounts())} ${reasons.join('; ')}`,
      );
    },
  );
  const { waiting, active, failed } = await queue.getJobCounts();
  return { done: done.size, left: [waiting, active, failed] };
});
