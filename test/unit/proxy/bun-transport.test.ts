import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bunTransport } from '../../../proxy/transport/bun.ts';
import type { BunApi, BunSocket, BunSocketHandlers } from '../../../proxy/transport/bun-api.ts';

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
  const options = { address, backlog: 512, reusePort: false, keepAlive: false };
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
