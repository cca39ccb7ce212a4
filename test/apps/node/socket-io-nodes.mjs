import { createServer } from 'node:http';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';
import { password } from './through-death.mjs';
import { host, until, within } from './verdicts.mjs';

const MAKERS = {
  pubsub: createAdapter,
  sharded: createShardedAdapter,
};

/**
 * Two nodes of Socket.IO behind one pool, one user at each, when they know of each other.
 * @param kind the adapter and its client: `sharded/ioredis`
 */
export async function nodesWith(port, kind) {
  const [adapter, library] = kind.split('/');
  const client = async () => {
    if (library === 'ioredis') return new Redis({ port, host, password });
    const made = createClient({ socket: { host, port }, password });
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
  await within('the users', Promise.all(users.map((user) => user.emitWithAck('hello'))));
  // an adapter learns of the other nodes by their first messages
  await until('both sockets seen', async () => {
    const sockets = await nodes[0].server.fetchSockets().catch(() => []);
    return sockets.length === 2;
  });
  return { nodes, users };
}
