import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { connect, readTls } from '../../../provider/docker/connect.ts';
import { Engine } from '../../../provider/docker/engine.ts';
import { dockerProvider } from '../../../provider/docker/provider.ts';
import { sshCommand } from '../../../provider/docker/ssh-pipe.ts';
import { ProviderError } from '../../../provider/protocol/diagnostics.ts';
import { createAuthority } from '../../support/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'twemstack-connect-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const calls = join(folder, 'calls');
const bridge = join(folder, 'bridge.cjs');
writeFileSync(
  bridge,
  `const socket = require('node:net').connect(Number(process.argv[2]), '127.0.0.1');
process.stdin.pipe(socket).pipe(process.stdout);`,
);

/** What runs as `ssh` in this process; each call is noted with its arguments. */
function installSsh(script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const program = join(bin, 'ssh');
  writeFileSync(program, `#!/bin/bash\necho "$*" >>${calls}\n${script}\n`);
  chmodSync(program, 0o755);
  rmSync(calls, { force: true });
  if (!process.env.PATH?.startsWith(bin)) process.env.PATH = `${bin}:${process.env.PATH}`;
}

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const answers: RequestListener = (_request, response) => response.end('OK');
const noted = (): string[] => readFileSync(calls, 'utf8').trim().split('\n');

async function errorOf(promise: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  assert.ok(error instanceof ProviderError, String(error));
  return error;
}

describe('an engine at ssh://', () => {
  test('is reached by the person’s own ssh, which refuses hosts that it does not know, and asks nothing', async (t) => {
    const port = await listening(t, createServer(answers));
    installSsh(`exec ${process.execPath} ${bridge} ${port}`);
    const docker = await connect('ssh://ops@host.example:2222', { sshOptions: ['-F', '/some/config'] });
    await docker.ping();
    await docker.ping();
    assert.deepEqual(noted(), [
      '-F /some/config -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -T -l ops -p 2222 -- host.example docker system dial-stdio',
    ]);
  });

  test('is logged in at no more often at once than its sshd takes', async (t) => {
    const port = await listening(t, createServer(answers));
    installSsh(`exec ${process.execPath} ${bridge} ${port}`);
    const docker = await connect('ssh://host.example');
    await Promise.all(Array.from({ length: 20 }, () => docker.ping()));
    assert.ok(noted().length <= 6, `${noted().length} logins`);
  });

  test('is asked more while as many requests last as it was told of', async (t) => {
    const port = await listening(
      t,
      createServer((request, response) => {
        // The head arrives, and the rest never: a log that is followed.
        if (request.url?.includes('/logs') === true) response.flushHeaders();
        else response.end('OK');
      }),
    );
    installSsh(`exec ${process.execPath} ${bridge} ${port}`);
    const docker = await connect('ssh://host.example', { streams: 8 });
    const lasting = Array.from({ length: 8 }, (_, index) =>
      docker.getContainer(`member-${index}`).logs({ stdout: true, follow: true }),
    );
    const streams = (await Promise.all(lasting)) as unknown as Readable[];
    assert.equal(String(await docker.ping()), 'OK');
    for (const stream of streams) stream.destroy();
  });

  test('that is idle keeps no program alive', async (t) => {
    // As an engine, which never closes an idle connection.
    const port = await listening(t, createServer({ keepAliveTimeout: 0 }, answers));
    installSsh(`exec ${process.execPath} ${bridge} ${port}`);
    const room = new URL('../../../provider/docker/connect.ts', import.meta.url).href;
    const script = `const { connect } = await import(${JSON.stringify(room)});
      await (await connect('ssh://host.example')).ping();
      console.log('asked');`;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script];
    const asked = await execa(process.execPath, args, { timeout: 30_000 });
    assert.equal(asked.stdout, 'asked');
  });

  test('goes on answering after Ctrl-C, which reaches the whole group of processes', async (t) => {
    let arrived: (response: ServerResponse) => void = () => undefined;
    const asked = new Promise<ServerResponse>((resolve) => {
      arrived = resolve;
    });
    const port = await listening(
      t,
      createServer((_request, response) => arrived(response)),
    );
    installSsh(`exec ${process.execPath} ${bridge} ${port}`);
    const room = new URL('../../../provider/docker/connect.ts', import.meta.url).href;
    const script = `const { connect } = await import(${JSON.stringify(room)});
      process.on('SIGINT', () => console.log('interrupted'));
      await (await connect('ssh://host.example')).ping();
      console.log('answered');
      process.exit();`;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script];
    const program = execa(process.execPath, args, { detached: true, reject: false, timeout: 60_000 });
    const response = await asked;
    process.kill(-Number(program.pid), 'SIGINT');
    for await (const line of program) if (line === 'interrupted') response.end('OK');
    assert.equal((await program).stdout, 'interrupted\nanswered');
  });

  test('that cannot be reached: ssh’s own words', async () => {
    installSsh('echo "Host key verification failed." >&2; exit 255');
    const error = await errorOf(new Engine('ssh://ops@host.example').ping());
    assert.equal(error.message, 'Docker engine not reachable at ssh://ops@host.example');
    assert.match(error.detail ?? '', /ssh ended with 255: Host key verification failed\./);
  });

  test('that answers nothing is given up when its time is over', async () => {
    installSsh('exec sleep 60');
    const docker = await connect('ssh://host.example', { timeoutMs: 200 });
    await assert.rejects(docker.ping());
  });

  test('is never reached with a password or a path in the address', () => {
    for (const address of ['ssh://ops:secret@host', 'ssh://host/path', 'tcp://host'])
      assert.throws(() => sshCommand(address, [], 1), { name: 'SshError' }, address);
  });
});

describe('an engine at tcp:// with TLS', async () => {
  const authority = await createAuthority(folder, 'ca');
  const own = await authority.issue('client', ['client']);
  const certificates = join(folder, 'tls');
  mkdirSync(certificates);
  copyFileSync(authority.cert, join(certificates, 'ca.pem'));
  copyFileSync(own.cert, join(certificates, 'cert.pem'));
  copyFileSync(own.key, join(certificates, 'key.pem'));

  async function secured(t: TestContext, names: readonly string[], days?: number): Promise<string> {
    const { cert, key } = await authority.issue('server', names, days);
    const options = {
      ca: readFileSync(authority.cert),
      cert: readFileSync(cert),
      key: readFileSync(key),
      requestCert: true,
      rejectUnauthorized: true,
    };
    return `tcp://127.0.0.1:${await listening(t, createTlsServer(options, answers))}`;
  }

  test('is spoken to with the certificates of a folder, or given as texts', async (t) => {
    const host = await secured(t, ['127.0.0.1']);
    await dockerProvider.configure({ host, cert_path: certificates });
    const { ca, cert, key } = readTls(certificates);
    await dockerProvider.configure({ host, ca_material: ca, cert_material: cert, key_material: key });
  });

  test('whose certificate is for another address, or expired, is not trusted, in words', async (t) => {
    for (const [names, days, said] of [
      [['10.0.0.1'], 10, /127.0.0.1 is not in the cert/],
      [['127.0.0.1'], -1, /expired/],
    ] as const) {
      const host = await secured(t, names, days);
      const error = await errorOf(dockerProvider.configure({ host, cert_path: certificates }));
      assert.match(error.message, /^Docker engine not trusted/);
      assert.match(error.detail ?? '', said);
    }
  });

  test('needs all three files, or all three texts', async () => {
    const host = 'tcp://127.0.0.1:1';
    const nowhere = await errorOf(dockerProvider.configure({ host, cert_path: join(folder, 'nowhere') }));
    assert.match(nowhere.message, /cannot be read: ENOENT.*ca\.pem/);
    const partly = await errorOf(dockerProvider.configure({ host, ca_material: 'x' }));
    assert.match(partly.message, /^cert_material is missing/);
  });
});
