import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* auto_eject_hosts: out after the limit, back when it answers again. */
let servers: RedisServer[];
let proxy: RunningProxy;
/** Keys of server0 and of server1. */
const KEYS = ['name', 'name2', 'apple', 'zebra', 'orange', 'qwerty', '42', 'Berlin', 'x', 'linux48'];

before(async () => {
  servers = [await startRedis(), await startRedis()];
  proxy = await startProxy(
    'bun',
    1,
    ([port]) => `alpha:
  listen: 127.0.0.1:${port}
  redis: true
  auto_eject_hosts: true
  server_failure_limit: 2
  server_retry_timeout: 300
  servers:
   - 127.0.0.1:${servers[0].port}:1 server0
   - 127.0.0.1:${servers[1].port}:1 server1
`,
  );
});

after(async () => {
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

async function stats(): Promise<Record<string, Record<string, unknown>>> {
  const response = await fetch(`http://127.0.0.1:${proxy.statsPort}/stats`);
  return (await response.json()) as Record<string, Record<string, unknown>>;
}

describe('a pool that ejects', () => {
  test('moves the keys of a dead server to the others, and back when it lives', async () => {
    const client = await RawClient.open(proxy.ports[0]);
    for (const key of KEYS) assert.equal(await client.ask(request('SET', key, 'x')), '+OK\r\n');
    const keys = await servers[1].client.keys('*');
    assert.ok(keys.length > 0 && keys.length < KEYS.length);
    const [key] = keys;
    await servers[1].stop();
    const answers: string[] = [];
    for (let i = 0; i < 6; i++) answers.push(await client.ask(request('GET', key)));
    const errors = answers.filter((answer) => answer[0] === '-');
    assert.ok(errors.length >= 1 && errors.length <= 2, answers.join(''));
    assert.equal(answers.at(-1), '$-1\r\n');
    assert.equal((await stats()).alpha.server_ejects, 1);
    // dead as it is it does not come back, however often it is tried
    await waitUntil('some tries', () => new Promise<true>((done) => setTimeout(() => done(true), 1000)));
    assert.equal(await client.ask(request('GET', key)), '$-1\r\n');
    servers[1] = await startRedis([], servers[1].port);
    await servers[1].client.set(key, 'back');
    await waitUntil(
      'the server to be back',
      async () => (await client.ask(request('GET', key))) === '$4\r\nback\r\n',
    );
    client.end();
  });

  test('an idle connection that a server closes does not count', async () => {
    const client = await RawClient.open(proxy.ports[0]);
    const before = (await stats()).alpha.server_ejects;
    for (let i = 0; i < 4; i++) {
      for (const key of KEYS) assert.notEqual((await client.ask(request('GET', key)))[0], '-');
      for (const server of servers)
        await server.client.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
      await waitUntil('the end of the connections', async () => {
        const { alpha } = await stats();
        const one = alpha.server0 as { server_connections: number };
        const two = alpha.server1 as { server_connections: number };
        return one.server_connections + two.server_connections === 0;
      });
    }
    assert.equal((await stats()).alpha.server_ejects, before);
    client.end();
  });

  test('with all servers gone the error comes at once, and service comes back by itself', async () => {
    await Promise.all(servers.map((server) => server.stop()));
    const client = await RawClient.open(proxy.ports[0]);
    for (let i = 0; i < 8; i++)
      await client.ask(Buffer.concat(KEYS.map((key) => request('GET', key))), KEYS.length);
    assert.equal(await client.ask(request('GET', 'x')), '-ERR Connection refused\r\n');
    servers = [await startRedis([], servers[0].port), await startRedis([], servers[1].port)];
    await waitUntil('service', async () => (await client.ask(request('SET', 'x', '1'))) === '+OK\r\n');
    client.end();
  });
});
