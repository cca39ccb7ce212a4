import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Container } from '@cdktf/provider-docker/lib/container/index.js';
import { App } from 'cdktf';
import { renderMembers } from '../../../scripts/render/member-files.ts';
import { BaseStack } from '../../../stacks/base-stack.ts';
import type { StackInputs } from '../../../stacks/inputs.ts';
import { synthStacks } from '../../../stacks/main.ts';
import type { Plan } from '../../../topology/types.ts';
import {
  defaultPlan,
  hostsPlanOf,
  inputsOf,
  inTemporaryFolder,
  planOf,
  TEST_CREDENTIALS,
  THREE_HOSTS,
  THREE_ON_LAN,
} from '../../support/stack-fixture.ts';

type Json = Record<string, never>;
interface Configuration {
  readonly terraform: {
    readonly required_providers: Json;
    readonly backend: { readonly local: { readonly path: string } };
  };
  readonly provider: Record<string, Json[]>;
  readonly resource: Record<string, Record<string, Json>>;
}

const configurationOf = (outdir: string, stack: string): Configuration =>
  JSON.parse(readFileSync(join(outdir, 'stacks', stack, 'cdk.tf.json'), 'utf8')) as Configuration;

const synthTo = (outdir: string, inputs: StackInputs = inputsOf(defaultPlan())): Record<string, string> => {
  synthStacks(inputs, outdir);
  const stacks = readdirSync(join(outdir, 'stacks'));
  return Object.fromEntries(
    stacks.map((stack) => [stack, readFileSync(join(outdir, 'stacks', stack, 'cdk.tf.json'), 'utf8')]),
  );
};

/** Containers of a synthesised stack, by container name. */
function containersOf(outdir: string, stack: string): Map<string, Record<string, unknown>> {
  const resources = Object.values(configurationOf(outdir, stack).resource.docker_container ?? {});
  return new Map(resources.map((resource: Record<string, unknown>) => [String(resource.name), resource]));
}

/** Networks of the default stack, by name. */
function networksOf(outdir: string): Record<string, Record<string, unknown>> {
  const found = Object.values(configurationOf(outdir, 'alpha-network').resource.docker_network);
  return Object.fromEntries(found.map((network: Record<string, unknown>) => [String(network.name), network]));
}

describe('synthesised stacks', () => {
  test('there is one stack for the network and, per domain, one for containers and one for data', async () => {
    await inTemporaryFolder((dir) => {
      assert.deepEqual(Object.keys(synthTo(dir)).sort(), [
        'alpha-a',
        'alpha-a-data',
        'alpha-b',
        'alpha-b-data',
        'alpha-c',
        'alpha-c-data',
        'alpha-network',
      ]);
    });
  });

  test('the same plan synthesised in two places gives the same bytes, so a moved checkout changes nothing', async () => {
    const first = await inTemporaryFolder((dir) => synthTo(dir));
    const second = await inTemporaryFolder((dir) => synthTo(join(dir, 'elsewhere')));
    assert.deepEqual(first, second);
  });

  test('adding a shard leaves every container that exists as it was, unless a file of it changed', async () => {
    const two = planOf('name: alpha\nvip: 198.18.0.100\n');
    const three = planOf('name: alpha\nvip: 198.18.0.100\nshards: 3\n');
    await inTemporaryFolder((dir) => {
      synthStacks(inputsOf(two), join(dir, 'two'));
      synthStacks(inputsOf(three), join(dir, 'three'));
      for (const domain of ['a', 'b', 'c']) {
        const before = containersOf(join(dir, 'two'), `alpha-${domain}`);
        const after = containersOf(join(dir, 'three'), `alpha-${domain}`);
        for (const [name, container] of before) {
          // The seed container brings the new member's files, too.
          if (!name.startsWith('alpha-seed-')) assert.deepEqual(after.get(name), container, name);
        }
        assert.equal(after.size, before.size + 1);
      }
    });
  });

  test('the VIP is reserved in the network, outside the range Docker hands out', async () => {
    await inTemporaryFolder((dir) => {
      synthTo(dir);
      const { alpha, 'alpha-back': back } = networksOf(dir);
      assert.deepEqual(alpha.ipam_config, [
        {
          aux_address: { vip: '198.18.0.100' },
          gateway: '198.18.0.1',
          ip_range: '198.18.0.128/25',
          subnet: '198.18.0.0/24',
        },
      ]);
      assert.equal(alpha.internal, undefined, 'applications may have other places to go');
      assert.equal(back.internal, true, 'members lead nowhere');
    });
  });

  test('one more VIP leaves the networks as they are', async () => {
    await inTemporaryFolder((dir) => {
      const [one, two] = ['vips: [198.18.0.100]', 'vips: [198.18.0.100, 198.18.0.101]'].map((vips, index) =>
        synthTo(join(dir, `${index}`), inputsOf(planOf(`name: alpha\n${vips}\n`))),
      );
      assert.equal(two['alpha-network'], one['alpha-network']);
    });
  });

  test('edges stand in both networks, everybody else in the back one alone', async () => {
    await inTemporaryFolder((dir) => {
      synthTo(dir);
      for (const [name, container] of containersOf(dir, 'alpha-a')) {
        if (name.startsWith('alpha-seed-')) continue;
        const networks = (container.networks_advanced as Array<Record<string, string>>).map(
          (each) => each.name,
        );
        assert.deepEqual(networks, name === 'alpha-edge-a' ? ['alpha', 'alpha-back'] : ['alpha-back'], name);
      }
    });
  });

  test('only edges get capabilities, and only the two that VRRP and the VIP need', async () => {
    await inTemporaryFolder((dir) => {
      synthTo(dir);
      for (const [name, container] of containersOf(dir, 'alpha-a')) {
        const expected = name === 'alpha-edge-a' ? ['CAP_NET_ADMIN', 'CAP_NET_RAW'] : [];
        assert.deepEqual(container.capabilities, { add: expected, drop: ['ALL'] }, name);
      }
    });
  });

  test('the provider is pinned to the version that starts a stopped container instead of deleting it', async () => {
    await inTemporaryFolder((dir) => {
      synthTo(dir);
      assert.deepEqual(configurationOf(dir, 'alpha-a').terraform.required_providers, {
        docker: { source: 'twemstack.invalid/offline/docker', version: '4.5.0' },
      });
    });
  });

  test('a volume whose member is gone stays in the configuration, protected: terraform destroys what is not in it', async () => {
    await inTemporaryFolder((dir) => {
      synthTo(
        dir,
        inputsOf(defaultPlan(), { keptMembers: new Map([['alpha-a-data', ['alpha-shard-3-a']]]) }),
      );
      const volumesOf = (stack: string): Json[] =>
        Object.values(configurationOf(dir, stack).resource.docker_volume) as Json[];
      const kept = volumesOf('alpha-a-data').find(({ name }) => name === 'alpha-shard-3-a-data');
      assert.deepEqual(kept?.lifecycle, { prevent_destroy: true });
      assert.equal(volumesOf('alpha-b-data').length, 3);
    });
  });

  test('whatever ended a member, the engine brings it back, also after it was killed itself', async () => {
    await inTemporaryFolder((dir) => {
      synthTo(dir);
      for (const domain of ['a', 'b', 'c']) {
        for (const [name, container] of containersOf(dir, `alpha-${domain}`)) {
          const expected = name.startsWith('alpha-seed-') ? undefined : 'always';
          assert.equal(container.restart, expected, name);
        }
      }
    });
  });

  test('data volumes are protected from destroy, except for down --volumes', async () => {
    await inTemporaryFolder((dir) => {
      const protection = (outdir: string): unknown[] =>
        Object.values(configurationOf(outdir, 'alpha-a-data').resource.docker_volume).map(
          (volume: Record<string, unknown>) => (volume.lifecycle as Record<string, unknown>).prevent_destroy,
        );
      synthTo(join(dir, 'kept'));
      synthTo(join(dir, 'gone'), inputsOf(defaultPlan(), { protectData: false }));
      assert.deepEqual(protection(join(dir, 'kept')), [true, true, true]);
      assert.deepEqual(protection(join(dir, 'gone')), [false, false, false]);
    });
  });

  describe('what replaces a container', () => {
    const MEMBERS = ['edge-a', 'proxy-a', 'sentinel-a', 'shard-1-a'];

    /** Members of domain a whose label differs, so that the provider makes them anew. */
    async function replacedBy(change: string, inputs: (plan: Plan) => StackInputs): Promise<string[]> {
      const labels = (outdir: string): unknown[] => {
        const containers = containersOf(outdir, 'alpha-a');
        return MEMBERS.map((member) => {
          const entries = containers.get(`alpha-${member}`)?.labels as Array<Record<string, string>>;
          return entries.find(({ label }) => label === 'twemstack.config')?.value;
        });
      };
      return inTemporaryFolder((dir) => {
        const plan = (text: string): Plan => planOf(`name: alpha\nvip: 198.18.0.100\n${text}`);
        synthStacks(inputs(plan('')), join(dir, 'before'));
        synthStacks(inputs(plan(change)), join(dir, 'after'));
        const [before, after] = [labels(join(dir, 'before')), labels(join(dir, 'after'))];
        return MEMBERS.filter((_, index) => before[index] !== after[index]);
      });
    }

    /** Inputs with the files as they are rendered. */
    const rendered = (plan: Plan): StackInputs => {
      const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
      const seeds = [...renderMembers(plan, TEST_CREDENTIALS)].map(([member, files]) => {
        const inputsOfFiles = files.map(({ name, content, fixed }) => ({
          name,
          source: `../${member}/${name}`,
          sha256: hash(content),
          fixedSha256: hash(fixed),
        }));
        return [member, inputsOfFiles] as const;
      });
      return inputsOf(plan, { seeds: new Map(seeds) });
    };

    test('a setting that a running daemon takes over replaces nothing', async () => {
      for (const change of [
        'redis: { maxmemory: 128mb, appendfsync: always, min_replicas_max_lag: 3s }',
        'sentinel: { down_after: 2s }',
        'edge: { max_connections: 100, advert_interval: 500ms }',
        'pools: { alpha: { timeout: 500 }, beta: { listen: 6380 } }',
        'shards: 3',
      ])
        assert.deepEqual(await replacedBy(change, rendered), [], change);
    });

    test('an option of the container that terraform would ignore, or a part of a file that only a start reads', async () => {
      assert.deepEqual(await replacedBy('proxy: { slow_log: 10ms }', rendered), ['proxy-a']);
      assert.deepEqual(await replacedBy('edge: { vrid: 52 }', rendered), ['edge-a']);
    });
  });
});

describe('HardeningAspect', () => {
  test('a container that lacks what every container must have fails synth, naming all of it', () =>
    inTemporaryFolder((outdir) => {
      const app = new App({ outdir });
      const stack = new BaseStack(app, 'bare', inputsOf(defaultPlan()));
      new Container(stack, 'container', { name: 'bare', image: 'x', capabilities: { add: ['SYS_ADMIN'] } });
      assert.throws(
        () => app.synth(),
        (error: Error) =>
          /container bare lacks a restart policy, memory with an equal memorySwap, log rotation/.test(
            error.message,
          ) &&
          /a healthcheck, and wait, a static address, or the network of its host, capabilities that drop ALL/.test(
            error.message,
          ) &&
          /adds capabilities SYS_ADMIN/.test(error.message),
      );
    }));
});

describe('synthesised stacks of three hosts', () => {
  const plan = hostsPlanOf(THREE_HOSTS);
  const engines = new Map([
    ['a', { host: 'ssh://ops@10.0.0.11', sshOpts: ['-o', 'ConnectTimeout=3'] }],
    ['b', { host: 'ssh://ops@10.0.0.12', sshOpts: ['-o', 'ConnectTimeout=3'] }],
    ['c', { host: 'tcp://10.0.0.13:2376', certPath: '../../../tls/c' }],
  ]);
  const inputs = inputsOf(plan, { engines });

  test('each domain has a stack for its data and one for its containers, and nothing is shared', () =>
    inTemporaryFolder((dir) => {
      const stacks = Object.keys(synthTo(dir, inputs)).sort();
      assert.deepEqual(
        stacks,
        ['a', 'b', 'c'].flatMap((domain) => [`alpha-${domain}`, `alpha-${domain}-data`]),
      );
      const { stacks: told } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
      for (const domain of ['a', 'b', 'c'])
        assert.deepEqual(told[`alpha-${domain}`].dependencies, [`alpha-${domain}-data`]);
    }));

  test('the provider of a stack is that of its machine, as is that of its data', () =>
    inTemporaryFolder((dir) => {
      synthTo(dir, inputs);
      const providerOf = (stack: string): unknown => configurationOf(dir, stack).provider.docker;
      for (const stack of ['alpha-b', 'alpha-b-data'])
        assert.deepEqual(providerOf(stack), [
          { host: 'ssh://ops@10.0.0.12', ssh_opts: ['-o', 'ConnectTimeout=3'] },
        ]);
      for (const stack of ['alpha-c', 'alpha-c-data'])
        assert.deepEqual(providerOf(stack), [{ host: 'tcp://10.0.0.13:2376', cert_path: '../../../tls/c' }]);
    }));

  test('members use the network of their host, images are named, and no network or image is made', () =>
    inTemporaryFolder((dir) => {
      synthTo(dir, inputs);
      for (const { members, stack } of plan.domains) {
        const { resource } = configurationOf(dir, stack);
        assert.deepEqual(Object.keys(resource).sort(), ['docker_container', 'docker_volume']);
        const containers = containersOf(dir, stack);
        for (const { name, role } of members) {
          const container = containers.get(name);
          assert.equal(container?.network_mode, 'host', name);
          assert.equal(container?.networks_advanced, undefined, name);
          assert.equal(container?.user, role === 'edge' ? undefined : '10001:10001', name);
          assert.match(String(container?.image), /^twemstack\/\w+:0123456789ab$/);
        }
      }
    }));

  test('members with addresses of their own stand on a macvlan network of their machine, which comes and goes with them', () =>
    inTemporaryFolder((dir) => {
      const onLan = hostsPlanOf(THREE_ON_LAN);
      synthTo(dir, inputsOf(onLan, { engines }));
      for (const { host, members, stack } of onLan.domains) {
        const { docker_network: networks } = configurationOf(dir, stack).resource;
        const [network, ...others] = Object.values(networks) as Array<Record<string, unknown>>;
        assert.equal(others.length, 0);
        const { parent, range } = host.macvlan ?? assert.fail();
        assert.deepEqual(
          [network.name, network.driver, network.options, network.ipam_config],
          [
            'alpha-lan',
            'macvlan',
            { parent },
            [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1', ip_range: range }],
          ],
        );
        const containers = containersOf(dir, stack);
        for (const { address, name } of members) {
          const container = containers.get(name);
          assert.equal(container?.network_mode, undefined, name);
          assert.deepEqual(container?.networks_advanced, [{ name: 'alpha-lan', ipv4_address: address }]);
          assert.match(String(container?.depends_on), /docker_container\..*docker_network\.lan/, name);
        }
      }
    }));

  test('a machine that the stacks are not told how to reach fails synth, by name', () =>
    inTemporaryFolder((dir) => {
      const without = new Map([...engines].slice(0, 2));
      assert.throws(() => synthTo(dir, inputsOf(plan, { engines: without })), /domain c has a machine/);
    }));
});
