import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exists, inspect, openWorkspace, type Suite, type SuiteOf, sleeper } from '../support/suite.ts';
import type { Resources } from '../support/workspace.ts';

const NAME = 'tw-provider/built:1';
const DOCKERFILE = [
  'ARG BASE',
  'FROM $BASE',
  'ARG GREETING',
  'COPY files/ /files/',
  'RUN echo "$GREETING" > /greeting',
  '',
].join('\n');

function image(build: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Resources {
  const args = { BASE: 'tw-provider/busybox:1', GREETING: 'hello' };
  return {
    docker_image: {
      built: { name: NAME, build: [{ context: 'context', build_args: args, ...build }], ...more },
    },
  };
}

async function imageId(suite: Suite): Promise<string> {
  return (await suite.docker.getImage(NAME).inspect()).Id;
}

export function imageCases(suiteOf: SuiteOf): void {
  describe('image', () => {
    test('is built from a relative context with arguments and labels, and removed in the end', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file('context/Dockerfile', DOCKERFILE);
      workspace.file('context/files/a', 'a');
      workspace.file('context/files/secret', 's');
      workspace.file('context/.dockerignore', 'files/secret\n');
      await workspace.write({
        ...image({ label: { 'twemstack.image': 'x' } }),
        docker_container: {
          c: sleeper('built', {
            image: `\${docker_image.built.image_id}`,
            command: ['sh', '-c', 'cat /greeting; ls /files; exec sleep 1000000'],
          }),
        },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      const built = await suite.docker.getImage(NAME).inspect();
      assert.equal(built.Config.Labels['twemstack.image'], 'x');
      const log = await suite.docker.getContainer('tw-provider-built').logs({ stdout: true, follow: false });
      assert.match(log.toString(), /hello\n.*a\n/s);
      assert.doesNotMatch(log.toString(), /secret/);
      assert.deepEqual((await workspace.plan()).actions, {});
      assert.deepEqual((await workspace.destroy()).errors, []);
      await assert.rejects(suite.docker.getImage(NAME).inspect());
    });

    test('a changed trigger rebuilds it and replaces the container made of it', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file('context/Dockerfile', DOCKERFILE);
      workspace.file('context/files/a', '1');
      const container = {
        docker_container: { c: sleeper('built', { image: `\${docker_image.built.image_id}` }) },
      };
      await workspace.write({ ...image({}, { keep_locally: true, triggers: { hash: '1' } }), ...container });
      t.after(() => suite.docker.getImage(NAME).remove({ force: true }));
      assert.deepEqual((await workspace.apply()).errors, []);
      const before = await imageId(suite);

      workspace.file('context/files/a', '2');
      assert.deepEqual((await workspace.plan()).actions, {}, 'only triggers count');
      await workspace.write({ ...image({}, { keep_locally: true, triggers: { hash: '2' } }), ...container });
      assert.deepEqual((await workspace.plan()).actions, {
        'docker_image.built': 'replace',
        'docker_container.c': 'replace',
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.notEqual(await imageId(suite), before);
      assert.equal((await inspect(suite, 'built')).Image, await imageId(suite));
    });

    test('an image that is there already and made of the same things is taken as it is', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file('context/Dockerfile', `${DOCKERFILE}RUN cat /proc/sys/kernel/random/uuid > /unique\n`);
      workspace.file('context/files/a', '1');
      await workspace.write(image({}, { keep_locally: true }));
      t.after(() => suite.docker.getImage(NAME).remove({ force: true }));
      assert.deepEqual((await workspace.apply()).errors, []);
      const before = await imageId(suite);
      // Without the layer cache a second build would make another image.
      await suite.docker.pruneBuilder();
      assert.deepEqual((await workspace.destroy()).errors, []);
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.equal(await imageId(suite), before);
    });

    test('a failing step is named with its last lines', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file(
        'context/Dockerfile',
        'FROM tw-provider/busybox:1\nRUN echo no route to mirror >&2; exit 100\n',
      );
      await workspace.write(image({ build_args: {} }));
      const applied = await workspace.apply();
      assert.equal(applied.exitCode, 1);
      assert.match(applied.text, /no route to mirror/);
      assert.match(applied.text, /echo no route to mirror/);
      if (suite.provider.differs('advice', { bundled: true, real: false })) {
        assert.match(
          applied.text,
          /It failed at "Step 2\/\d : RUN echo .*Its last lines: no route to mirror/,
        );
      }
      assert.match(applied.text, /exit code: 100|returned a non-zero code: 100/);
      assert.equal(await workspace.state('docker_image.built'), undefined);
    });

    test('a missing context and a missing Dockerfile are named', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write(image({ context: 'nowhere' }));
      assert.match((await workspace.apply()).text, /nowhere/);
      workspace.file('context/file', '');
      await workspace.write(image());
      assert.match((await workspace.apply()).text, /Dockerfile/i);
    });

    test('a name that neither the engine nor a registry has', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_container: { c: sleeper('no-image', { image: 'localhost:1/tw-provider/none:1' }) },
      });
      const applied = await workspace.apply();
      assert.match(
        applied.text,
        /Unable to create container with image localhost:1\/tw-provider\/none:1: unable to pull image localhost:1\/tw-provider\/none:1/,
      );
      assert.equal(await exists(suite, 'no-image'), false);
      await workspace.write({ docker_image: { i: { name: 'localhost:1/tw-provider/none:1' } } });
      assert.match((await workspace.apply()).text, /unable to pull image localhost:1\/tw-provider\/none:1/);
    });
  });
}
