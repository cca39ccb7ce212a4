import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { freePorts } from '../../../scripts/loopback-ports.ts';
import { type Authority, type CertificateFiles, createAuthority } from '../../support/certificates.ts';
import { type ProxyKind, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { type Daemon, spawnDaemon } from '../../support/spawn-daemon.ts';
import { answerTo, openTls } from '../../support/tls-client.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* TLS on both sides of the proxy, with real certificates, a real redis-server that speaks TLS, and real clients. */
let folder: string;
let authority: Authority;
let stranger: Authority;
let proxyCert: CertificateFiles;
let clientCert: CertificateFiles;
let strangerCert: CertificateFiles;
let redis: RedisServer;
let expired: RedisServer;
let redisTls: number;
let expiredTls: number;
let sentinel: Daemon;
let sentinelTls: number;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twemstack-tls-'));
  authority = await createAuthority(folder, 'authority');
  stranger = await createAuthority(folder, 'stranger');
  clientCert = await authority.issue('client', ['client']);
  strangerCert = await stranger.issue('stranger-client', ['client']);
  [redisTls, expiredTls, sentinelTls] = await freePorts(3);
  const redisCert = await authority.issue('redis', ['redis.internal']);
  redis = await startTlsRedis(redisTls, redisCert);
  sentinel = await startTlsSentinel(redisCert);
  expired = await startTlsRedis(expiredTls, await authority.issue('expired', ['redis.internal'], -1));
});

after(async () => {
  await sentinel?.stop();
  await redis?.stop();
  await expired?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Plain on one port for the test, TLS with client certificates on the other. */
function startTlsRedis(port: number, { cert, key }: CertificateFiles): Promise<RedisServer> {
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', authority.cert];
  return startRedis(['--tls-port', String(port), ...files]);
}

/** Watches the plain port of the good redis as `one`; itself it speaks TLS only. */
function startTlsSentinel({ cert, key }: CertificateFiles): Promise<Daemon> {
  const file = join(folder, 'sentinel.conf');
  const lines = [
    'port 0',
    `tls-port ${sentinelTls}`,
    'bind 127.0.0.1',
    `tls-cert-file ${cert}`,
    `tls-key-file ${key}`,
    `tls-ca-cert-file ${authority.cert}`,
    `sentinel monitor one 127.0.0.1 ${redis.port} 1`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return spawnDaemon('redis-sentinel', [file], {
    cwd: folder,
    ready: (output) => output.includes('+monitor master one'),
  });
}

const POOLS = [
  'open',
  'guarded',
  'optional',
  'stranger',
  'misnamed',
  'expired',
  'nameless',
  'followed',
] as const;
type PoolName = (typeof POOLS)[number];

function poolFile(ports: readonly number[]): string {
  const client = [`server_tls_cert_file: ${clientCert.cert}`, `server_tls_key_file: ${clientCert.key}`];
  const trust = `server_tls_ca_cert_file: ${authority.cert}`;
  const name = 'server_tls_name: redis.internal';
  const listen = (i: number): string[] => [
    `listen_tls: 127.0.0.1:${ports[POOLS.length + i]}`,
    `tls_cert_file: ${proxyCert.cert}`,
    `tls_key_file: ${proxyCert.key}`,
  ];
  const ca = `tls_ca_cert_file: ${authority.cert}`;
  const settings: Record<PoolName, [lines: string[], server: number]> = {
    open: [[...listen(0), 'server_tls: true', trust, name, ...client], redisTls],
    guarded: [[...listen(1), ca], redis.port],
    optional: [[...listen(2), ca, 'tls_auth_clients: optional', 'client_connections: 2'], redis.port],
    stranger: [['server_tls: true', `server_tls_ca_cert_file: ${stranger.cert}`, name, ...client], redisTls],
    misnamed: [['server_tls: true', trust, 'server_tls_name: other', ...client], redisTls],
    expired: [['server_tls: true', trust, name, ...client], expiredTls],
    nameless: [['server_tls: true', trust, ...client], redisTls],
    followed: [
      ['sentinel_tls: true', trust, name, ...client, 'sentinels:', ` - 127.0.0.1:${sentinelTls}`],
      redis.port,
    ],
  };
  return POOLS.map((pool, i) => {
    const [lines, server] = settings[pool];
    const all = [`listen: 127.0.0.1:${ports[i]}`, 'redis: true', ...lines, 'servers:'];
    return `${pool}:\n${all.map((line) => `  ${line}\n`).join('')}   - 127.0.0.1:${server}:1 one\n`;
  }).join('');
}

for (const kind of ['bun', 'node'] satisfies ProxyKind[]) {
  describe(`TLS on ${kind}`, () => {
    let proxy: RunningProxy;
    let idle: RawClient;
    const plainPort = (pool: PoolName): number => proxy.ports[POOLS.indexOf(pool)];
    const tlsPort = (pool: PoolName): number => proxy.ports[POOLS.length + POOLS.indexOf(pool)];

    before(async () => {
      proxyCert = await authority.issue('proxy', ['localhost', '127.0.0.1']);
      proxy = await startProxy(kind, POOLS.length + 3, poolFile);
      idle = await RawClient.open(tlsPort('open'));
    });
    after(async () => {
      await proxy?.stop();
    });

    function options(pool: PoolName, more: ConnectionOptions = {}): ConnectionOptions & { port: number } {
      return { host: '127.0.0.1', port: tlsPort(pool), ca: readFileSync(authority.cert), ...more };
    }
    const withCertificate = ({ cert, key }: CertificateFiles): ConnectionOptions => ({
      cert: readFileSync(cert),
      key: readFileSync(key),
    });

    test('ioredis and redis-cli, with TLS to the server too', async () => {
      const client = new Redis({ host: '127.0.0.1', port: tlsPort('open'), tls: options('open') });
      assert.equal(await client.set('key', kind), 'OK');
      client.disconnect();
      const args = ['-h', 'localhost', '-p', String(tlsPort('open')), '--tls', '--cacert', authority.cert];
      const { stdout } = await execa('redis-cli', [...args, 'GET', 'key']);
      assert.equal(stdout, kind);
      assert.equal(await redis.client.get('key'), kind);
    });

    test('values of every size come back unchanged, to clients side by side', async () => {
      const sizes = [0, 1, 16_383, 16_384, 16_385, 65_536, 300_000, 1_048_576, 5_000_000];
      const clients = Array.from(
        { length: 4 },
        () => new Redis({ host: '127.0.0.1', port: tlsPort('open'), tls: options('open') }),
      );
      const each = async (client: Redis, n: number, size: number): Promise<void> => {
        const value = Buffer.alloc(size, createHash('md5').update(`${n}:${size}`).digest());
        await client.set(`size:${n}:${size}`, value);
        assert.ok((await client.getBuffer(`size:${n}:${size}`))?.equals(value), `${size} bytes`);
      };
      await Promise.all(clients.map((client, n) => Promise.all(sizes.map((size) => each(client, n, size)))));
      for (const client of clients) client.disconnect();
    });

    test('a slow reader gets 64 MiB to the last byte, and the others are served meanwhile', async () => {
      const value = Buffer.alloc(1 << 20, createHash('md5').update('slow').digest());
      await redis.client.set('slow', value);
      const client = await openTls(options('open'));
      client.socket.pause();
      const gets = 64;
      client.socket.write(Buffer.concat([...Array(gets).fill(request('GET', 'slow')), request('QUIT')]));
      const other = await openTls(options('open'));
      for (let i = 0; i < 20; i++) assert.equal(await other.ask(request('PING'), 7), '+PONG\r\n');
      other.socket.destroy();
      // reads a little, rests a little
      let chunks = 0;
      client.socket.on('data', () => {
        if (++chunks % 16 !== 0) return;
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 2);
      });
      client.socket.resume();
      await waitUntil('the end', () => client.ended, { withinMs: 20_000 });
      const reply = Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);
      const expected = Buffer.concat([...Array(gets).fill(reply), Buffer.from('+OK\r\n')]);
      assert.equal(client.received.length, expected.length);
      assert.ok(client.received.equals(expected));
    });

    test('a client that closes its half still gets its answers', async () => {
      const client = await openTls(options('open'));
      client.socket.end(Buffer.concat([request('SET', 'half', '1'), request('GET', 'half')]));
      await waitUntil('the end', () => client.ended);
      assert.equal(client.received.toString(), '+OK\r\n$1\r\n1\r\n');
    });

    test('a client must have a certificate, a good one, where it is asked for', async () => {
      const good = await openTls(options('guarded', withCertificate(clientCert)));
      assert.equal(await good.ask(request('PING'), 7), '+PONG\r\n');
      assert.equal(await answerTo(options('guarded')), '');
      assert.equal(await answerTo(options('guarded', withCertificate(strangerCert))), '');
      await waitUntil('the log', () =>
        /'guarded': TLS handshake with 127\.0\.0\.1:\d+ failed: /.test(proxy.daemon.output()),
      );
      // the refused do not disturb the others
      assert.equal(await good.ask(request('PING'), 7), '+PONG\r\n');
      good.socket.destroy();
    });

    test('where it is optional: none will do, a bad one will not', async () => {
      assert.equal(await answerTo(options('optional')), '+PONG\r\n');
      assert.equal(await answerTo(options('optional', withCertificate(clientCert))), '+PONG\r\n');
      assert.equal(await answerTo(options('optional', withCertificate(strangerCert))), '');
    });

    test('one client too many is told so', async () => {
      const two = [await openTls(options('optional')), await openTls(options('optional'))];
      assert.match(
        await answerTo(options('optional')),
        /^-ERR max number of clients reached: client_connections is 2/,
      );
      for (const { socket } of two) socket.destroy();
    });

    const servers: readonly [PoolName, RegExp][] = [
      ['stranger', /unable to verify the first certificate|self[- ]signed/],
      ['misnamed', /other\. is not in the cert's altnames/],
      ['nameless', /127\.0\.0\.1 is not in the cert's list/],
      ['expired', /certificate has expired/],
    ];
    for (const [pool, reason] of servers) {
      test(`a server that is not to be trusted (${pool}): the client is told, and so is the log`, async () => {
        const client = await RawClient.open(plainPort(pool));
        const text = await client.ask(request('GET', 'key'));
        client.end();
        assert.match(text, /^-ERR TLS to server 'one' failed: /);
        assert.match(text, reason);
        assert.ok(proxy.daemon.output().includes(`pool '${pool}': ${text.trim().slice('-ERR '.length)}`));
      });
    }

    test('sentinels are reached with TLS', async () => {
      await waitUntil('the sentinel', () =>
        proxy.daemon.output().includes(`sentinel 127.0.0.1:${sentinelTls} answers`),
      );
      const client = await RawClient.open(plainPort('followed'));
      assert.equal(await client.ask(request('SET', 'followed', kind)), '+OK\r\n');
      client.end();
    });

    test('who connects and leaves, as load balancers do, is no failure', async () => {
      const failures = (): number => proxy.daemon.output().split('TLS handshake').length;
      const errors = async (): Promise<number> => {
        const response = await fetch(`http://127.0.0.1:${proxy.statsPort}/stats`);
        return ((await response.json()) as { guarded: { client_err: number } }).guarded.client_err;
      };
      const [logged, counted] = [failures(), await errors()];
      for (let i = 0; i < 3; i++) (await RawClient.open(tlsPort('guarded'))).socket.end();
      // behind them in the same queue of connections
      const client = await openTls(options('guarded', withCertificate(clientCert)));
      assert.equal(await client.ask(request('PING'), 7), '+PONG\r\n');
      client.socket.destroy();
      assert.deepEqual([failures(), await errors()], [logged, counted]);
    });

    test('plain text to the TLS port ends the connection and is logged', async () => {
      // a pool that has refused nobody a moment ago: the log is told once a second
      const client = await RawClient.open(tlsPort('open'));
      client.send(request('PING'));
      await waitUntil('the end', () => client.closed);
      assert.ok(!client.received.toString('latin1').includes('PONG'));
      await waitUntil('the log', () => /no TLS at the other end/.test(proxy.daemon.output()));
    });

    test('SIGUSR1: newcomers see the renewed certificate, nobody is disconnected; a wrong key changes nothing', async () => {
      const old = await openTls(options('open'));
      const server = new Redis({ host: '127.0.0.1', port: tlsPort('open'), tls: options('open') });
      const before = old.fingerprint;
      const reload = async (verdict: string): Promise<void> => {
        const from = proxy.daemon.output().length;
        proxy.daemon.signal('SIGUSR1');
        await waitUntil(verdict, () => proxy.daemon.output().slice(from).includes(verdict));
      };
      const other = await authority.issue('other', ['localhost', '127.0.0.1']);
      copyFileSync(other.key, proxyCert.key);
      await reload('reload refused');
      assert.match(proxy.daemon.output(), /tls_key_file.*is not that of the certificate in/);
      copyFileSync(other.cert, proxyCert.cert);
      await reload('is in force');
      const next = await openTls(options('open'));
      assert.notEqual(next.fingerprint, before);
      const metrics = await (await fetch(`http://127.0.0.1:${proxy.statsPort}/metrics`)).text();
      const expiry = /tls_certificate_expiry_timestamp_seconds\{pool="open"\} (\d+)/.exec(metrics)?.[1];
      assert.equal(Number(expiry) * 1000, Date.parse(next.socket.getPeerCertificate().valid_to));
      assert.equal(await next.ask(request('PING'), 7), '+PONG\r\n');
      assert.equal(await old.ask(request('GET', 'nothing'), 5), '$-1\r\n');
      assert.equal(await server.set('k', 'v'), 'OK');
      for (const each of [old, next]) each.socket.destroy();
      server.disconnect();
    });

    test('who does not go on with the handshake is closed after 5 s', async () => {
      await waitUntil('the end', () => idle.closed, { withinMs: 8000 });
    });
  });
}
