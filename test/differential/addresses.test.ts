import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../../scripts/loopback-ports.ts';
import { type ProxyKind, type RunningProxy, startProxy } from '../support/proxy.ts';
import { RawClient, request } from '../support/raw-client.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitUntil } from '../support/wait-until.ts';

/* Unix sockets, IPv6, preconnect and keep-alive: the same from both. */
let folder: string;
let server: RedisServer;
const proxies = new Map<ProxyKind, RunningProxy>();
const sixes = new Map<ProxyKind, number>();
const KINDS = ['original', 'bun'] as const;

const path = (kind: ProxyKind, name: string): string => join(folder, `${kind}-${name}.sock`);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twemstack-addresses-'));
  const socket = join(folder, 'redis.sock');
  server = await startRedis(['--unixsocket', socket, '--bind', '127.0.0.1', '::1']);
  for (const kind of KINDS) {
    const six = await freePort('::1');
    sixes.set(kind, six);
    proxies.set(
      kind,
      await startProxy(kind, 2, ([plain, kept]) => {
        const pool = (name: string, listen: string, address: string, extra = ''): string =>
          `${name}:\n  listen: ${listen}\n  redis: true\n${extra}  servers:\n  - ${address}\n`;
        const tcp = `127.0.0.1:${server.port}:1`;
        return [
          pool('closed', `${path(kind, 'closed')} 0600`, tcp),
          pool('group', `${path(kind, 'group')} 0770`, tcp),
          pool('open', `${path(kind, 'open')} 0777`, tcp),
          pool('six', `::1:${six}`, `::1:${server.port}:1 six`),
          pool('unix', path(kind, 'unix'), `${socket}:1`),
          pool('zkept', `127.0.0.1:${kept}`, tcp, '  tcpkeepalive: true\n'),
          // the last one in the order of names, so that all others listen when it does
          pool('zzplain', `127.0.0.1:${plain}`, `${socket}:1 named`),
        ].join('');
      }),
    );
  }
});

after(async () => {
  await Promise.all([...proxies.values()].map((proxy) => proxy.stop()));
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function dialogue(place: number | string | { host: string; port: number }): Promise<string> {
  const client = await RawClient.open(place);
  const requests = [
    request('SET', 'a', '1'),
    request('GET', 'a'),
    request('MGET', 'a', 'b'),
    request('DEL', 'a', 'b'),
  ];
  const text = await client.ask(Buffer.concat(requests), requests.length);
  client.end();
  return text;
}

/** What both have to say, which must be the same; returns it. */
async function same<T>(of: (kind: ProxyKind) => Promise<T> | T): Promise<T> {
  const [theirs, mine] = await Promise.all(KINDS.map(of));
  assert.deepEqual(mine, theirs);
  return mine;
}

const ANSWER = '+OK\r\n$1\r\n1\r\n*2\r\n$1\r\n1\r\n$-1\r\n:1\r\n';

describe('Unix sockets', () => {
  for (const [name, mode] of [
    ['closed', 0o600],
    ['group', 0o770],
    ['open', 0o777],
  ] as const) {
    test(`listen with permissions ${mode.toString(8)}`, async () => {
      assert.equal(await same((kind) => statSync(path(kind, name)).mode & 0o777), mode);
      assert.equal(await same((kind) => dialogue(path(kind, name))), ANSWER);
    });
  }

  test('without permissions the umask decides', async () => {
    await same((kind) => statSync(path(kind, 'unix')).mode & 0o777);
  });

  test('a server on one, with and without a name', async () => {
    assert.equal(await same((kind) => dialogue(path(kind, 'unix'))), ANSWER);
    assert.equal(await same((kind) => dialogue(proxies.get(kind)?.ports[0] ?? 0)), ANSWER);
  });

  test('one that was left behind is taken over', async () => {
    const left = path('bun', 'left');
    const conf = ([port]: readonly number[]): string =>
      `a:\n  listen: ${left}\n  redis: true\n  servers:\n  - 127.0.0.1:${server.port}:1\n` +
      `b:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n  - 127.0.0.1:${server.port}:1\n`;
    const first = await startProxy('bun', 1, conf);
    first.daemon.signal('SIGKILL');
    await waitUntil('its end', () => first.daemon.ended() !== undefined);
    assert.ok(existsSync(left));
    const second = await startProxy('bun', 1, conf);
    try {
      assert.equal(await dialogue(left), ANSWER);
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });
});

test('IPv6, to listen on and to connect to', async () => {
  assert.equal(await same((kind) => dialogue({ host: '::1', port: sixes.get(kind) ?? 0 })), ANSWER);
});

test('tcpkeepalive: clients are probed in the pool that says so, and in no other', async () => {
  const timers = async (kind: ProxyKind, pool: number): Promise<boolean> => {
    const port = proxies.get(kind)?.ports[pool] ?? 0;
    const client = await RawClient.open(port);
    await client.ask(request('PING'));
    const sockets = execFileSync('ss', ['-Htno', 'state', 'established', `( sport = :${port} )`]).toString();
    client.end();
    return sockets.includes('keepalive');
  };
  assert.equal(await same((kind) => timers(kind, 1)), true);
  assert.equal(await same((kind) => timers(kind, 0)), false);
});

test('preconnect: connected before anybody asks, without it only then', async () => {
  for (const preconnect of [true, false]) {
    const alone = await startRedis();
    const started: RunningProxy[] = [];
    try {
      const others = async (): Promise<number> =>
        String(await alone.client.call('CLIENT', 'LIST', 'TYPE', 'normal'))
          .trim()
          .split('\n').length - 1;
      assert.equal(await others(), 0);
      for (const [i, kind] of KINDS.entries()) {
        const conf = ([port]: readonly number[]): string =>
          `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  preconnect: ${preconnect}\n  server_connections: 2\n` +
          `  servers:\n  - 127.0.0.1:${alone.port}:1\n`;
        started.push(await startProxy(kind, 1, conf));
        if (preconnect) await waitUntil(`${kind} to connect`, async () => (await others()) === i + 1);
        else assert.equal(await others(), 0);
      }
    } finally {
      await Promise.all(started.map((proxy) => proxy.stop()));
      await alone.stop();
    }
  }
});
