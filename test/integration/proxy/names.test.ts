import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { accepts, freePorts } from '../../../scripts/loopback-ports.ts';
import { createAuthority } from '../../support/certificates.ts';
import { commandOf, type ProxyKind } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { type Daemon, spawnDaemon } from '../../support/spawn-daemon.ts';
import { waitUntil } from '../../support/wait-until.ts';

/*
 * A server that is given by name and moves to another address, which only the name tells. The proxy runs in a mount
 * namespace where /etc/hosts is a file of the test's.
 */
for (const kind of ['executable', 'node'] satisfies ProxyKind[]) {
  for (const tls of [false, true]) {
    describe(`${kind}, servers by name${tls ? ', with TLS' : ''}`, () => {
      let folder: string;
      let hosts: string;
      let first: RedisServer;
      let second: RedisServer;
      let proxy: Daemon;
      let port: number;
      let secure: string[];
      const settings = (ip: string): string[] => [
        ...['--bind', ip],
        ...(tls ? [...secure, '--tls-auth-clients', 'no', '--port', '0'] : []),
      ];

      before(async () => {
        folder = mkdtempSync(join(tmpdir(), 'twemstack-names-'));
        hosts = join(folder, 'hosts');
        pointTo('127.0.0.2');
        const [statsPort, listen, serverPort] = await freePorts(3, '0.0.0.0');
        port = listen;
        const authority = await createAuthority(folder, 'authority');
        const { cert, key } = await authority.issue('server', ['moved.test']);
        secure = ['--tls-port', String(serverPort), '--tls-cert-file', cert, '--tls-key-file', key];
        first = await startRedis(settings('127.0.0.2'), serverPort);
        second = await startRedis(settings('127.0.0.3'), serverPort);
        const conf = join(folder, 'nutcracker.yml');
        const more = tls ? `  server_tls: true\n  server_tls_ca_cert_file: ${authority.cert}\n` : '';
        writeFileSync(
          conf,
          `a:\n  listen: 127.0.0.1:${port}\n  redis: true\n${more}  servers:\n   - moved.test:${serverPort}:1\n`,
        );
        const [program, args] = commandOf(kind);
        const inside = 'mount --bind "$1" /etc/hosts; shift; exec "$@"';
        proxy = await spawnDaemon(
          'unshare',
          [
            ...['--mount', 'sh', '-ec', inside, 'sh', hosts, program, ...args],
            ...['-c', conf, '-a', '127.0.0.1', '-s', String(statsPort)],
          ],
          { ready: () => accepts(port) },
        );
      });
      after(async () => {
        await proxy?.stop();
        await Promise.all([first?.stop(), second?.stop()]);
        rmSync(folder, { recursive: true, force: true });
      });

      /** In place: the file is mounted, another one of its name would not be. */
      const pointTo = (...ips: string[]): void =>
        writeFileSync(hosts, `127.0.0.1 localhost\n${ips.map((ip) => `${ip} moved.test\n`).join('')}`);
      const ask = async (...words: string[]): Promise<string> => {
        const client = await RawClient.open(port);
        const answer = await client.ask(request(...words));
        client.end();
        return answer;
      };

      test('a server that moved is found at its new address at the next connect', async () => {
        assert.equal(await ask('SET', 'place', 'before'), '+OK\r\n');
        pointTo('127.0.0.3');
        await first.stop();
        // the connection may be used once more before its end is noticed
        await waitUntil('the new place', async () => (await ask('SET', 'place', 'after')) === '+OK\r\n', {
          withinMs: 5000,
        });
        assert.equal(await ask('GET', 'place'), '$5\r\nafter\r\n');
      });

      test('of several addresses, one that serves is used', async () => {
        pointTo('127.0.0.2', '127.0.0.3');
        await second.stop();
        second = await startRedis(settings('127.0.0.3'), second.port);
        await waitUntil('service', async () => (await ask('SET', 'place', 'again')) === '+OK\r\n');
      });
    });
  }
}
