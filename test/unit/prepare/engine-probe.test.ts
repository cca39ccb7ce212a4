import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { probeEngine } from '../../../scripts/prepare/engine.ts';

test('an engine that ends while it is asked is absent, not one that hangs', async () => {
  const server = createServer((socket) => {
    // Only a fault can produce it: the connection is taken, then the process dies.
    server.close();
    socket.resetAndDestroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.equal((await probeEngine(`tcp://127.0.0.1:${port}`, 3000)).kind, 'absent');
});
