import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { connect, readTls } from '../../../provider/docker/connect.ts';
import { Engine } from '../../../provider/docker/engine.ts';
import { dockerProvider } from '../../../provider/docker/provider.ts';
import type { ObjectValue } from '../../../provider/protocol/values.ts';
import { hostPid, stopHost } from '../../../scripts/lab/host.ts';
import { type Lab, labDown, labStatus, labUp } from '../../../scripts/lab/lab.ts';
import { labPlace } from '../../../scripts/lab/place.ts';
import { lookAtHosts } from '../../../scripts/observe/hosts.ts';
import { cacheFolder } from '../../../scripts/prepare/debian-base.ts';
import { lock } from '../../../scripts/process-lock.mjs';
import { loadAnyTopology } from '../../../topology/index.ts';
import { hostsPlanOf } from '../../support/stack-fixture.ts';

const QUIET = { progress: () => undefined, outcome: () => undefined };
const place = labPlace(join(cacheFolder(), 'test-lab'));

/** What a lab makes on this machine besides its folder. */
async function traces(): Promise<string[]> {
  const [links, namespaces] = await Promise.all(
    ['link', 'netns'].map(async (what) => (await execa('ip', [what, 'show'])).stdout.split('\n')),
  );
  const groups = readdirSync('/sys/fs/cgroup').flatMap((root) => {
    const own = join('/sys/fs/cgroup', root, `${place.name}-a`);
    return existsSync(own) ? [own] : [];
  });
  const processes = readdirSync('/proc').flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return words.includes(place.folder) ? [`${pid} ${words.replaceAll('\0', ' ').slice(0, 80)}`] : [];
    } catch {
      return [];
    }
  });
  return [...links, ...namespaces].filter((line) => line.includes(place.name)).concat(groups, processes);
}

describe('a lab of three hosts on this machine', () => {
  let lab: Lab;
  let held: Awaited<ReturnType<typeof lock>>;
  const path = process.env.PATH;
  before(async () => {
    held = await lock('twemstack test lab');
    // What a killed run may have left.
    await labDown(place, QUIET);
    lab = await labUp(place, QUIET);
    process.env.PATH = `${place.bin}:${path}`;
  });
  after(async () => {
    process.env.PATH = path;
    await labDown(place, QUIET);
    await held.release();
  });

  test('has three engines, each of which is reached by ssh and by TLS', async () => {
    const known = await Promise.all(
      lab.hosts.map(async (host) => {
        const ways = [connect(host.ssh), connect(host.tls, { tls: readTls(place.keys) })];
        const infos = await Promise.all(
          ways.map(async (way) => (await way).info() as Promise<{ ID: string; Name: string }>),
        );
        assert.deepEqual(
          infos.map(({ Name }) => Name),
          [host.hostname, host.hostname],
        );
        assert.equal(infos[0].ID, infos[1].ID, 'both ways lead to one engine');
        return infos[0].ID;
      }),
    );
    assert.equal(new Set(known).size, 3, 'three engines');
  });

  test('takes its stack file for one of three hosts', () => {
    const loaded = loadAnyTopology(readFileSync(place.stackFile, 'utf8'), place.stackFile);
    assert.ok(loaded.ok, JSON.stringify(loaded));
  });

  const views = (text: string) => lookAtHosts(hostsPlanOf(text), place.folder, 30_000);

  test('its hosts say who they are', async () => {
    const hosts = await views(readFileSync(place.stackFile, 'utf8'));
    assert.deepEqual(
      hosts.map(({ domain, hostname, problem }) => [domain, hostname, problem]),
      lab.hosts.map(({ hostname, name }) => [name, hostname, undefined]),
    );
    for (const { clockMs } of hosts) assert.ok(Math.abs(clockMs ?? Number.NaN) < 60_000);
  });

  test('an engine that two domains name, a wrong certificate, a host that is not there: each said of its domain', async () => {
    const [a, , c] = lab.hosts;
    const other = join(place.folder, 'other');
    mkdirSync(other, { recursive: true });
    for (const file of ['ca.pem', 'key.pem']) copyFileSync(join(place.keys, file), join(other, file));
    copyFileSync(join(place.keys, 'a-cert.pem'), join(other, 'cert.pem'));
    const hosts = await views(`name: lab
vip: ${lab.vip}
domains:
  - { name: a, docker: "${a.ssh}", address: ${a.address} }
  - { name: twin, docker: "${a.tls}", certificates: keys, address: 10.0.0.2 }
  - { name: gone, docker: "${c.ssh}1", address: 10.0.0.3 }
  - { name: wrong, docker: "${c.tls}", certificates: other, address: 10.0.0.4 }
`);
    assert.deepEqual(
      hosts.map(({ problem }) => problem !== undefined),
      [false, true, true, true],
    );
    assert.match(hosts[1].problem?.what ?? '', /is the engine of domain a by another name/);
    assert.match(hosts[3].problem?.what ?? '', /key|cert|SSL|TLS/i);
    assert.match(hosts[3].problem?.remedy ?? '', /other/);
  });

  test('is made use of by the bundled provider, by ssh and by TLS', async () => {
    const [a, , c] = lab.hosts;
    const configurations: ObjectValue[] = [{ host: a.ssh }, { host: c.tls, cert_path: place.keys }];
    for (const config of configurations) {
      const engine = await dockerProvider.configure(config);
      const made = await engine.call('make', (docker) => docker.createVolume({ Name: 'from-afar' }));
      assert.equal(made.name, 'from-afar');
      await engine.call('remove', (docker) => docker.getVolume('from-afar').remove());
    }
  });

  test('knows nobody who comes without its keys, and nobody takes its hosts for known', async () => {
    process.env.PATH = path;
    try {
      const options = { sshOptions: ['-F', '/dev/null', '-o', 'UserKnownHostsFile=/dev/null'] };
      await assert.rejects(
        new Engine(lab.hosts[0].ssh, options).ping(),
        (error: Error & { detail?: string }) => {
          assert.match(error.detail ?? '', /ssh ended with 255: .*Host key verification failed/);
          return true;
        },
      );
      const open = {
        sshOptions: [...options.sshOptions, '-o', 'StrictHostKeyChecking=no', '-i', '/dev/null'],
      };
      await assert.rejects(
        new Engine(lab.hosts[0].ssh, open).ping(),
        (error: Error & { detail?: string }) => {
          assert.match(error.detail ?? '', /Permission denied/);
          return true;
        },
      );
    } finally {
      process.env.PATH = `${place.bin}:${path}`;
    }
  });

  test('a host that was switched off is seen, and comes back as it was; the others go on meanwhile', async () => {
    const [, b] = lab.hosts;
    const others = lab.hosts.filter(({ name }) => name !== 'b').map((host) => hostPid(host));
    await (await connect(b.ssh)).createVolume({ Name: 'kept' });
    await stopHost(b);
    const hosts = await views(readFileSync(place.stackFile, 'utf8'));
    assert.deepEqual(
      hosts.map(({ problem }) => problem !== undefined),
      [false, true, false],
    );
    const seen = await labStatus(place);
    assert.deepEqual(
      seen?.map(({ host, running, engine }) => [host.name, running, engine !== undefined]),
      [
        ['a', true, true],
        ['b', false, false],
        ['c', true, true],
      ],
    );
    await labUp(place, QUIET);
    assert.equal((await (await connect(b.ssh)).getVolume('kept').inspect()).Name, 'kept');
    assert.deepEqual(
      lab.hosts.filter(({ name }) => name !== 'b').map((host) => hostPid(host)),
      others,
    );
  });

  test('down leaves nothing of it', async () => {
    assert.ok((await traces()).length > 5, 'the traces are looked for where they are');
    assert.equal(await labDown(place, QUIET), true);
    assert.deepEqual(await traces(), []);
    assert.equal(existsSync(place.folder), false);
    assert.equal(await labDown(place, QUIET), false, 'a second time there is nothing to do');
  });
});
