import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { connect, readTls } from '../../../provider/docker/connect.ts';
import { Engine } from '../../../provider/docker/engine.ts';
import { dockerProvider } from '../../../provider/docker/provider.ts';
import type { ObjectValue } from '../../../provider/protocol/values.ts';
import { heldImage, shipImages } from '../../../scripts/images/ship.ts';
import { transferImages } from '../../../scripts/images/transfer.ts';
import {
  cutHalf,
  cutPower,
  emptyHost,
  endEngine,
  freezeHost,
  mendLab,
  pauseHost,
  pullCable,
  slowHost,
} from '../../../scripts/lab/faults.ts';
import { hostPid, stopHost } from '../../../scripts/lab/host.ts';
import { findLab, type Lab, labDown, labStatus, labUp } from '../../../scripts/lab/lab.ts';
import { type LabHost, labPlace } from '../../../scripts/lab/place.ts';
import { lookAtHosts } from '../../../scripts/observe/hosts.ts';
import { cacheFolder } from '../../../scripts/prepare/debian-base.ts';
import { judgeHosts } from '../../../scripts/prepare/hosts/judge.ts';
import { type ProbeWishes, probeHosts } from '../../../scripts/prepare/hosts/probe.ts';
import { lock } from '../../../scripts/process-lock.mjs';
import { connectEngines } from '../../../scripts/stack/engines.ts';
import { loadAnyTopology } from '../../../topology/index.ts';
import { liveThrough } from '../../provider/support/live-through.ts';
import { providersUnderTest } from '../../provider/support/provider-under-test.ts';
import { importTestImage } from '../../provider/support/test-image.ts';
import { Workspace } from '../../provider/support/workspace.ts';
import { importProgramImage } from '../../support/program-image.ts';
import { recordingStep } from '../../support/recording-step.ts';
import { hostsPlanOf } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

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
      const [, parent] = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      // Idle connections of this program, which find out a little later that nobody is there any more.
      if (Number(parent) === process.pid && /^\S*ssh\0/.test(words)) return [];
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
    // As npx has it, which puts the folder of its commands in front of all that a person has put there.
    process.env.PATH = `${resolve('node_modules/.bin')}:${place.bin}:${path}`;
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

  test('a login on a host starts nothing that the person starts at each login on this machine', async () => {
    for (const host of lab.hosts) {
      const home = await execa('ssh', [host.ssh.replace('ssh://', ''), 'echo $HOME']);
      assert.equal(home.stdout, join(host.folder, 'home'));
    }
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

  test('is a terraform provider’s engine, by ssh and by TLS: made, nothing to change, removed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-lab-mirror-'));
    // The real one, too, where a mirror that holds it is named.
    const providers = await providersUnderTest(folder);
    const [a, , c] = lab.hosts;
    try {
      await Promise.all(
        [a.ssh, c.tls].map(async (host, index) => {
          const docker = await connect(host, { tls: index === 0 ? undefined : readTls(place.keys) });
          await importTestImage(docker);
          const env: Record<string, string> = index === 0 ? {} : { DOCKER_CERT_PATH: place.keys };
          for (const provider of providers)
            await liveThrough(new Workspace(provider, host, undefined, env), docker);
        }),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
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

  const IMAGE = 'tw-test/probe:1';
  /** What the scripts of the probes run. */
  const PROGRAMS = ['bash', 'cat', 'df', 'grep', 'ip', 'sleep', 'socat', 'sort', 'ss', 'tail'];

  test('images come from one host to the others, the same everywhere; one that is cut off leaves nothing', async () => {
    const { list } = await connectEngines(hostsPlanOf(readFileSync(place.stackFile, 'utf8')), place.folder);
    const [a, b] = list;
    await importProgramImage(a.docker, IMAGE, PROGRAMS);
    const image = await heldImage(a.docker, IMAGE);
    assert.ok(image !== undefined);
    const stop = new AbortController();
    const moved = (): void => stop.abort(new Error('cut off'));
    await assert.rejects(
      transferImages(a.docker, b.docker, [IMAGE], { moved, signal: stop.signal }),
      /cut off/,
    );
    assert.deepEqual(await b.docker.listImages({ all: true }), []);
    const source = { title: 'host a', docker: a.docker };
    const step = recordingStep();
    assert.equal(await shipImages(source, new Map([[IMAGE, image]]), list, step), 2);
    assert.match(step.lines.at(-1) ?? '', /^bringing images to b \d+ MB, c \d+ MB$/);
    for (const { docker } of list) assert.equal((await heldImage(docker, IMAGE))?.id, image.id);
    assert.equal(await shipImages(source, new Map([[IMAGE, image]]), list, step), 0, 'a second time');
  });

  /** What is refused of a stack on these hosts, once looked at from inside. */
  async function refused(text: string, former?: ProbeWishes['former']): Promise<string[]> {
    const plan = hostsPlanOf(text);
    const { list } = await connectEngines(plan, place.folder);
    const facts = await probeHosts(plan, list, IMAGE, { former, patienceMs: 60_000 });
    return judgeHosts(plan, facts).refused.map(({ what }) => what);
  }

  test('its hosts will do: addresses, ports and the ways between them', async () => {
    assert.deepEqual(await refused(readFileSync(place.stackFile, 'utf8')), []);
    for (const { docker } of (
      await connectEngines(hostsPlanOf(readFileSync(place.stackFile, 'utf8')), place.folder)
    ).list)
      assert.deepEqual(await docker.listContainers({ all: true }), [], 'nothing stays of the look');
  });

  test('a taken port, a stranger at the VIP, VRRP and a port that do not pass, an address of nobody: all said', async () => {
    const [a, b, c] = lab.hosts;
    const inside = (host: LabHost, ...command: string[]) =>
      execa('nsenter', [`--net=/run/netns/${host.namespace}`, ...command]);
    const onA = await connect(a.ssh);
    const taken = await onA.createContainer({
      Image: IMAGE,
      Cmd: ['socat', 'TCP4-LISTEN:7020,reuseaddr,fork', '/dev/null'],
      HostConfig: { NetworkMode: 'host' },
    });
    await taken.start();
    await waitUntil('the port to be taken', async () =>
      (await inside(a, 'ss', '-Hltn')).stdout.includes(':7020'),
    );
    await execa('ip', ['address', 'add', `${lab.vip}/24`, 'dev', place.name]);
    const vrrp = ['INPUT', '-p', '112', '-s', a.address, '-j', 'DROP'];
    const port = ['INPUT', '-p', 'tcp', '-s', a.address, '--dport', '7002', '-j', 'REJECT'];
    await inside(b, 'iptables', '-I', ...vrrp);
    await inside(b, 'iptables', '-I', ...port);
    try {
      const text = readFileSync(place.stackFile, 'utf8');
      const said = await refused(text.replace(`address: ${c.address}`, 'address: 10.9.9.9'));
      const mac = readFileSync(`/sys/class/net/${place.name}/address`, 'utf8').trim();
      const pattern = [
        new RegExp(
          `^port 7020 of host a is taken by socat \\(pid \\d+\\) in container ${taken.id.slice(0, 12)}`,
        ),
        ...['a', 'b'].map(() => new RegExp(`^the virtual IP ${lab.vip} is taken: .*${mac}`)),
        /^VRRP does not pass from host a to host b/,
        /^host b lets host a in on no port 7002$/,
        /^10\.9\.9\.9 is no address of host c, which has .* on eth0/,
      ];
      assert.equal(said.length, pattern.length, said.join('\n'));
      for (const each of pattern)
        assert.ok(
          said.some((what) => each.test(what)),
          `${each}\n${said.join('\n')}`,
        );
    } finally {
      await inside(b, 'iptables', '-D', ...port);
      await inside(b, 'iptables', '-D', ...vrrp);
      await execa('ip', ['address', 'delete', `${lab.vip}/24`, 'dev', place.name]);
      await taken.remove({ force: true });
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

  test('a cable that is pulled, a paused host and one without power are not reached, and all is given back', async () => {
    const [a, b, c] = lab.hosts;
    const pids = [a, b].map((host) => hostPid(host));
    await Promise.all([pullCable(place, a), pauseHost(place, b), cutPower(place, c)]);
    const text = readFileSync(place.stackFile, 'utf8');
    const seen = await lookAtHosts(hostsPlanOf(text), place.folder);
    assert.deepEqual(
      seen.map(({ problem }) => problem?.gone),
      [true, true, true],
      JSON.stringify(seen),
    );
    await mendLab(lab, QUIET);
    const back = await views(text);
    assert.deepEqual(
      back.map(({ problem }) => problem),
      [undefined, undefined, undefined],
    );
    assert.deepEqual(
      [a, b].map((host) => hostPid(host)),
      pids,
    );
    assert.equal(findLab(lab.hosts.map(({ address }) => address))?.place.folder, place.folder);
    assert.equal(findLab(['10.9.9.9']), undefined);
  });

  test('one that hears the others no more is heard, a frozen one is silent, a slow cable is slow, and all is given back', async () => {
    const [a, b, c] = lab.hosts;
    const text = readFileSync(place.stackFile, 'utf8');
    /** Whether a connection to the sshd of a host comes about, from another one or from this machine. */
    const reaches = async (to: LabHost, from?: LabHost): Promise<boolean> => {
      const where = from === undefined ? [] : ['nsenter', `--net=/run/netns/${from.namespace}`];
      const command = [...where, 'timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${to.address}/22`];
      return (await execa(command[0], command.slice(1), { reject: false })).exitCode === 0;
    };
    const cable = async (): Promise<string> =>
      (await execa('tc', ['-n', c.namespace, 'qdisc', 'show', 'dev', 'eth0'])).stdout;
    await cutHalf(a, [b, c]);
    freezeHost(b);
    await slowHost(place, c);
    const seen = await lookAtHosts(hostsPlanOf(text), place.folder);
    assert.equal(seen[1].problem?.gone, true, JSON.stringify(seen));
    assert.equal(await reaches(a), true, 'whoever is no host');
    assert.equal(await reaches(a, c), false, 'what c says does not arrive');
    assert.match(await cable(), /tbf .*rate 5Mbit/);
    await mendLab(lab, QUIET);
    assert.equal(await reaches(a, c), true);
    assert.doesNotMatch(await cable(), /tbf/);
    assert.deepEqual(
      (await views(text)).map(({ problem }) => problem),
      [undefined, undefined, undefined],
    );
  });

  test('an engine that is killed comes back by itself; an empty machine has nothing of the one before, and answers to its name', async () => {
    const [a, b] = lab.hosts;
    await (await connect(a.ssh)).createVolume({ Name: 'kept' });
    await endEngine(a, 'SIGKILL');
    await endEngine(b, 'SIGTERM');
    await mendLab(lab, QUIET);
    assert.equal((await (await connect(a.ssh)).getVolume('kept').inspect()).Name, 'kept');
    await cutPower(place, a);
    emptyHost(a);
    const back: string[] = [];
    await mendLab(lab, QUIET, (host) => back.push(host));
    assert.deepEqual(back.sort(), ['a', 'b', 'c']);
    const docker = await connect(a.ssh);
    assert.deepEqual([(await docker.listVolumes()).Volumes, await docker.listImages()], [[], []]);
  });

  test('takes a further host while the others run, and gives none away', async () => {
    const running = lab.hosts.map((host) => hostPid(host));
    const more = await labUp(place, QUIET, { hosts: 4 });
    assert.deepEqual(
      more.hosts.slice(0, 3).map((host) => hostPid(host)),
      running,
    );
    const known = (await views(readFileSync(place.stackFile, 'utf8')))[3];
    assert.deepEqual([known.hostname, known.problem], ['lab-d', undefined]);
    await assert.rejects(labUp(place, QUIET, { hosts: 3 }), /has 4 hosts, more than 3/);
    assert.equal((await labUp(place, QUIET)).hosts.length, 4);
  });

  test('a machine that the stack is to leave may hold the VIP still', async () => {
    const [, , c] = lab.hosts;
    const text = readFileSync(place.stackFile, 'utf8').replace(/^.*name: c,.*\n/m, '');
    const onC = ['-n', c.namespace, 'address'];
    const { list } = await connectEngines(hostsPlanOf(text), place.folder);
    await Promise.all(list.map(({ docker }) => importProgramImage(docker, IMAGE, PROGRAMS)));
    await execa('ip', [...onC, 'add', `${lab.vip}/32`, 'dev', 'eth0']);
    // Whoever had it in a test before this one is remembered for a while.
    for (const { namespace } of findLab([c.address])?.hosts ?? [])
      await execa('ip', ['-n', namespace, 'neighbour', 'flush', 'to', lab.vip]);
    try {
      assert.match((await refused(text)).join(), /^the virtual IP .* is taken/);
      assert.deepEqual(await refused(text, { gone: [], addresses: new Map([['c', c.address]]) }), []);
    } finally {
      await execa('ip', [...onC, 'delete', `${lab.vip}/32`, 'dev', 'eth0']);
    }
  });

  test('down leaves nothing of it', async () => {
    assert.ok((await traces()).length > 5, 'the traces are looked for where they are');
    assert.equal(await labDown(place, QUIET), true);
    assert.deepEqual(await traces(), []);
    assert.equal(existsSync(place.folder), false);
    assert.equal(await labDown(place, QUIET), false, 'a second time there is nothing to do');
  });
});
