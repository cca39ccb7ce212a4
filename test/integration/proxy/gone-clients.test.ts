import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { residentOf } from '../../../tools/bench/proxy/process-cpu.ts';
import { type ProxyKind, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Clients that ask for much, read nothing and are gone: what they leave behind, with and without a password. */

/** How many for each kind of end; GONE_CLIENTS=50000 for the whole of it. */
const CLIENTS = Number(process.env.GONE_CLIENTS ?? 200);
const AT_ONCE = 50;
/** RSS, MB, above what it is before: the buffer limit three times over because of the garbage collector. */
const BUFFER_LIMIT = 32;
const BOUND = 3 * BUFFER_LIMIT + 150;
const KEY = 'k';
/** More than the sockets on the way take of requests that nobody reads the replies to. */
const PIECES = 200;
const PINGS = Buffer.concat(Array.from({ length: 20 }, () => request('PING', 'x'.repeat(5000))));
const GETS = Buffer.concat(Array.from({ length: 200 }, () => request('GET', KEY)));

const aWhile = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** Writes until nothing more is taken, reads nothing, and goes. */
async function comeAndGo(port: number, bytes: Buffer, end: (socket: Socket) => void): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  for (let i = 0; i < PIECES && !socket.destroyed; i++) {
    if (socket.write(bytes)) continue;
    const drained = once(socket, 'drain').then(
      () => true,
      () => false,
    );
    if (!(await Promise.race([drained, aWhile(20).then(() => false)]))) break;
  }
  end(socket);
  socket.destroy();
}

const ENDS: readonly (readonly [name: string, end: (socket: Socket) => void])[] = [
  ['closed', (socket) => socket.destroy()],
  ['reset', (socket) => socket.resetAndDestroy()],
  ['half-closed before', (socket) => socket.end()],
];

for (const kind of ['bun', 'node'] as const satisfies readonly ProxyKind[]) {
  describe(`clients that are gone, ${kind}`, () => {
    let redis: RedisServer;
    let proxy: RunningProxy;
    const descriptors = (): number => readdirSync(`/proc/${proxy.daemon.pid}/fd`).length;

    before(async () => {
      redis = await startRedis();
      await redis.client.set(KEY, 'v'.repeat(20_000));
      const pool = (name: string, port: number, lines: readonly string[]): string =>
        [
          `${name}:`,
          ...[`listen: 127.0.0.1:${port}`, 'redis: true', 'client_unread_timeout: 1000', ...lines].map(
            (line) => `  ${line}`,
          ),
          `  servers:\n   - 127.0.0.1:${redis.port}:1 one\n`,
        ].join('\n');
      proxy = await startProxy(
        kind,
        2,
        ([open, closed]) => pool('open', open, []) + pool('closed', closed, ['redis_auth: secret']),
        [`--buffer-limit=${BUFFER_LIMIT}`],
      );
      const warm = await RawClient.open(proxy.ports[0]);
      assert.match(await warm.ask(request('GET', KEY)), /^\$20000\r\n/);
      warm.end();
    });
    after(async () => {
      await proxy?.stop();
      await redis?.stop();
    });

    test('while a server hangs: those that said that they are done, and then were reset', async () => {
      const open = descriptors();
      process.kill(redis.daemon.pid, 'SIGSTOP');
      try {
        const sockets: Socket[] = [];
        for (let i = 0; i < 20; i++) {
          const socket = connect({ port: proxy.ports[0], host: '127.0.0.1', allowHalfOpen: true });
          socket.on('error', () => undefined);
          await once(socket, 'connect');
          // every other one asks for more than is passed on at once
          socket.end(i % 2 === 0 ? request('GET', KEY) : GETS);
          await once(socket, 'finish');
          sockets.push(socket);
        }
        // what the proxy has read by then, its end included, takes no longer than an answer of its own
        const asking = await RawClient.open(proxy.ports[0]);
        for (let i = 0; i < 3; i++) assert.equal(await asking.ask(request('PING')), '+PONG\r\n');
        asking.end();
        for (const socket of sockets) socket.resetAndDestroy();
        await waitUntil('all descriptors to be back', () => descriptors() <= open, { withinMs: 30_000 });
      } finally {
        process.kill(redis.daemon.pid, 'SIGCONT');
      }
    });

    for (const [what, pool, bytes] of [
      ['replies of the proxy', 0, PINGS],
      ['replies of a server', 0, GETS],
      ['refusals, without a password', 1, GETS],
    ] as const) {
      for (const [end, go] of ENDS) {
        test(`${CLIENTS} that do not read ${what} and are ${end} leave nothing behind`, async (t) => {
          await waitUntil('the ones before to be gone', () => descriptors() < 60, { withinMs: 30_000 });
          const [open, resident] = [descriptors(), residentOf(proxy.daemon.pid)];
          for (let gone = 0; gone < CLIENTS; gone += AT_ONCE) {
            await Promise.all(Array.from({ length: AT_ONCE }, () => comeAndGo(proxy.ports[pool], bytes, go)));
          }
          await waitUntil('all descriptors to be back', () => descriptors() <= open, { withinMs: 30_000 });
          const more = (): number => Math.round(residentOf(proxy.daemon.pid) - resident);
          t.diagnostic(
            `descriptors: ${open} before, ${descriptors()} after; RSS: ${more()} MB more than ${Math.round(resident)}`,
          );
          // What is garbage by then swings by 200 MB; what is kept does not go away.
          await waitUntil(`less than ${BOUND} MB more`, () => more() < BOUND, { withinMs: 30_000 });
        });
      }
    }
  });
}
