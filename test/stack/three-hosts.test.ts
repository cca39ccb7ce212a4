import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { connect, readTls } from '../../provider/docker/connect.ts';
import { cutPower, emptyHost } from '../../scripts/lab/faults.ts';
import { type Lab, labDown, labUp } from '../../scripts/lab/lab.ts';
import { labPlace } from '../../scripts/lab/place.ts';
import { cacheFolder } from '../../scripts/prepare/debian-base.ts';
import { lock } from '../../scripts/process-lock.mjs';
import { readCredentials } from '../../scripts/stack/credentials.ts';
import { CHECKOUT, Home } from '../../scripts/stack/home.ts';
import { HOST_MS } from '../../scripts/stack/routed-client.ts';
import { bundledCommand } from '../support/bundled-command.ts';
import { startTestEngine, type TestEngine } from '../support/engine.ts';
import { waitUntil } from '../support/wait-until.ts';
import { parse } from './json-output.ts';

const QUIET = { progress: () => undefined, outcome: () => undefined };
const place = labPlace(join(cacheFolder(), 'test-lab'));
const PORT = 6379;
const READ_AT_ONCE = 200;
/** Whatever a slow machine takes. */
const PATIENT = { withinMs: 90_000, everyMs: 250 };

interface Status {
  readonly healthy: boolean;
  readonly problems: ReadonlyArray<{ readonly subject: string; readonly what: string }>;
  readonly hosts: ReadonlyArray<{ readonly domain: string; readonly problem?: string }>;
  readonly members: ReadonlyArray<{
    readonly name: string;
    readonly domain: string;
    readonly role: string;
    readonly health: string;
    readonly vip?: boolean;
  }>;
  readonly changes: { readonly added: number; readonly changed: number; readonly removed: number };
}

interface Backup {
  readonly shards: ReadonlyArray<{
    readonly member: string;
    readonly databases: Readonly<Record<string, { readonly keys: number }>>;
  }>;
}

/**
 * A stack on three engines, each in namespaces of its own. It is brought up once; the tests follow its life in order, so each one
 * starts from what the one before left.
 */
describe('a stack on three hosts', () => {
  let held: Awaited<ReturnType<typeof lock>>;
  let engine: TestEngine;
  let lab: Lab;
  let home: Home;
  let file: string;

  before(async () => {
    held = await lock('twemstack test lab');
    // What a killed run may have left.
    await labDown(place, QUIET);
    engine = await startTestEngine();
    lab = await labUp(place, QUIET);
    home = new Home(mkdtempSync(join(tmpdir(), 'twemstack-hosts-')));
    file = writeStack('stack.yaml', {});
  });
  after(async () => {
    await labDown(place, QUIET);
    await engine?.stop();
    if (home !== undefined) rmSync(home.root, { recursive: true, force: true });
    await held?.release();
  });

  /** A stack file of the lab, with other engines for some domains. */
  function writeStack(name: string, engines: Readonly<Record<string, string>>): string {
    const path = join(home.root, name);
    const domains = lab.hosts.map((host, index) => {
      const way = engines[host.name] ?? (index < 2 ? host.ssh : host.tls);
      const certificates = way.startsWith('tcp:') ? `, certificates: "${place.keys}"` : '';
      return `  - { name: ${host.name}, docker: "${way}", address: ${host.address}${certificates} }\n`;
    });
    writeFileSync(
      path,
      `name: hosts\nvip: ${lab.vip}\nshards: 1\nsentinel: { down_after: 1s }\ndomains:\n${domains.join('')}`,
    );
    return path;
  }

  async function twemstack(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const env = {
      TWEMSTACK_HOME: home.root,
      TWEMSTACK_FILE: file,
      // Who builds the images.
      DOCKER_HOST: engine.dockerHost,
      PATH: `${place.bin}:${process.env.PATH}`,
      TWEMSTACK_PROVIDER_MIRROR: process.env.TWEMSTACK_PROVIDER_MIRROR ?? '',
      CHECKPOINT_DISABLE: '1',
    };
    const command = [await bundledCommand(), ...args];
    const ran = await execa(process.execPath, command, {
      env,
      cwd: CHECKOUT,
      reject: false,
      stdin: 'ignore',
    });
    return { exitCode: ran.exitCode ?? -1, stdout: ran.stdout, stderr: ran.stderr };
  }

  const status = async (): Promise<Status> => parse((await twemstack('status', '--json')).stdout);

  /** Names of what the hosts' engines have of the stack. */
  async function traces(): Promise<string[]> {
    const tls = readTls(place.keys);
    const found = await Promise.all(
      lab.hosts.map(async (host) => {
        const docker = await connect(host.tls, { tls });
        const containers = await docker.listContainers({ all: true });
        const { Volumes } = await docker.listVolumes();
        return [...containers.flatMap(({ Names }) => Names), ...(Volumes ?? []).map(({ Name }) => Name)];
      }),
    );
    return found.flat();
  }

  test('hosts that will not do are all named before anything is changed', async () => {
    const [a, , c] = lab.hosts;
    const wrong = writeStack('wrong.yaml', { b: a.tls, c: `tcp://${c.address}:2399` });
    const result = await twemstack('up', '--file', wrong);
    assert.equal(result.exitCode, 3, result.stderr);
    assert.match(result.stderr, /host b: is the engine of domain a by another name/);
    assert.match(result.stderr, /host c: .*ECONNREFUSED/);
    assert.match(result.stderr, /nothing was changed/);
    assert.deepEqual(await traces(), []);
  });

  test('up brings the images to all of them, and the stack up', async () => {
    const result = await twemstack('up');
    assert.equal(result.exitCode, 0, result.stderr);
    assert.match(result.stdout, /VIP .*:6379 \(hosts\) answers/);
    assert.equal(result.stdout.split('\n').filter((line) => / healthy( |$)/.test(line)).length, 11);
    const rows = result.stdout.split('\n').filter((line) => /^[abc] .* reached .* % free$/.test(line));
    assert.equal(rows.length, 3, result.stdout);
  });

  describe('a host that loses its power, with the VIP or the master on it', () => {
    const acknowledged: string[] = [];
    let writing: Redis;
    let dead: Lab['hosts'][number];
    let ending = false;
    let writer: Promise<void>;

    before(() => {
      const password = readCredentials(home, 'hosts')?.application;
      writing = new Redis({
        host: lab.vip,
        port: PORT,
        password,
        protocol: 2,
        connectTimeout: 500,
        commandTimeout: 2000,
        retryStrategy: () => 100,
        maxRetriesPerRequest: 0,
        enableOfflineQueue: false,
        disableClientInfo: true,
      });
      // Every one of them is a write that is not acknowledged.
      writing.on('error', () => undefined);
      writer = (async () => {
        for (let index = 0; !ending; index++) {
          const done = await writing.set(`key:${index}`, String(index)).catch(() => undefined);
          if (done === 'OK') acknowledged.push(`key:${index}`);
          else await new Promise((next) => setTimeout(next, 20));
        }
      })();
    });
    after(() => writing.disconnect());

    test('is gone on without: writes go on, and it is a row of the status', async () => {
      await waitUntil('writes through the VIP', () => acknowledged.length > 50, PATIENT);
      let wholeTook = 0;
      // Whoever is slow for a moment has no role for a moment.
      dead = await waitUntil(
        'a status that names the master',
        async () => {
          const began = performance.now();
          const { members } = await status();
          wholeTook = performance.now() - began;
          const master = members.find(({ role }) => / master$/.test(role));
          return lab.hosts.find(({ name }) => name === master?.domain);
        },
        PATIENT,
      );
      await cutPower(place, dead);
      const before = acknowledged.length;
      await waitUntil('writes go on', () => acknowledged.length > before + 50, PATIENT);
      let took = Number.POSITIVE_INFINITY;
      // Whoever is slow for a moment is not reached for a moment.
      const { hosts, members, problems } = await waitUntil(
        'a status that misses the dead host alone',
        async () => {
          const from = performance.now();
          const result = await twemstack('status', '--json');
          took = Math.min(took, performance.now() - from);
          assert.equal(result.exitCode, 1, result.stderr);
          const found = parse<Status>(result.stdout);
          const away = found.hosts.filter(({ problem }) => problem !== undefined);
          const holders = found.members.filter(({ vip }) => vip === true);
          return away.length === 1 && holders.length === 1 ? found : undefined;
        },
        PATIENT,
      );
      // The 3 s for which a host is waited for, once and not for each question; the rest is what this machine takes for any status.
      assert.ok(took < wholeTook + 2 * HOST_MS, `${took} ms, with all hosts ${wholeTook} ms`);
      assert.notEqual(hosts.find(({ domain }) => domain === dead.name)?.problem, undefined);
      assert.equal(problems.filter(({ subject }) => subject === `host ${dead.name}`).length, 1);
      assert.ok(members.every(({ domain, health }) => (health === 'unknown') === (domain === dead.name)));
    });

    test('a backup is taken from the others, and comes back as it was on one of them', async () => {
      const before = acknowledged.length;
      const taken = await twemstack('backup', '--json');
      assert.equal(taken.exitCode, 0, taken.stderr);
      const [{ databases, member }] = parse<Backup>(taken.stdout).shards;
      assert.ok(
        databases['0'].keys >= before,
        `${taken.stdout}: ${before} were acknowledged before it began`,
      );
      assert.ok(!member.endsWith(`-${dead.name}`), member);
      const tried = await twemstack('backup', 'verify', '--json');
      assert.equal(tried.exitCode, 0, tried.stderr);
      assert.equal(parse<{ keys: number }>(tried.stdout).keys, databases['0'].keys);
    });

    test('up goes on with the others, and says that one is missing', async () => {
      const result = await twemstack('up', '--json');
      assert.equal(result.exitCode, 1, result.stderr);
      assert.deepEqual(parse<Status>(result.stdout).changes, { added: 0, changed: 0, removed: 0 });
    });

    test('comes back by itself when it is on again', async () => {
      await labUp(place, QUIET);
      await waitUntil('a healthy stack', async () => (await status()).healthy, PATIENT);
    });

    test('an empty machine in the place of another one: up makes its members anew, as replicas, and nothing else; again, it changes nothing', async () => {
      const { master, members } = await waitUntil(
        'a status that names the master',
        async () => {
          const found = await status();
          const named = found.members.find(({ role }) => / master$/.test(role));
          return named === undefined ? undefined : { master: named, members: found.members };
        },
        PATIENT,
      );
      const other = lab.hosts.find(({ name }) => name !== master.domain) ?? assert.fail();
      const own = members.filter(({ domain }) => domain === other.name);
      await cutPower(place, other);
      emptyHost(other);
      await labUp(place, QUIET);
      const result = await twemstack('up', '--json');
      assert.equal(result.exitCode, 0, result.stderr);
      const made = parse<Status>(result.stdout);
      assert.ok(made.healthy, result.stdout);
      assert.deepEqual([made.changes.changed, made.changes.removed], [0, 0]);
      // A container and an image of each member at most, and volumes: of this host alone.
      assert.ok(made.changes.added >= own.length && made.changes.added <= 4 * own.length, result.stdout);
      assert.equal(
        made.members.find(({ domain, role }) => domain === other.name && / master$/.test(role)),
        undefined,
      );
      ending = true;
      await writer;
      const again = await twemstack('up', '--json');
      assert.equal(again.exitCode, 0, again.stderr);
      assert.deepEqual(parse<Status>(again.stdout).changes, { added: 0, changed: 0, removed: 0 });
    });

    test('has cost no write that was acknowledged', async () => {
      const password = readCredentials(home, 'hosts')?.application;
      // Without a time limit of its own: a slow machine takes what it takes.
      const reader = new Redis({ host: lab.vip, port: PORT, password, protocol: 2, disableClientInfo: true });
      const lost: string[] = [];
      try {
        for (let at = 0; at < acknowledged.length; at += READ_AT_ONCE) {
          const keys = acknowledged.slice(at, at + READ_AT_ONCE);
          const values = await reader.mget(keys);
          lost.push(...keys.filter((key, index) => values[index] !== key.split(':')[1]));
        }
      } finally {
        reader.disconnect();
      }
      assert.deepEqual(lost, []);
    });
  });

  test('logs of all hosts are one', async () => {
    const result = await twemstack('logs', '--since', 'all', '--events', '--json');
    assert.equal(result.exitCode, 0, result.stderr);
    const domains = result.stdout.split('\n').map((line) => parse<{ domain: string }>(line).domain);
    assert.deepEqual([...new Set(domains)].sort(), ['a', 'b', 'c']);
  });

  test('down --volumes leaves nothing on any host', async () => {
    const result = await twemstack('down', '--volumes');
    assert.equal(result.exitCode, 0, result.stderr);
    assert.deepEqual(await traces(), []);
  });
});
