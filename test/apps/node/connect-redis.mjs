import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';
import { host, run } from './verdicts.mjs';

await run(async (port) => {
  const client = await createClient({ socket: { host, port } }).connect();
  const store = new RedisStore({ client });
  const app = express();
  app.use(session({ store, secret: 'none', resave: false, saveUninitialized: false }));
  app.get('/', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.send(String(request.session.visits));
  });
  app.get('/bye', (request, response) => request.session.destroy(() => response.send('bye')));
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, host, () => resolve(listening));
  });
  const visit = async (path, cookie) => {
    const headers = cookie ? { cookie } : {};
    const response = await fetch(`http://${host}:${server.address().port}${path}`, { headers });
    return { says: await response.text(), cookie: response.headers.get('set-cookie')?.split(';')[0] };
  };
  const first = await visit('/');
  const second = await visit('/', first.cookie);
  const others = await Promise.all(Array.from({ length: 20 }, () => visit('/')));
  const length = await store.length();
  const all = (await store.all()).length;
  await visit('/bye', first.cookie);
  const after = await visit('/', first.cookie);
  await store.clear();
  return {
    visits: [first.says, second.says],
    others: others.length,
    length,
    all,
    afterDestroy: after.says,
    afterClear: await store.length(),
  };
});
