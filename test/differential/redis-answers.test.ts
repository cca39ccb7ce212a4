import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { RawClient, request } from '../support/raw-client.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitUntil } from '../support/wait-until.ts';
import { CONVERSATIONS, DIFFERENCES_FROM_REDIS } from './redis-conversations.ts';

/*
 * What the proxy answers itself, beside a real Redis: the same conversations with both, in RESP2 and RESP3. The answers are
 * the same to the byte, or an entry of redis-conversations.ts says why not.
 */
let server: RedisServer;
let proxy: RunningProxy;

before(async () => {
  server = await startRedis(['--requirepass', 'secret']);
  proxy = await startProxy(
    'bun',
    1,
    ([port]) =>
      `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  redis_auth: secret\n  servers:\n   - 127.0.0.1:${server.port}:1\n`,
  );
});

after(async () => {
  await proxy?.stop();
  await server?.stop();
});

/** Numbers that are each server's own. */
const withoutOwn = (answer: string): string => answer.replace(/(\$2\r\nid\r\n):\d+/, '$1:N');

describe("answers of the proxy's own, beside Redis 7.0.15", () => {
  const used = new Set<string>();

  for (const [name, { lines, anonymous }] of Object.entries(CONVERSATIONS)) {
    for (const protocol of ['2', '3']) {
      test(`${name}, RESP${protocol}`, async () => {
        const clients = await Promise.all([server.port, proxy.ports[0]].map((port) => RawClient.open(port)));
        if (!anonymous) {
          const greeting = request('HELLO', protocol, 'AUTH', 'default', 'secret');
          for (const client of clients) await client.ask(greeting);
        }
        const problems: string[] = [];
        for (const line of lines) {
          const bytes = line.startsWith('*') ? Buffer.from(line) : request(...line.split(' '));
          const [redis, ours] = await Promise.all(
            clients.map(async (client) => withoutOwn(await client.ask(bytes))),
          );
          if (redis === ours) continue;
          const difference = DIFFERENCES_FROM_REDIS.find(
            ({ lines, looks }) => lines.test(line) && looks.test(ours),
          );
          if (difference === undefined)
            problems.push(`${line}: Redis ${JSON.stringify(redis)}, ours ${JSON.stringify(ours)}`);
          else used.add(difference.title);
        }
        for (const client of clients) client.end();
        assert.equal(problems.length, 0, `${problems.length} differ:\n${problems.join('\n')}`);
      });
    }
  }

  test('CLIENT INFO and LIST have every field of Redis, in its order: clients take them apart', async () => {
    const told = await Promise.all(
      [server.port, proxy.ports[0]].map(async (port) => {
        const client = await RawClient.open(port);
        await client.ask(request('AUTH', 'secret'));
        const lines = [
          await client.ask(request('CLIENT', 'INFO')),
          await client.ask(request('CLIENT', 'LIST')),
        ];
        client.end();
        return lines.map((line) => [...line.split('\n')[1].matchAll(/([a-z-]+)=/g)].map(([, name]) => name));
      }),
    );
    const [[info, list], ours] = told;
    // of Redis 7.2
    const later = ['lib-name', 'lib-ver'];
    assert.deepEqual(ours, [
      [...info, ...later],
      [...list, ...later],
    ]);
  });

  test('CLIENT LIST says how many commands a transaction has, what is tracked, and what its asker is at', async () => {
    // MULTI takes CLIENT INFO as one more command, so another client looks
    const told = await Promise.all(
      [server.port, proxy.ports[0]].map(async (port) => {
        const [one, other] = [await RawClient.open(port), await RawClient.open(port)];
        const greeting = request('HELLO', '3', 'AUTH', 'default', 'secret');
        const id = /\bid\r\n:(\d+)/.exec(await one.ask(greeting))?.[1] ?? '';
        await other.ask(greeting);
        await one.ask(request('CLIENT', 'TRACKING', 'ON', 'BCAST'));
        await one.ask(request('MULTI'));
        await one.ask(request('GET', 'r'));
        const line = await other.ask(request('CLIENT', 'LIST', 'ID', id));
        const own = Number(/:(\d+)/.exec(await other.ask(request('CLIENT', 'ID')))?.[1]);
        const asker = await other.ask(request('CLIENT', 'LIST', 'ID', String(own)));
        for (const client of [one, other]) client.end();
        return [
          ...['flags', 'multi', 'redir', 'resp'].map(
            (name) => new RegExp(`\\b${name}=(\\S+)`).exec(line)?.[1],
          ),
          /\bcmd=(\S+)/.exec(asker)?.[1],
        ];
      }),
    );
    assert.deepEqual(told[1], told[0]);
    assert.deepEqual(told[0], ['xtB', '1', '0', '3', 'client|list']);
  });

  test('CLIENT INFO and LIST inside of EXEC show the transaction that they are a part of', async () => {
    const told = await Promise.all(
      [server.port, proxy.ports[0]].map(async (port) => {
        const client = await RawClient.open(port);
        await client.ask(request('AUTH', 'secret'));
        const id = (await client.ask(request('CLIENT', 'ID'))).slice(1).trimEnd();
        const lines = ['MULTI', 'CLIENT INFO', 'GET r', `CLIENT LIST ID ${id}`, 'EXEC', 'CLIENT INFO'];
        const said: string[] = [];
        for (const line of lines) said.push(await client.ask(request(...line.split(' '))));
        client.end();
        return said.slice(-2).map((text) => text.match(/\b(flags|multi)=\S+/g));
      }),
    );
    assert.deepEqual(told[1], told[0]);
    assert.deepEqual(told[0], [
      ['flags=x', 'multi=3', 'flags=x', 'multi=3'],
      ['flags=N', 'multi=-1'],
    ]);
  });

  /** Requests of one client, sent in one go; the end of what is answered is marked by an ECHO. */
  const UNANSWERED: readonly string[][] = [
    ['CLIENT REPLY OFF', 'PING', 'SET r 1', 'NOSUCH', 'GET', 'CLIENT REPLY ON', 'GET r'],
    ['CLIENT REPLY SKIP', 'SET r 2', 'GET r', 'PING'],
    ['CLIENT REPLY SKIP', 'CLIENT REPLY SKIP', 'PING', 'PING'],
    ['CLIENT REPLY SKIP', 'CLIENT REPLY ON', 'PING'],
    ['CLIENT REPLY SKIP', 'CLIENT REPLY OFF', 'PING', 'CLIENT REPLY SKIP', 'PING', 'CLIENT REPLY ON'],
    ['CLIENT REPLY OFF', 'MGET r r2 r3', 'MULTI', 'SET r 3', 'EXEC', 'CLIENT REPLY ON', 'GET r'],
    ['CLIENT REPLY SKIP', 'MULTI', 'GET r', 'EXEC'],
    ['CLIENT REPLY OFF', 'PING', 'RESET', 'AUTH secret', 'PING'],
    ['CLIENT REPLY SKIP', 'RESET', 'AUTH secret', 'PING'],
    ['CLIENT REPLY OFF', 'SUBSCRIBE ch', 'PING', 'UNSUBSCRIBE ch', 'CLIENT REPLY ON'],
    ['CLIENT REPLY OFF', 'SUBSCRIBE', 'CLIENT REPLY ON'],
    ['CLIENT REPLY maybe', 'CLIENT REPLY SKIP', 'CLIENT REPLY maybe', 'PING'],
  ];

  for (const protocol of ['2', '3']) {
    test(`CLIENT REPLY, RESP${protocol}: what is not answered is not, and everything else in its place`, async () => {
      for (const lines of UNANSWERED) {
        const said = await Promise.all(
          [server.port, proxy.ports[0]].map(async (port) => {
            const client = await RawClient.open(port);
            await client.ask(request('HELLO', protocol, 'AUTH', 'default', 'secret'));
            const bytes = [...lines, 'ECHO the-end'].map((line) => request(...line.split(' ')));
            client.received = Buffer.alloc(0);
            client.send(Buffer.concat(bytes));
            await waitUntil('the end', () => client.received.includes('\r\nthe-end\r\n'));
            client.end();
            return client.received.toString('latin1');
          }),
        );
        assert.equal(said[1], said[0], lines.join(' | '));
      }
    });
  }

  test('every difference is documented, and exists', () => {
    assert.deepEqual([...used].sort(), DIFFERENCES_FROM_REDIS.map((each) => each.title).sort());
    const page = readFileSync('docs/differences.md', 'utf8');
    for (const { title } of DIFFERENCES_FROM_REDIS)
      assert.ok(page.includes(`| ${title} |`), `docs/differences.md lacks: ${title}`);
  });
});
