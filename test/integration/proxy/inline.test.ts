import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

/* Commands as a person types them: words, quotes and escapes as Redis itself takes them. */
let server: RedisServer;
let proxy: RunningProxy;

before(async () => {
  server = await startRedis();
  proxy = await startProxy('bun', 1, poolOf(server));
});

after(async () => {
  await proxy?.stop();
  await server?.stop();
});

/** What the line is answered, and what it has stored. */
async function answers(port: number, line: string): Promise<string> {
  const client = await RawClient.open(port);
  const text = await client.ask(Buffer.concat([Buffer.from(`${line}\r\n`), Buffer.from('get k\r\n')]), 2);
  client.end();
  return text;
}

describe('inline commands', () => {
  const lines = [
    'set k v',
    '  SET\tk   v  ',
    'set k "two words"',
    'set k "a\\n\\r\\t\\b\\a\\x41\\xff\\q\\""',
    "set k 'it\\'s \\n'",
    'set k ""',
    'set k a"b"',
    'set k "\\xzz\\x4"',
    'set k \u00e0\u00a0b',
    'set k "not closed',
    "set k 'not closed",
    'set k "a"b',
    'set k "a\\',
    '\r\nset k w',
  ];
  for (const line of lines) {
    test(JSON.stringify(line), async () => {
      await server.client.set('k', 'before');
      const real = await answers(server.port, line);
      await server.client.set('k', 'before');
      assert.equal(await answers(proxy.ports[0], line), real);
    });
  }
});
