import { setTimeout as sleep } from 'node:timers/promises';
import { nodesWith } from './socket-io-nodes.mjs';
import { begun, hearing } from './through-death.mjs';
import { run, until } from './verdicts.mjs';

// the adapter gives the promise of a message to nobody; that of one that is on its way then is rejected, as it is when a Redis ends
const ON_ITS_WAY = /^ERR the outcome of this write is unknown/;

/** Users of both nodes hear what one node says, and again when the master has died: nobody connects anew. */
await run(async (port, kind) => {
  const isKilled = hearing();
  const { nodes, users } = await nodesWith(port, kind);
  const ends = [];
  const heard = users.map(() => new Set());
  users.forEach((user, i) => {
    user.on('news', (n) => heard[i].add(n));
    user.on('disconnect', (why) => ends.push(why));
  });
  const later = [];
  let [speaking, told] = [true, false];
  const speak = async () => {
    for (let n = 0; speaking; n++) {
      if (isKilled()) later.push(n);
      nodes[0].server.emit('news', n);
      if (!told && heard.every((numbers) => numbers.size >= 20)) {
        told = true;
        begun();
      }
      await sleep(50);
    }
  };
  const speech = speak();
  while (!isKilled()) await sleep(50);
  await until('news after the kill', () =>
    heard.every((numbers) => later.filter((n) => numbers.has(n)).length >= 20),
  );
  speaking = false;
  await speech;
  return { lost: [], worked: ends.length === 0 };
}, ON_ITS_WAY);
