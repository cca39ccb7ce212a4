import Bull from 'bull';
import { feed, password } from './through-death.mjs';
import { host, run } from './verdicts.mjs';

await run(async (port) => {
  const queue = new Bull('bull', {
    redis: { host, port, password },
    settings: { lockDuration: 2000, stalledInterval: 1000, maxStalledCount: 5 },
  });
  queue.on('error', () => undefined);
  const done = new Set();
  queue.process(3, async ({ data }) => done.add(data.n)).catch(() => undefined);
  await queue.isReady();
  return feed((n) => queue.add({ n }, { attempts: 3 }), done);
});
