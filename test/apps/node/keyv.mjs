import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import { run } from './verdicts.mjs';

await run(async (port) => {
  const errors = [];
  const keyv = new Keyv({ store: new KeyvRedis(`redis://127.0.0.1:${port}`), namespace: 'shop' });
  const other = new Keyv({ store: new KeyvRedis(`redis://127.0.0.1:${port}`), namespace: 'other' });
  for (const each of [keyv, other]) each.on('error', (error) => errors.push(error.message));
  await other.set('kept', 1);
  await keyv.set('one', { deep: [1] });
  const many = Array.from({ length: 50 }, (_, i) => ({ key: `many-${i}-${i * 7919}`, value: i }));
  await keyv.setMany(many);
  const got = await keyv.getMany(many.map(({ key }) => key));
  const deleted = [await keyv.delete('one'), await keyv.has('one')];
  let walked = 0;
  for await (const _ of keyv.iterator()) walked++;
  await keyv.clear();
  return {
    got: got.filter((value, i) => value === i).length,
    deleted,
    walked,
    afterClear: (await keyv.get('many-1-7919')) ?? null,
    otherNamespace: await other.get('kept'),
    errors,
  };
});
