import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { RedisStore } from 'rate-limit-redis';
import { createClient } from 'redis';
import { host, run } from './verdicts.mjs';

await run(async (port) => {
  const client = await createClient({ socket: { host, port } }).connect();
  const store = new RedisStore({ sendCommand: (...words) => client.sendCommand(words) });
  const app = express();
  app.use(rateLimit({ windowMs: 60_000, limit: 3, store }));
  app.get('/', (_, response) => response.send('served'));
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, host, () => resolve(listening));
  });
  const status = [];
  for (let i = 0; i < 5; i++) status.push((await fetch(`http://${host}:${server.address().port}/`)).status);
  await store.resetKey(host);
  status.push((await fetch(`http://${host}:${server.address().port}/`)).status);
  return { status };
});
