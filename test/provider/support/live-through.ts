import assert from 'node:assert/strict';
import type Docker from 'dockerode';
import { sleeper } from './suite.ts';
import type { Workspace } from './workspace.ts';

/** What terraform does to a volume and a container on an engine that is somewhere else. */
export async function liveThrough(workspace: Workspace, docker: Docker): Promise<void> {
  try {
    await workspace.write({
      docker_volume: { kept: { name: 'tw-provider-kept' } },
      docker_container: {
        one: sleeper('afar', {
          volumes: [{ volume_name: 'tw-provider-kept', container_path: '/data' }],
          depends_on: ['docker_volume.kept'],
          upload: [{ file: '/tmp/hello', content: 'hello' }],
        }),
      },
    });
    const applied = await workspace.apply();
    assert.equal(applied.exitCode, 0, applied.text);
    assert.deepEqual((await workspace.plan()).actions, {});
    const container = docker.getContainer('tw-provider-afar');
    assert.equal((await container.inspect()).State.Running, true);
    assert.equal((await workspace.destroy()).exitCode, 0);
    await assert.rejects(docker.getVolume('tw-provider-kept').inspect(), /no such volume/);
  } finally {
    await workspace.close();
  }
}
