import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../../scripts/make-folder.ts';
import { livingPid, startDockerd } from '../../../scripts/prepare/dockerd.ts';
import { recordingStep } from '../../support/recording-step.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('a containerd that is about to end, as its dockerd was killed, is waited for: dockerd would take it for one that runs', async () => {
  await inTemporaryFolder(async (folder) => {
    const [program, pidFile] = [
      join(folder, 'containerd-of-test'),
      join(folder, 'exec/containerd/containerd.pid'),
    ];
    // the kernel names a process after the file that it was started from
    symlinkSync('/bin/sleep', join(folder, 'containerd'));
    const containerd = spawn(join(folder, 'containerd'), ['30'], { stdio: 'ignore' });
    const ended = once(containerd, 'exit');
    try {
      makeFolder(join(folder, 'exec/containerd'));
      writeFileSync(pidFile, `${containerd.pid}`);
      await waitUntil('it to run', () => livingPid(pidFile, 'containerd') !== undefined);
      writeFileSync(program, `#!/bin/sh\n[ -e ${pidFile} ] && echo 'containerd is still running'\nexit 1\n`, {
        mode: 0o700,
      });
      const starting = startDockerd(
        {
          program,
          arguments: [],
          address: `unix://${join(folder, 'docker.sock')}`,
          pidFile: join(folder, 'docker.pid'),
          execRoot: join(folder, 'exec'),
          logFile: join(folder, 'dockerd.log'),
        },
        recordingStep(),
      );
      containerd.kill('SIGTERM');
      await assert.rejects(starting, /the Docker engine did not start/);
      assert.equal(readFileSync(join(folder, 'dockerd.log'), 'utf8'), '');
    } finally {
      containerd.kill('SIGKILL');
      await ended;
    }
  });
});
