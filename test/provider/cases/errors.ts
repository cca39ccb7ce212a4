import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect, openWorkspace, type SuiteOf, sleeper } from '../support/suite.ts';
import { IMAGE } from '../support/test-image.ts';
import type { Resources } from '../support/workspace.ts';

function network(subnet: string, name = 'tw-provider-net'): Record<string, unknown> {
  return { name, ipam_config: [{ subnet }] };
}

function on(name: string, address: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const networks = [{ name: `\${docker_network.net.id}`, ipv4_address: address }];
  return sleeper(name, { network_mode: 'bridge', networks_advanced: networks, ...more });
}

export function errorCases(suiteOf: SuiteOf): void {
  describe('errors', () => {
    test('an address in use names it and its holder', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_network: { net: network('198.18.81.0/24') },
        docker_container: {
          first: on('first', '198.18.81.10'),
          second: on('second', '198.18.81.10', { depends_on: ['docker_container.first'] }),
        },
      });
      const applied = await workspace.apply();
      assert.match(applied.text, /Unable to start container.*Address already in use/);
      if (suite.provider.differs('advice', { bundled: true, real: false })) {
        assert.match(
          applied.text,
          /198\.18\.81\.10 in network tw-provider-net belongs to container tw-provider-first/,
        );
      }
      assert.equal((await workspace.state('docker_container.second'))?.tainted, true);
    });

    test('an address outside the subnet, and a reserved one', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_network: {
          net: {
            name: 'tw-provider-net',
            ipam_config: [{ subnet: '198.18.82.0/24', aux_address: { vip: '198.18.82.100' } }],
          },
        },
        docker_container: { c: on('outside', '198.18.99.10') },
      });
      assert.match(
        (await workspace.apply()).text,
        /198\.18\.99\.10|Invalid address|no configured subnet|not belong/i,
      );
      await workspace.write({
        docker_network: {
          net: {
            name: 'tw-provider-net',
            ipam_config: [{ subnet: '198.18.82.0/24', aux_address: { vip: '198.18.82.100' } }],
          },
        },
        docker_container: { c: on('outside', '198.18.82.100') },
      });
      assert.match((await workspace.apply()).text, /Address already in use/);
    });

    test('a published port in use', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const ports = [{ internal: 80, external: 18099, ip: '127.0.0.1' }];
      await workspace.write({
        docker_network: { net: network('198.18.83.0/24') },
        docker_container: {
          first: on('first', '198.18.83.10', { ports }),
          second: on('second', '198.18.83.11', { ports, depends_on: ['docker_container.first'] }),
        },
      });
      const applied = await workspace.apply();
      assert.match(applied.text, /Unable to start container.*18099.*port is already allocated/);
      if (suite.provider.differs('advice', { bundled: true, real: false })) {
        assert.match(applied.text, /The port is held by container tw-provider-first/);
      }
    });

    test('an overlapping subnet', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_network: {
          a: network('198.18.84.0/24', 'tw-provider-a'),
          b: { ...network('198.18.84.128/25', 'tw-provider-b'), depends_on: ['docker_network.a'] },
        },
      });
      const applied = await workspace.apply();
      assert.match(applied.text, /Unable to create network.*overlaps with/);
      if (suite.provider.differs('advice', { bundled: true, real: false })) {
        assert.match(applied.text, /198\.18\.84\.128\/25 overlaps .*tw-provider-a 198\.18\.84\.0\/24/);
      }
    });

    test('a name taken by a stranger’s container is an error, and the stranger is not touched', async (t) => {
      const suite = suiteOf();
      const stranger = await suite.docker.createContainer({
        name: 'tw-provider-taken',
        Image: IMAGE,
        Cmd: ['sleep', '9'],
      });
      t.after(() => stranger.remove({ force: true }));
      const workspace = openWorkspace(t, suite);
      const labels = [{ label: 'twemstack.stack', value: 'tw-provider' }];
      await workspace.write({ docker_container: { c: sleeper('taken', { labels }) } });
      const applied = await workspace.apply();
      assert.match(applied.text, /Unable to create container: .*tw-provider-taken" is already in use/);
      assert.ok(applied.text.includes(stranger.id.slice(0, 12)), 'names the stranger');
      assert.equal((await inspect(suite, 'taken')).Id, stranger.id);
      assert.equal(await workspace.state('docker_container.c'), undefined);
    });

    test('a name taken by a stranger’s network or volume', async (t) => {
      const suite = suiteOf();
      const strangers = await suite.docker.createNetwork({
        Name: 'tw-provider-net',
        IPAM: { Config: [{ Subnet: '198.18.85.0/24' }] },
      });
      t.after(() => strangers.remove());
      const volume = await suite.docker.createVolume({
        Name: 'tw-provider-taken',
        Labels: { owner: 'somebody' },
      });
      t.after(() => volume.remove());
      const workspace = openWorkspace(t, suite);
      const labels = [{ label: 'twemstack.stack', value: 'tw-provider' }];
      await workspace.write({
        docker_network: { net: { ...network('198.18.86.0/24'), labels } },
        docker_volume: { v: { name: 'tw-provider-taken', labels } },
      });
      const applied = await workspace.apply();
      assert.match(
        applied.text,
        /Unable to create network: .*network with name tw-provider-net already exists/,
      );
      if (suite.provider.differs('advice', { bundled: true, real: false })) {
        assert.match(applied.text, /It is \w+ with subnet 198\.18\.85\.0\/24/);
      }
      if (suite.provider.differs('strangers-volume', { bundled: true, real: false })) {
        assert.match(
          applied.text,
          /Unable to create volume tw-provider-taken: there is one of this name with other labels/,
        );
      } else {
        assert.equal((await workspace.plan()).actions['docker_volume.v'], 'replace');
        await workspace.forget('docker_volume.v');
      }
      assert.deepEqual((await suite.docker.getVolume('tw-provider-taken').inspect()).Labels, {
        owner: 'somebody',
      });
    });

    test('an engine that cannot be reached: where, why, what to do', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const nowhere = 'unix:///nonexistent/docker.sock';
      await workspace.write({ docker_volume: { v: { name: 'tw-provider-v' } } }, nowhere);
      const applied = await workspace.apply();
      assert.ok(applied.text.includes(nowhere));
      assert.match(
        applied.text,
        suite.provider.differs('advice', {
          bundled: /Docker engine not reachable at .*there is no such socket. Start the engine/,
          real: /Error pinging Docker server/,
        }),
      );
    });

    test('a bad value is refused before anything is made', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({ docker_container: { c: sleeper('bad', { restart: 'sometimes' }) } });
      const said = await workspace.validate();
      assert.equal(said.exitCode, 1);
      assert.match(said.text, /restart|sometimes|pattern/);
    });

    test('a program that does not exist, a read-only root that is uploaded to', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const resources: Resources = {
        docker_container: {
          program: sleeper('program', { command: ['/no/such/program'] }),
          upload: sleeper('upload', { read_only: true, upload: [{ file: '/x', content: 'x' }] }),
        },
      };
      await workspace.write(resources);
      const applied = await workspace.apply();
      assert.match(applied.text, /Unable to start container.*\/no\/such\/program.*no such file or directory/);
      assert.match(applied.text, /Unable to upload.*marked read-only/);
      assert.equal((await workspace.state('docker_container.program'))?.tainted, true);
    });

    test('what the bundled provider does not cover is refused with its name', async (t) => {
      const suite = suiteOf();
      if (suite.provider.differs('subset', { bundled: false, real: true })) {
        return;
      }
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_image: { i: { name: 'x', build: [{ context: '.', builder: 'b', secrets: [{ id: 's' }] }] } },
        docker_network: { n: { name: 'x', ingress: true } },
        docker_container: {
          c: sleeper('refused', {
            cpus: '0.5',
            attach: true,
            volumes: [{ container_path: '/x', from_container: 'y' }],
          }),
        },
      });
      const { errors } = await workspace.validate();
      const refused = errors.map(({ summary }) => summary.replace(/ is not supported.*/, '')).sort();
      const expected = [
        'attach',
        'build.builder',
        'build.secrets',
        'cpus',
        'ingress',
        'volumes.from_container',
      ];
      assert.deepEqual(refused, expected);
    });
  });
}
