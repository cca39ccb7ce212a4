import { createServer } from 'node:http';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';
import { host, run, until, within } from './verdicts.mjs';

const MAKERS = {
  pubsub: createAdapter,
  sharded: createShardedAdapter,
};

/** Two nodes of Socket.IO behind one pool, one user at each. `kind` is the adapter and its client. */
await run(async (port, kind) => {
  const [adapter, library] = kind.split('/');
  const client = async () => {
    if (library === 'ioredis') return new Redis(port, host);
    const made = createClient({ socket: { host, port } });
    made.on('error', () => undefined);
    return made.connect();
  };
  const node = async () => {
    const made =
      adapter === 'streams'
        ? createStreamsAdapter(await client())
        : MAKERS[adapter](await client(), await client());
    const http = createServer();
    const server = new Server(http, { adapter: made });
    server.on('connection', (socket) => {
      socket.join('room');
      socket.on('hello', (answer) => answer('heard'));
    });
    server.on('nodes', (answer) => answer('here'));
    await new Promise((resolve) => http.listen(0, host, resolve));
    return { server, address: `http://${host}:${http.address().port}` };
  };
  const nodes = [await node(), await node()];
  const users = nodes.map(({ address }) => connect(address, { transports: ['websocket'] }));
  const heard = users.map(() => []);
  users.forEach((user, i) => {
    user.on('news', (text) => heard[i].push(text));
    user.on('asked', (answer) => answer(`user ${i}`));
  });
  await within('the users', Promise.all(users.map((user) => user.emitWithAck('hello'))));
  const [{ server }] = nodes;
  // an adapter learns of the other nodes by their first messages
  await until('both sockets seen', async () => {
    const sockets = await server.fetchSockets().catch(() => []);
    return sockets.length === 2;
  });
  server.emit('news', 'all');
  server.to('room').emit('news', 'room');
  await until('the news', () => heard.every((list) => list.length === 2));
  const acknowledged = await server.timeout(10_000).emitWithAck('asked');
  const others = await server.serverSideEmitWithAck('nodes');
  return {
    heard: heard.map((list) => list.toSorted().join()),
    acknowledged: acknowledged.toSorted(),
    others,
  };
});
