import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Clients that send much more than is any good, on the runtimes that read it. */

const SENDERS = 4;
const EACH = 200_000;
const PINGS = Buffer.from('PING\r\n'.repeat(EACH));

for (const kind of ['bun', 'node'] as const) {
  describe(`four clients send 200,000 PINGs each (${kind})`, () => {
    let redis: RedisServer;
    let proxy: RunningProxy;
    let other: RawClient;
    const sockets: Socket[] = [];

    before(async () => {
      redis = await startRedis();
      proxy = await startProxy(kind, 1, poolOf(redis));
      other = await RawClient.open(proxy.ports[0]);
    });

    after(async () => {
      other?.end();
      for (const socket of sockets) socket.destroy();
      await proxy?.stop();
      await redis?.stop();
    });

    async function open(): Promise<Socket> {
      const socket = connect(proxy.ports[0], '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    }

    /** How many requests of another client, one after the other, are answered until `isOver`. */
    async function servedUntil(isOver: () => boolean): Promise<number> {
      for (let served = 0; ; served++) {
        if (isOver()) return served;
        assert.equal(await other.ask(request('GET', 'nothing'), 1, 60_000), '$-1\r\n');
      }
    }

    test('another is answered twenty times meanwhile, and they are answered too', async () => {
      let read = 0;
      for (let i = 0; i < SENDERS; i++) {
        const socket = await open();
        socket.on('data', (chunk: Buffer) => {
          read += chunk.length;
        });
        socket.write(PINGS);
      }
      const served = await servedUntil(() => read === SENDERS * EACH * '+PONG\r\n'.length);
      assert.ok(served >= 20, `${served} times`);
    });

    test('whoever reads none of the answers and goes is not heard of any more', async () => {
      for (let i = 0; i < SENDERS; i++) {
        const socket = await open();
        socket.pause();
        socket.write(PINGS);
      }
      let rounds = 0;
      await servedUntil(() => ++rounds > 20);
      for (const socket of sockets) socket.destroy();
      const clients = async (): Promise<string> => other.ask(request('CLIENT', 'LIST'), 1, 60_000);
      await waitUntil('one client', async () => /^\$\d+\r\n[^\n]*\n\r\n$/.test(await clients()), {
        withinMs: 60_000,
      });
    });
  });
}
