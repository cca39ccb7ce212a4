import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis } from 'ioredis';
import { host, run, until } from './verdicts.mjs';

await run(async (port) => {
  const publisher = new Redis(port, host);
  const pubsub = new RedisPubSub({ publisher, subscriber: new Redis(port, host) });
  const heard = [];
  const added = await pubsub.subscribe('POST_ADDED', ({ post }) => heard.push(post));
  await pubsub.subscribe('COMMENT.*', ({ comment }) => heard.push(comment), { pattern: true });
  const iterator = pubsub.asyncIterator(['POST_ADDED', 'POST_REMOVED']);
  const first = iterator.next();
  // it subscribes when it is first asked
  await until('the iterator', async () => {
    const [, count] = await publisher.pubsub('NUMSUB', 'POST_REMOVED');
    return count === 1;
  });
  await pubsub.publish('POST_ADDED', { post: 1 });
  await pubsub.publish('COMMENT.added', { comment: 2 });
  await until('both', () => heard.length === 2);
  pubsub.unsubscribe(added);
  await pubsub.publish('POST_REMOVED', { post: 3 });
  const iterated = [(await first).value, (await iterator.next()).value];
  await iterator.return();
  return { heard: heard.toSorted(), iterated };
});
