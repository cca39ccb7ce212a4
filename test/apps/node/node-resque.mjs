import resque from 'node-resque';
import { host, run, until } from './verdicts.mjs';

await run(async (port, namespace = 'resque') => {
  const connection = { pkg: 'ioredis', host, port, database: 0, namespace };
  const done = [];
  const jobs = {
    add: { perform: async (a, b) => done.push(a + b) },
    fail: { perform: async () => Promise.reject(new Error('on purpose')) },
  };
  const queue = new resque.Queue({ connection }, jobs);
  await queue.connect();
  for (let i = 0; i < 5; i++) await queue.enqueue('jobs', 'add', [i, 100]);
  await queue.enqueue('jobs', 'fail');
  await queue.enqueueIn(50, 'jobs', 'add', [5, 100]);
  const worker = new resque.Worker({ connection, queues: ['jobs'], timeout: 20 }, jobs);
  const scheduler = new resque.Scheduler({ connection, timeout: 20 });
  const errors = [];
  for (const each of [worker, scheduler]) {
    each.on('error', (error) => errors.push(String(error)));
    await each.connect();
    await each.start();
  }
  await until('all jobs', async () => done.length === 6 && (await queue.failedCount()) === 1);
  return {
    done: done.toSorted((a, b) => a - b).join(),
    left: await queue.length('jobs'),
    workers: Object.keys(await queue.workers()).length,
    failed: (await queue.failed(0, -1)).map(({ error }) => error),
    errors,
  };
});
