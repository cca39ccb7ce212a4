import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { freePort } from '../../../scripts/loopback-ports.ts';
import { commandOf, type ProxyKind } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type Daemon, spawnDaemon } from '../../support/spawn-daemon.ts';

/* Paths that the operator names: nothing that stands there already is taken away, overwritten or waited for. */
for (const kind of ['executable', 'node'] satisfies ProxyKind[]) {
  describe(`paths given to ${kind}`, () => {
    let folder: string;
    let conf: string;
    const path = (name: string): string => join(folder, name);
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'twemstack-paths-'));
      conf = path('nutcracker.yml');
      writeFileSync(conf, confOf(path('listen')));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    const confOf = (listen: string): string =>
      `a:\n  listen: ${listen}\n  redis: true\n  servers:\n   - 127.0.0.1:1:1\n`;
    const words = async (...flags: string[]): Promise<[program: string, words: string[]]> => {
      const [program, args] = commandOf(kind);
      const stats = ['-a', '127.0.0.1', '-s', String(await freePort())];
      return [program, [...args, ...stats, '-c', conf, ...flags]];
    };
    const start = async (...flags: string[]): Promise<Daemon> => {
      const options = { ready: () => ponged(path('listen')) };
      return await spawnDaemon(...(await words(...flags)), options);
    };
    /** Runs it where it is to refuse; gives up on one that goes on. */
    const refused = async (...flags: string[]): Promise<string> => {
      const { exitCode, stderr, timedOut } = await execa(...(await words(...flags)), {
        reject: false,
        stdin: 'ignore',
        timeout: 20_000,
      });
      assert.equal(timedOut, false, 'it neither refused nor ended');
      assert.equal(exitCode, 1, stderr);
      return stderr;
    };
    const ponged = async (place: string): Promise<boolean> => {
      const client = await RawClient.open(place);
      const answer = await client.ask(request('PING'));
      client.end();
      return answer === '+PONG\r\n';
    };

    test('a unix socket that somebody serves is not taken over, and stays when the second one leaves', async () => {
      const first = await start();
      try {
        assert.match(await refused(), /cannot listen on '.*listen': another process serves there/);
        assert.ok(await ponged(path('listen')));
      } finally {
        await first.stop();
      }
      assert.equal(existsSync(path('listen')), false);
    });

    test('a socket that a killed process left is taken', async () => {
      const first = await start();
      first.signal('SIGKILL');
      await first.stop();
      assert.ok(lstatSync(path('listen')).isSocket());
      const second = await start();
      await second.stop();
    });

    test('an ordinary file or a link where the socket should be stays, and is named', async () => {
      writeFileSync(path('listen'), 'precious');
      assert.match(await refused(), /there is an ordinary file, which is left alone/);
      assert.equal(readFileSync(path('listen'), 'utf8'), 'precious');
      renameSync(path('listen'), path('precious'));
      symlinkSync(path('precious'), path('listen'));
      assert.match(await refused(), /there is a symbolic link, which is left alone/);
      assert.equal(readFileSync(path('precious'), 'utf8'), 'precious');
      rmSync(path('listen'));
    });

    test('what has taken the place of the socket meanwhile stays when the proxy leaves', async () => {
      const proxy = await start();
      rmSync(path('listen'));
      const other = createServer((socket) => socket.end('other'));
      await new Promise<void>((done) => other.listen(path('listen'), done));
      await proxy.stop();
      try {
        const client = await RawClient.open(path('listen'));
        assert.equal(await client.ask(''), 'other');
      } finally {
        other.close();
      }
    });

    test('a pid file that is a link is not followed', async () => {
      writeFileSync(path('target'), 'precious');
      symlinkSync(path('target'), path('pid'));
      assert.match(await refused('-p', path('pid')), /opening pid file '.*' failed: it is a symbolic link/);
      assert.equal(readFileSync(path('target'), 'utf8'), 'precious');
      assert.ok(lstatSync(path('pid')).isSymbolicLink());
    });

    test('a pid file that holds something else, or is no file, is left alone', async () => {
      assert.match(await refused('-p', conf), /it holds something else than a process id/);
      assert.equal(readFileSync(conf, 'utf8'), confOf(path('listen')));
      assert.match(await refused('-p', folder), /it is a directory/);
      assert.match(await refused('-p', '/dev/null'), /it is a device/);
    });

    test('a pid file of an earlier process is used, and removed by its own process only', async () => {
      writeFileSync(path('old'), '4194000\n');
      const proxy = await start('-p', path('old'));
      assert.equal(readFileSync(path('old'), 'utf8'), String(proxy.pid));
      writeFileSync(path('old'), '4194000');
      await proxy.stop();
      assert.equal(readFileSync(path('old'), 'utf8'), '4194000');
    });

    test('a configuration, or a file it names, that is no file is said to be none, at once', async () => {
      await execa('mkfifo', [path('fifo')]);
      mkdirSync(path('folder'));
      for (const [name, what] of [
        ['fifo', 'a FIFO'],
        ['folder', 'a directory'],
        ['/dev/zero', 'a device'],
      ]) {
        const file = name.startsWith('/') ? name : path(name);
        for (const flags of [['-t'], []])
          assert.ok((await refused(...flags, '-c', file)).includes(`is ${what}, and must be a file`), file);
      }
      writeFileSync(path('secret.yml'), `${confOf(path('listen'))}  redis_auth_file: ${path('fifo')}\n`);
      assert.match(await refused('-t', '-c', path('secret.yml')), /is a FIFO, and must be a file/);
    });
  });
}
