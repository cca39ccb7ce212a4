import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { EnvironmentError } from '../../../scripts/errors.ts';
import { livingPid } from '../../../scripts/prepare/dockerd.ts';
import { chooseEngine, type LocalEngine, probeEngine } from '../../../scripts/prepare/engine.ts';
import { detectPlatform } from '../../../scripts/prepare/platform.ts';
import { createNetns, type NetworkNamespace } from '../../support/netns.ts';
import { recordingStep } from '../../support/recording-step.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A machine without an engine: paths of its own, and a network of its own for the bridge and firewall of the engine. */
describe('engine: the one that is started when there is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-engine-'));
  const address = `unix://${folder}/docker.sock`;
  const pidFile = join(folder, 'docker.pid');
  let netns: NetworkNamespace;
  let local: LocalEngine;

  before(async () => {
    netns = await createNetns('tw-start');
    writeFileSync(join(folder, 'daemon.json'), '{}\n');
    local = {
      address,
      pidFile,
      execRoot: join(folder, 'exec'),
      logFile: join(folder, 'dockerd.log'),
      wrapper: netns.enter,
      arguments: [
        `--config-file=${folder}/daemon.json`,
        `--host=${address}`,
        `--pidfile=${pidFile}`,
        `--data-root=${folder}/data`,
        `--exec-root=${folder}/exec`,
      ],
    };
  });

  after(async () => {
    await end('SIGTERM');
    await netns.remove();
    // dockerd binds its data root onto itself; one that was killed leaves that behind.
    await execa('umount', [join(folder, 'data')], { reject: false });
    rmSync(folder, { recursive: true, force: true });
  });

  /** Ends the engine as its pid file names it. */
  async function end(signal: NodeJS.Signals): Promise<void> {
    const pid = livingPid(pidFile, 'dockerd');
    if (pid === undefined) return;
    process.kill(pid, signal);
    await waitUntil('dockerd to end', () => livingPid(pidFile, 'dockerd') !== pid, { withinMs: 20_000 });
  }

  test('is started, answers, and is said to stay running', async () => {
    const step = recordingStep();
    const engine = await chooseEngine(step, { address, local });
    assert.equal(engine.origin, 'started');
    assert.match(engine.version, /^\d+\.\d+/);
    assert.equal(engine.dataRoot, join(folder, 'data'));
    assert.match(step.outcomes[0], /started by twemstack, stays running/);
    assert.notEqual(livingPid(pidFile, 'dockerd'), undefined);
  });

  test('is used as it is the next time', async () => {
    const pid = livingPid(pidFile, 'dockerd');
    const step = recordingStep();
    const engine = await chooseEngine(step, { address, local });
    assert.equal(engine.origin, 'running');
    assert.match(step.outcomes[0], /found running/);
    assert.equal(livingPid(pidFile, 'dockerd'), pid);
  });

  test('comes up again after a crash, though its socket and a pid file that names a stranger are left', async () => {
    await end('SIGKILL');
    assert.ok(existsSync(join(folder, 'docker.sock')), 'a crash leaves the socket');
    writeFileSync(pidFile, `${process.pid}`);
    const engine = await chooseEngine(recordingStep(), { address, local });
    assert.equal(engine.origin, 'started');
    assert.notEqual(readFileSync(pidFile, 'utf8').trim(), `${process.pid}`);
  });

  test('two at once start one engine', async () => {
    await end('SIGTERM');
    const both = await Promise.all([
      chooseEngine(recordingStep(), { address, local }),
      chooseEngine(recordingStep(), { address, local }),
    ]);
    assert.deepEqual(both.map(({ origin }) => origin).sort(), ['running', 'started']);
  });

  test('that cannot start is reported with the end of its log', async () => {
    await end('SIGTERM');
    const broken = { ...local, arguments: [...local.arguments, '--storage-driver=no-such-driver'] };
    await assert.rejects(chooseEngine(recordingStep(), { address, local: broken }), (error: unknown) => {
      assert.ok(error instanceof EnvironmentError);
      assert.match(error.message, /did not start[\s\S]*driver not supported/);
      assert.equal(error.where, local.logFile);
      return true;
    });
  });

  test('is not started without root; how to get one is said', async () => {
    const platform = { ...detectPlatform(), root: false };
    await assert.rejects(chooseEngine(recordingStep(), { address, local, platform }), (error: unknown) => {
      assert.ok(error instanceof EnvironmentError);
      assert.match(error.message, /only as root on Debian/);
      assert.match(error.remedy ?? '', /docker\.io.*DOCKER_HOST/);
      return true;
    });
  });
});

describe('engine: what is not one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-noengine-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('an address nobody answers on is named, and nothing is started in its place', async () => {
    const address = `unix://${folder}/nobody.sock`;
    await assert.rejects(chooseEngine(recordingStep(), { address }), (error: unknown) => {
      assert.ok(error instanceof EnvironmentError);
      assert.equal(error.exitCode, 3);
      assert.match(error.where ?? '', /nobody\.sock/);
      assert.match(error.remedy ?? '', /unset/);
      return true;
    });
  });

  test('a form of address that does not exist is refused by name', async () => {
    await assert.rejects(probeEngine('npipe:////./pipe/docker'), /"npipe:.*" is not of the form/);
  });

  test('one that takes the connection and says nothing is not waited for, nor replaced', async () => {
    const path = join(folder, 'silent.sock');
    const sockets = new Set<import('node:net').Socket>();
    const server = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      assert.equal((await probeEngine(`unix://${path}`, 200)).kind, 'silent');
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  test('another maker’s engine behind the same API is told apart', async () => {
    const { createServer: createHttp } = await import('node:http');
    const path = join(folder, 'podman.sock');
    const server = createHttp((request, response) => {
      const body = request.url?.endsWith('/version')
        ? { Version: '4.3.1', ApiVersion: '1.41', Components: [{ Name: 'Podman Engine' }] }
        : { OSType: 'linux', DockerRootDir: '/' };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      await assert.rejects(
        chooseEngine(recordingStep(), { address: `unix://${path}` }),
        /not a Docker engine for Linux containers: Podman/,
      );
    } finally {
      server.close();
    }
  });
});
