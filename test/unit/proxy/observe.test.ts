import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { ValueReader } from '../../../proxy/protocol/reply-values.ts';
import type { SentinelView } from '../../../proxy/topology/decide.ts';
import { SentinelWatch } from '../../../proxy/topology/observe.ts';
import { answeringServer, bulks } from '../../support/answering-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A sentinel that leads a failover: the replica is promoted, but not every other replica follows it yet. */
function answer(words: string[]): string {
  if (words[0] === 'SUBSCRIBE') return '';
  if (words[1] === 'GET-MASTER-ADDR-BY-NAME') return bulks('10.0.0.2', '6379');
  return bulks(
    ...['name', 'shard-1', 'ip', '10.0.0.1', 'port', '6379'],
    ...['flags', 'master,s_down,o_down', 'config-epoch', '7'],
  );
}

test('the leader of a failover is heard as soon as it has promoted a replica, not when all others follow', async () => {
  const server = await answeringServer(answer);
  const { port } = server;
  let watch: SentinelWatch | undefined;
  try {
    const view = await new Promise<SentinelView>((resolve) => {
      watch = new SentinelWatch(
        0,
        { host: '127.0.0.1', port, user: null, password: null, tls: null },
        ['shard-1'],
        {
          onView: (_sentinel, _master, seen) => resolve(seen),
          onSelected: () => undefined,
          onVouched: () => undefined,
          onReachable: () => undefined,
        },
      );
      watch.start();
    });
    assert.deepEqual([view.host, view.port, view.epoch], ['10.0.0.2', 6379, 7]);
    assert.equal(view.down, false, 'what is down is the old master');
  } finally {
    watch?.stop();
    server.close();
  }
});

test('a sentinel that has gone without a word is listened to again', async () => {
  const listeners = new Set<Socket>();
  const silent = new Set<Socket>();
  const server = createServer((socket) => {
    const reader = new ValueReader();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      for (const request of reader.push(chunk)) {
        const words = (request as unknown[]).map(String);
        // as over a cable that is pulled once all is well
        if (silent.has(socket)) continue;
        socket.write(words[0] === 'PING' ? bulks('pong', '') : answer(words));
        if (words[0] === 'SUBSCRIBE') listeners.add(socket);
        else if (listeners.has(socket)) silent.add(socket);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ignored = { onView: () => undefined, onSelected: () => undefined, onVouched: () => undefined };
  const access = { host: '127.0.0.1', port, user: null, password: null, tls: null };
  const watch = new SentinelWatch(0, access, ['shard-1'], { ...ignored, onReachable: () => undefined });
  watch.start();
  try {
    await waitUntil('another connection that listens', () => listeners.size === 2, { withinMs: 10_000 });
  } finally {
    watch.stop();
    server.close();
  }
});

for (const [what, mayAsk] of [
  ['', true],
  [', and may not be asked', false],
] as const)
  test(`a sentinel that was lost while in TILT${what} is believed again when it answers`, async () => {
    const sockets = new Set<Socket>();
    let tilted = true;
    const server = createServer((socket) => {
      const reader = new ValueReader();
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        for (const request of reader.push(chunk)) {
          const words = (request as unknown[]).map(String);
          if (words[0] === 'INFO' && !mayAsk) socket.write('-NOPERM no permissions\r\n');
          else if (words[0] === 'INFO') socket.write(`$17\r\nsentinel_tilt:${tilted ? 1 : 0}\r\n\r\n`);
          else if (words[0] === 'PING') socket.write(bulks('pong', ''));
          else socket.write(answer(words));
          // what it publishes as its clock jumps; that it is well again nobody will hear
          if (words[0] === 'SUBSCRIBE' && tilted)
            socket.write(bulks('message', '+tilt', '#tilt mode entered'));
        }
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    let tilt: boolean | undefined;
    const access = { host: '127.0.0.1', port, user: null, password: null, tls: null };
    const watch = new SentinelWatch(0, access, ['shard-1'], {
      onView: (_sentinel, _master, view) => {
        tilt = view.tilt;
      },
      onSelected: () => undefined,
      onVouched: () => undefined,
      onReachable: () => undefined,
    });
    watch.start();
    try {
      await waitUntil('it to be in TILT', () => tilt === true, { withinMs: 10_000 });
      tilted = false;
      for (const socket of sockets) socket.destroy();
      await waitUntil('it to be believed', () => tilt === false, { withinMs: 10_000 });
    } finally {
      watch.stop();
      server.close();
    }
  });
