import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Requests above 16 KiB are handed to the kernel together. A server that stops reading makes it take only a part of them. */
const CLIENTS = 100;
const EACH = 10;
const SIZES = [20_000, 17_000, 5, 30_000, 16_384];

let redis: RedisServer;
let proxy: RunningProxy;

before(async () => {
  redis = await startRedis();
  proxy = await startProxy(
    'bun',
    1,
    ([port]) =>
      `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n   - 127.0.0.1:${redis.port}:1\n`,
  );
});

after(async () => {
  await proxy?.stop();
  await redis?.stop();
});

/** Bytes of requests that the proxy has and the kernel did not take. */
async function waiting(): Promise<number> {
  const stats = await (await fetch(`http://127.0.0.1:${proxy.statsPort}/stats`)).json();
  const servers: { in_queue_bytes?: number }[] = Object.values((stats as { p: object }).p);
  return servers.reduce((sum, { in_queue_bytes = 0 }) => sum + in_queue_bytes, 0);
}

test('large requests for a server that stops reading in the middle of them arrive whole and in order', async () => {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.open(proxy.ports[0])));
  const values = clients.map(() =>
    Array.from({ length: EACH }, (_, i) => randomBytes(SIZES[i % SIZES.length])),
  );
  redis.daemon.signal('SIGSTOP');
  for (const [c, client] of clients.entries())
    client.send(
      Buffer.concat(values[c].map((value, i) => request('SET', Buffer.from(`key:${c}:${i}`), value))),
    );
  await waitUntil('the line to the server is full', async () => (await waiting()) > 1_000_000);
  redis.daemon.signal('SIGCONT');
  for (const client of clients) assert.equal(await client.replies(EACH, 20_000), '+OK\r\n'.repeat(EACH));
  for (const [c, each] of values.entries())
    for (const [i, value] of each.entries())
      assert.ok(value.equals((await redis.client.getBuffer(`key:${c}:${i}`)) as Buffer), `key:${c}:${i}`);
  for (const client of clients) client.end();
});
