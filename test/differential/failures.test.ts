import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../../scripts/loopback-ports.ts';
import { type Fault, startFaultyServer } from '../support/faulty-server.ts';
import { type ProxyKind, type RunningProxy, startProxy } from '../support/proxy.ts';
import { RawClient, request } from '../support/raw-client.ts';
import { DIFFERENCES } from './differences.ts';

/* What clients are told when servers fail: the original's words, from both; errors that servers answer, as they are. */
const ERRORS_AS_THEY_ARE = DIFFERENCES.find(({ title }) =>
  title.startsWith("A server's error is the client's"),
);
const FAULTS: readonly (Fault | 'refused' | 'unresolvable')[] = [
  'refused',
  'unresolvable',
  'hang',
  'reset',
  'close',
  'junk',
  'oom',
  'busy',
  'loading',
  'readonly',
  'masterdown',
  'misconf',
  'noauth',
];
/** The transport decides what it sees of a failure, so both are asked. */
const OURS = ['bun', 'node'] satisfies ProxyKind[];
let ours: RunningProxy[];
let original: RunningProxy;
const servers: { stop(): void }[] = [];

before(async () => {
  const good = await startFaultyServer('good');
  servers.push(good);
  const addresses: string[] = [];
  for (const fault of FAULTS) {
    if (fault === 'refused') addresses.push(`127.0.0.1:${await freePort()}`);
    else if (fault === 'unresolvable') addresses.push('no.such.host.invalid:6379');
    else {
      const server = await startFaultyServer(fault);
      servers.push(server);
      addresses.push(`127.0.0.1:${server.port}`);
    }
  }
  const conf = (ports: readonly number[]): string =>
    FAULTS.map(
      (fault, i) => `${fault}:
  listen: 127.0.0.1:${ports[i]}
  redis: true
  timeout: 300
  servers:
   - ${addresses[i]}:1 server1
   - 127.0.0.1:${good.port}:1 server2
`,
    ).join('');
  ours = [];
  for (const kind of OURS) ours.push(await startProxy(kind, FAULTS.length, conf));
  original = await startProxy('original', FAULTS.length, conf);
});

after(async () => {
  for (const server of servers) server.stop();
  await Promise.all([...(ours ?? []), original].map((proxy) => proxy?.stop()));
});

async function answer(port: number, bytes: Buffer, replies: number): Promise<string> {
  const client = await RawClient.open(port);
  const text = await client.ask(bytes, replies, 8000);
  client.end();
  return text;
}

/** Keys on the faulty and on the good server, found by asking the original. */
async function keysOf(pool: number): Promise<{ bad: string; good: string }> {
  const found: { bad?: string; good?: string } = {};
  for (const key of ['name', 'name2', 'apple', 'zebra', 'orange', 'qwerty', '42', 'Berlin']) {
    const text = await answer(original.ports[pool], request('GET', key), 1);
    found[text === '$4\r\ngood\r\n' ? 'good' : 'bad'] ??= key;
    if (found.bad && found.good) break;
  }
  assert.ok(found.bad && found.good);
  return { bad: found.bad, good: found.good };
}

describe('errors of servers', () => {
  FAULTS.forEach((fault, pool) => {
    test(fault, async () => {
      const { bad, good } = await keysOf(pool);
      const cases: [bytes: Buffer, replies: number][] = [
        [request('GET', bad), 1],
        [
          Buffer.concat([
            request('GET', bad),
            request('GET', good),
            request('PING'),
            request('SET', bad, 'x'),
          ]),
          4,
        ],
        [request('MGET', good, bad), 1],
        [request('DEL', bad, good), 1],
        [request('MSET', good, '1', bad, '2'), 1],
      ];
      for (const [bytes, replies] of cases) {
        const theirs = await answer(original.ports[pool], bytes, replies);
        for (const [i, { ports }] of ours.entries()) {
          const mine = await answer(ports[pool], bytes, replies);
          const [before, after] = [theirs, mine].map((text) => ({ bytes: text, closed: false }));
          if (ERRORS_AS_THEY_ARE?.explains([], before, after)) continue;
          assert.equal(mine, theirs, `${OURS[i]}: ${bytes}`);
        }
      }
    });
  });

  // the original says that the connection timed out or that it was closed, as it happens
  test('half an answer, then the end: the client is told, not given the half', async () => {
    const half = await startFaultyServer('half');
    servers.push(half);
    const proxy = await startProxy(
      'bun',
      1,
      ([port]) =>
        `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n  - 127.0.0.1:${half.port}:1\n`,
    );
    try {
      assert.equal(await answer(proxy.ports[0], request('GET', 'x'), 1), '-ERR unknown\r\n');
    } finally {
      await proxy.stop();
    }
  });

  test('after an answer that nobody asked for, no client gets the answer of another', async () => {
    const extra = await startFaultyServer('extra');
    servers.push(extra);
    const proxy = await startProxy(
      'bun',
      1,
      ([port]) =>
        `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n  - 127.0.0.1:${extra.port}:1\n`,
    );
    try {
      for (let i = 0; i < 20; i++) {
        const text = await answer(proxy.ports[0], request('GET', 'x'), 1);
        assert.ok(['$4\r\ngood\r\n', '-ERR Invalid argument\r\n'].includes(text), text);
      }
    } finally {
      await proxy.stop();
    }
  });
});
