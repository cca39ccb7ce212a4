import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bunTransport } from '../../../proxy/transport/bun.ts';
import type { BunApi, BunSocket, BunSocketHandlers } from '../../../proxy/transport/bun-api.ts';
import { type Link, NO_OWNER } from '../../../proxy/transport/link.ts';

/** The handlers that the transport gives to Bun for a listener. */
async function listenersHandlers(): Promise<BunSocketHandlers<unknown>> {
  let given: unknown;
  const bun: BunApi = {
    listen: ({ socket }) => {
      given = socket;
      return { fd: -1, port: 1, stop: () => undefined };
    },
    connect: () => Promise.reject(new Error('not asked for')),
  };
  const address = { kind: 'tcp', host: '127.0.0.1', port: 1 } as const;
  const options = { address, backlog: 512, reusePort: false, keepAlive: false, takeTimeout: 0 };
  await bunTransport(bun).listen(options, () => assert.fail('nobody connects'));
  return given as BunSocketHandlers<unknown>;
}

test('what a handler throws ends the process instead of being swallowed; a failed socket does not', async () => {
  const { error } = await listenersHandlers();
  const socket = {} as BunSocket<unknown>;
  // Bun gives to `error` what the other handlers throw; what `error` throws is an uncaught exception
  assert.throws(() => error?.(socket, new TypeError('a defect')), /a defect/);
  assert.doesNotThrow(() => error?.(socket, Object.assign(new Error('reset'), { code: 'ECONNRESET' })));
});

test('pieces for a socket that takes nothing are not taken, and what is the matter is left to write', async () => {
  let open = (_link: Link): void => undefined;
  const opened = new Promise<Link>((resolve) => {
    open = resolve;
  });
  const socket = { data: NO_OWNER, fd: -1, terminate: () => undefined } as unknown as BunSocket<unknown>;
  const bun: BunApi = {
    listen: () => assert.fail('not asked for'),
    connect: async (options) => options.socket.open(socket as never),
  };
  const address = { kind: 'tcp', host: '127.0.0.1', port: 1 } as const;
  bunTransport(bun).connect(address, NO_OWNER, open, (code) => assert.fail(code));
  const link = await opened;
  const pieces = [Buffer.from('one'), Buffer.from('two')];
  assert.equal(link.writeMany?.(pieces), 0, 'closed: the descriptor is no one’s');
  link.close();
  assert.equal(link.writeMany?.(pieces), 0);
  assert.equal(link.write(pieces[0], 0, 3), -1);
});
