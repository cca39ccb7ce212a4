import BeeQueue from 'bee-queue';
import { feed, password } from './through-death.mjs';
import { host, run } from './verdicts.mjs';

await run(async (port) => {
  const settings = { redis: { host, port, password }, stallInterval: 1000 };
  const queue = new BeeQueue('bee', { ...settings, isWorker: false });
  const worker = new BeeQueue('bee', settings);
  for (const each of [queue, worker]) each.on('error', () => undefined);
  await Promise.all([queue.ready(), worker.ready()]);
  const done = new Set();
  worker.process(3, async ({ data }) => done.add(data.n));
  // as its documentation has it: what a worker does not finish is taken up again
  worker.checkStalledJobs(1000).catch(() => undefined);
  return feed((n) => queue.createJob({ n }).retries(3).save(), done);
});
