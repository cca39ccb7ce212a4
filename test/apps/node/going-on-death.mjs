import { goOn } from './going-on.mjs';
import { ioredisWorks } from './ioredis-going-on.mjs';
import { nodeRedisWorks } from './node-redis-going-on.mjs';
import { storesWorks } from './stores-going-on.mjs';
import { run } from './verdicts.mjs';

const PARTS = { ioredis: ioredisWorks, 'node-redis': nodeRedisWorks, stores: storesWorks };

await run(async (port, which) => {
  const parts = which === undefined ? Object.values(PARTS) : [PARTS[which]];
  const works = {};
  for (const part of parts) Object.assign(works, await part(port));
  return goOn(works);
});
