import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { type ProxyKind, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* What the kernel says about the sockets that a proxy listens on. */
for (const kind of ['original', 'executable', 'node'] satisfies ProxyKind[]) {
  describe(`listeners of ${kind}`, () => {
    let folder: string;
    let proxy: RunningProxy;
    const path = (): string => join(folder, 'socket');

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'twemstack-listeners-'));
      const pool = (name: string, listen: string, backlog: string): string =>
        `${name}:\n  listen: ${listen}\n  redis: true\n${backlog}  servers:\n   - 127.0.0.1:1:1\n`;
      proxy = await startProxy(
        kind,
        2,
        ([first, second]) =>
          pool('a', `127.0.0.1:${first}`, '  backlog: 7\n') +
          pool('b', `127.0.0.1:${second}`, '') +
          pool('c', `${path()} 0660`, '  backlog: 9\n'),
      );
    });
    after(async () => {
      await proxy?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    /** The backlog in force: `ss` shows it as Send-Q of a listening socket. */
    async function backlog(...filter: string[]): Promise<number> {
      const { stdout } = await execa('ss', ['-H', '-n', '-l', ...filter]);
      const row = stdout.split('\n').find((line) => filter[0] === '-t' || line.includes(path()));
      return Number(row?.trim().split(/\s+/)[filter[0] === '-t' ? 2 : 3]);
    }

    test('backlog is what the file says, 512 when it says nothing', async () => {
      assert.equal(await backlog('-t', `sport = :${proxy.ports[0]}`), 7);
      assert.equal(await backlog('-t', `sport = :${proxy.ports[1]}`), 512);
      assert.equal(await backlog('-x'), 9);
    });

    test('a unix socket has the permissions of the file, and serves', async () => {
      assert.equal(statSync(path()).mode & 0o777, 0o660);
      const socket = connect(path());
      let said = '';
      socket.on('data', (chunk) => {
        said += chunk;
      });
      socket.write('*1\r\n$4\r\nPING\r\n');
      await waitUntil('an answer', () => said === '+PONG\r\n');
      socket.destroy();
    });
  });
}
