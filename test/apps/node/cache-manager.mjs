import KeyvRedis from '@keyv/redis';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { run } from './verdicts.mjs';

await run(async (port) => {
  const cache = createCache({
    stores: [new Keyv({ store: new KeyvRedis(`redis://127.0.0.1:${port}`), namespace: 'cm' })],
  });
  let computed = 0;
  const compute = () => ++computed;
  const wrapped = [await cache.wrap('sum', compute, 60_000), await cache.wrap('sum', compute, 60_000)];
  const items = Array.from({ length: 20 }, (_, i) => ({ key: `item-${i}-${i * 7919}`, value: i }));
  await cache.mset(items);
  const got = await cache.mget(items.map(({ key }) => key));
  await cache.del('sum');
  const afterDelete = (await cache.get('sum')) ?? null;
  const cleared = await cache.clear();
  return {
    wrapped,
    got: got.filter((value, i) => value === i).length,
    afterDelete,
    cleared,
    afterClear: (await cache.get('item-1-7919')) ?? null,
  };
});
