import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { host, run } from './verdicts.mjs';

await run(async (port) => {
  const storeClient = new Redis(port, host);
  const limiter = new RateLimiterRedis({ storeClient, points: 3, duration: 60 });
  const answers = [];
  for (let i = 0; i < 5; i++) {
    answers.push(
      await limiter.consume('me').then(
        () => 'served',
        (refused) => (refused.msBeforeNext > 0 ? 'limited' : refused),
      ),
    );
  }
  const { consumedPoints } = await limiter.get('me');
  await limiter.block('other', 60);
  const blocked = await limiter.consume('other').then(
    () => false,
    (refused) => refused.msBeforeNext > 0,
  );
  await limiter.delete('me');
  return { answers, consumedPoints, blocked, afterDelete: await limiter.get('me') };
});
