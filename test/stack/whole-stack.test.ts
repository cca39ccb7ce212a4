import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { IDS_OF_A_PROXY } from '../../proxy/peers/own-place.ts';
import type { DrillDocument } from '../../scripts/drill/report/document.ts';
import { execInContainer, signalContainer } from '../../scripts/observe/engine.ts';
import { credentialsFile } from '../../scripts/stack/credentials.ts';
import { type StackRun, startStackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';
import { type Application, startApplication } from './application.ts';
import { backupTests } from './backups.ts';
import { consoleTests } from './console.ts';
import { editTests } from './edits.ts';
import { importTests } from './imported.ts';
import { installedTests } from './installed.ts';
import { parse } from './json-output.ts';
import { killedTests } from './killed.ts';
import { operatingTests } from './operating.ts';
import { secretsFound } from './secret-search.ts';
import { typedTests } from './typed.ts';

/** Three clients that stay connected: prints the number of each, and behind `listed:` the CLIENT LIST that it is given. */
const CLIENT_LISTS = `for fd in 3 4 5; do
  eval "exec $fd<>/dev/tcp/$1/$2"
  printf 'AUTH %s\\r\\nCLIENT ID\\r\\n' "$REDISCLI_AUTH" >&$fd
  read -r -u $fd; read -r -u $fd id; echo "$id"
done
for fd in 3 4 5; do
  printf 'CLIENT LIST\\r\\n' >&$fd
  read -r -u $fd length; length=\${length//[^0-9]/}
  echo listed:; head -c $length <&$fd
done`;

/**
 * The whole topology on a real engine, as an operator meets it. One stack is brought up once; the tests follow its life
 * in order, so each one starts from what the one before left.
 */
describe('the default stack on a real engine', () => {
  let stack: StackRun;

  before(async () => {
    stack = await startStackRun();
  });
  after(async () => {
    await stack?.end();
  });

  async function up(): Promise<{ changes: Record<string, number>; elapsedMs: number; healthy: boolean }> {
    const result = await stack.twemstack('up', '--json');
    assert.equal(result.exitCode, 0, result.stderr);
    return parse(result.stdout);
  }

  /** One of each shard, asked for until it is so: whoever is slow for a moment has no role for a moment. */
  function masters(): Promise<string[]> {
    return waitUntil('a master of each shard', async () => {
      const result = await stack.twemstack('status', '--json');
      const document = parse<{ members: Array<{ name: string; role: string }> }>(result.stdout);
      const found = document.members.filter(({ role }) => / master$/.test(role)).map(({ name }) => name);
      return found.length === stack.plan.shards.length ? found : undefined;
    });
  }

  test('up brings it up: every member healthy, one holder of the VIP', async () => {
    // As it is started in a checkout; the other tests start it compiled.
    const result = await stack.run(process.execPath, 'scripts/twemstack.mjs', 'up');
    assert.equal(result.exitCode, 0, result.stderr);
    const gates = [...result.stderr.matchAll(/^✓ gate (\S+):/gm)].map(([, name]) => name);
    assert.deepEqual(gates, ['proof'], 'nobody is served yet: no domain waits for another one');
    assert.match(result.stdout, /VIP 198\.18\.77\.100:6379 \(proof\) answers/);
    assert.equal(result.stdout.split('\n').filter((line) => / healthy( |$)/.test(line)).length, 14);
    assert.match(result.stdout, /twemstack secret application/);
  });

  test('with the password an application reads and writes, without it it is told NOAUTH', async () => {
    const { application } = stack.credentials();
    assert.equal((await stack.redisCli(application, 'SET', 'greeting', 'hello')).stdout, 'OK');
    assert.equal((await stack.redisCli(application, 'GET', 'greeting')).stdout, 'hello');
    assert.match((await stack.redisCli(undefined, 'GET', 'greeting')).stdout, /^NOAUTH/);
  });

  test('connections through the VIP to several proxies are all in the client list of each', async () => {
    const { application } = stack.credentials();
    const { vip, pools } = stack.plan;
    const words = ['bash', '-c', CLIENT_LISTS, 'lists', vip, String(pools[0].listen)];
    const { stdout } = await stack.run('env', `REDISCLI_AUTH=${application}`, ...words);
    const [own, ...lists] = stdout.split('listed:\n');
    const ids = [...own.matchAll(/^:(\d+)/gm)].map(([, id]) => Number(id));
    assert.ok(new Set(ids.map((id) => Math.floor(id / IDS_OF_A_PROXY))).size > 1, stdout);
    assert.equal(lists.length, 3);
    for (const list of lists) for (const id of ids) assert.match(list, new RegExp(`^id=${id} `, 'm'));
  });

  describe('an application in a container on the front network', () => {
    let application: Application;

    before(async () => {
      application = await startApplication(stack);
    });
    after(() => application?.remove());

    test('reaches the VIP, and is not given its address', async () => {
      assert.match(await application.run('redis-cli', '-h', stack.plan.vip, 'PING'), /PONG|NOAUTH/);
      assert.notEqual(await application.address(), stack.plan.vip);
    });

    test('is seen by the proxies with its own address, not that of the edge', async () => {
      const { application: password } = stack.credentials();
      const client = ['env', `REDISCLI_AUTH=${password}`, 'redis-cli', '-h', stack.plan.vip];
      const seen = await application.run(...client, 'CLIENT', 'LIST');
      assert.match(seen, new RegExp(` addr=${await application.address()}:\\d+`), seen);
    });

    test("the pools' ports of the VIP and the edges answer it, and nothing else of the stack does", async () => {
      const { members, edges, pools, vip, back } = stack.plan;
      const fronts = [vip, ...edges.map(({ frontAddress }) => frontAddress)];
      const ports = [6379, 26379, 22222, 8404];
      const targets = [...members.map(({ address }) => address), back.gateway, ...fronts].flatMap((host) =>
        ports.map((port) => `${host}:${port}`),
      );
      const expected = fronts.flatMap((host) => pools.map(({ listen }) => `${host}:${listen}`));
      assert.deepEqual(await application.open(targets), expected.sort());
      // This machine gets there all the same, as operators do.
      const [{ address, opsPort }] = edges;
      const stats = await stack.run('curl', '-s', `http://${address}:${opsPort}/metrics`);
      assert.match(stats.stdout, /haproxy_/);
    });

    test('takes no part in the election, whatever it says', async () => {
      const { edges, vip, edge } = stack.plan;
      const holders = async (): Promise<string[]> => {
        const found = await Promise.all(
          edges.map(async ({ name }) => {
            const shown = await execInContainer(stack.engine.docker, name, ['ip', '-o', '-4', 'address']);
            return shown.includes(` ${vip}/32 `) ? [name] : [];
          }),
        );
        return found.flat();
      };
      const before = await holders();
      assert.equal(before.length, 1);
      const places = edges.flatMap(({ address, frontAddress }) => [address, frontAddress]);
      const own = await application.address();
      const lies = [...places, '224.0.0.18'].flatMap((target) =>
        [...places, own].map((source) => ({ source, target, vip, vrid: edge.vrid })),
      );
      const lying = application.lie(lies, 2000);
      const seen = new Set<string>();
      const until = Date.now() + 2500;
      while (Date.now() < until) seen.add((await holders()).join());
      await lying;
      assert.deepEqual([...seen], before);
    });
  });

  test('keys are spread over both shards, and every replica has them', async () => {
    const { application, operator } = stack.credentials();
    const pairs = Array.from({ length: 200 }, (_, i) => [`spread:${i}`, String(i)]).flat();
    assert.equal((await stack.redisCli(application, 'MSET', ...pairs)).stdout, 'OK');
    for (const shard of stack.plan.shards) {
      const counts = new Set<number>();
      for (const member of shard.members) {
        await waitUntil(`${member.name} to have its share`, async () => {
          const args = ['-h', member.address, '--user', 'operator', 'DBSIZE'];
          const { stdout } = await stack.run('env', `REDISCLI_AUTH=${operator}`, 'redis-cli', ...args);
          return Number(stdout) > 50;
        });
        const { stdout } = await stack.run(
          'env',
          `REDISCLI_AUTH=${operator}`,
          'redis-cli',
          '-h',
          member.address,
          '--user',
          'operator',
          'DBSIZE',
        );
        counts.add(Number(stdout));
      }
      assert.equal(counts.size, 1, `members of ${shard.name} differ: ${[...counts]}`);
    }
  });

  test('redis, sentinel and the edges refuse whoever has no password', async () => {
    const refused = async (host: string, port: number, ...command: string[]): Promise<void> => {
      const { stdout, stderr } = await stack.run('redis-cli', '-h', host, '-p', String(port), ...command);
      assert.match(stdout + stderr, /^NOAUTH/, `${host}:${port} ${command.join(' ')}`);
    };
    await refused(stack.plan.shards[0].members[0].address, 6379, 'GET', 'greeting');
    await refused(stack.plan.sentinels[0].address, 26379, 'SENTINEL', 'FAILOVER', 'shard-1');
    const open = await stack.run('ss', '-Hltn');
    assert.ok(open.stdout !== undefined);
  });

  test('no password is in terraform state, configuration, container metadata, logs or process lists', async () => {
    assert.deepEqual(await secretsFound(stack), []);
  });

  operatingTests(() => stack);

  const typed = typedTests(() => stack);
  typed.asked();

  test('up again changes nothing', async () => {
    assert.deepEqual((await up()).changes, { added: 0, changed: 0, removed: 0 });
  });

  test('plain cdktf deploy finds the same topology and changes nothing', async () => {
    const result = await stack.run(
      'npx',
      'cdktf',
      'deploy',
      '--auto-approve',
      '--output',
      stack.home.outdir,
      '*',
    );
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    assert.doesNotMatch(result.stdout, /[1-9]\d* (added|changed|destroyed)/);
  });

  test('terraform plan in a synthesised folder sees no changes', async () => {
    for (const name of ['proof-network', 'proof-a-data', 'proof-a', 'proof-b', 'proof-c']) {
      const dir = stack.home.terraformDir(name);
      const result = await stack.run('terraform', `-chdir=${dir}`, 'plan', '-detailed-exitcode', '-no-color');
      assert.equal(result.exitCode, 0, `${name}: ${result.stdout}${result.stderr}`);
    }
  });

  test('settings that daemons take over while they run replace no container, and are in force', async () => {
    const { docker } = stack.engine;
    const ids = async (): Promise<string[]> => (await docker.listContainers()).map(({ Id }) => Id).sort();
    const before = await ids();
    const file = join(stack.home.root, 'stack.yaml');
    const change =
      'redis: { maxmemory: 80mb }\nedge: { max_connections: 5000 }\npools: { proof: { timeout: 2500 } }\n';
    writeFileSync(file, `${readFileSync(file, 'utf8')}${change}`);
    const shown = await stack.twemstack('upgrade', '--dry-run', '--json');
    const { turns } = parse<{ turns: Array<{ members: Array<{ action: string }> }> }>(shown.stdout);
    const actions = turns.flatMap(({ members }) => members.map(({ action }) => action));
    // Of 14 members the sentinels alone have nothing to do with it.
    assert.deepEqual(actions, Array(11).fill('reload'));
    const done = await stack.twemstack('upgrade', '--json');
    assert.equal(done.exitCode, 0, done.stderr);
    assert.equal(parse<{ reloaded: number }>(done.stdout).reloaded, 11);
    assert.deepEqual(await ids(), before);
    const { operator } = stack.credentials();
    const [{ address }] = stack.plan.shards[0].members;
    const args = ['redis-cli', '-h', address, '--user', 'operator', 'CONFIG', 'GET', 'maxmemory'];
    const { stdout } = await stack.run('env', `REDISCLI_AUTH=${operator}`, ...args);
    assert.match(stdout, /83886080/);
    assert.deepEqual((await up()).changes, { added: 0, changed: 0, removed: 0 });
  });

  consoleTests(() => stack);

  test('drill kill-master: a replica takes over, no acknowledged write is lost, and the stack is whole again', async () => {
    const before = await masters();
    const result = await stack.twemstack('drill', 'kill-master', '--json');
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    const { rounds } = parse<{
      rounds: Array<{ verdict: { lost: string[]; acknowledged: number }; members: string[] }>;
    }>(result.stdout);
    assert.deepEqual(rounds[0].verdict.lost, []);
    assert.ok(rounds[0].verdict.acknowledged > 500);
    assert.deepEqual(rounds[0].members, [before[0]]);
    assert.notDeepEqual(await masters(), before);
  });

  test('after a failover, and after a restart of any member, up changes nothing', async () => {
    for (const name of ['proof-shard-2-b', 'proof-sentinel-a', 'proof-edge-a', 'proof-proxy-c']) {
      await stack.engine.docker.getContainer(name).restart();
    }
    assert.deepEqual((await up()).changes, { added: 0, changed: 0, removed: 0 });
    assert.equal((await masters()).length, 2);
  });

  test('drill restart-engine: everything comes back by itself, one master per shard, no write lost', async () => {
    const { application } = stack.credentials();
    assert.equal((await stack.redisCli(application, 'SET', 'before', 'the restart')).stdout, 'OK');
    const result = await stack.twemstack('drill', 'restart-engine', '--json');
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    const [round] = parse<DrillDocument>(result.stdout).rounds;
    assert.ok(round.figures.engineAwayFor > 500, `away for ${round.figures.engineAwayFor} ms`);
    assert.deepEqual(round.differingReplicas, []);
    assert.equal((await masters()).length, 2);
    assert.equal((await stack.redisCli(application, 'GET', 'before')).stdout, 'the restart');
    assert.deepEqual((await up()).changes, { added: 0, changed: 0, removed: 0 });
  });

  test('an engine that is killed outright brings every member back, and nobody has to get up', async () => {
    const socket = stack.engine.dockerHost.slice('unix://'.length);
    const killed = await stack.run(process.execPath, '--import=tsx', 'test/support/kill-engine.ts', socket);
    assert.equal(killed.exitCode, 0, killed.stderr);
    const isWhole = async (): Promise<boolean> => (await stack.twemstack('status')).exitCode === 0;
    await waitUntil('every member to be back', isWhole, { withinMs: 120_000 });
  });

  test('a member that was told to reload is still brought back when it crashes', async () => {
    const { docker } = stack.engine;
    const proxy = 'proof-proxy-a';
    await signalContainer(docker, proxy, 'USR1');
    const { RestartCount: before } = await docker.getContainer(proxy).inspect();
    // Everything but its first process; the command itself goes with it.
    await execInContainer(docker, proxy, ['sh', '-c', 'kill -KILL -1']).catch(() => undefined);
    const isBack = async (): Promise<boolean> => {
      const { RestartCount, State } = await docker.getContainer(proxy).inspect();
      return RestartCount > before && State.Running;
    };
    await waitUntil('the engine to bring it back', isBack, { withinMs: 20_000 });
  });

  test('a stopped container is started, a removed one is made again, and nothing else is touched; until then no password is changed', async () => {
    await stack.engine.docker.getContainer('proof-proxy-b').stop();
    await stack.engine.docker.getContainer('proof-shard-1-c').remove({ force: true });
    const known = readFileSync(credentialsFile(stack.home, 'proof'), 'utf8');
    const refused = await stack.twemstack('secret', 'rotate', 'proxy');
    assert.equal(refused.exitCode, 1, refused.stderr);
    assert.match(
      refused.stderr,
      /stack proof is not whole[\s\S]*`twemstack up` mends it, then run this again/,
    );
    assert.equal(readFileSync(credentialsFile(stack.home, 'proof'), 'utf8'), known);
    const { changes } = await up();
    assert.equal(changes.removed, 0);
    assert.ok(changes.added >= 1 && changes.added + changes.changed <= 3, JSON.stringify(changes));
    assert.equal((await stack.twemstack('status')).exitCode, 0);
  });

  typed.replaced();

  test('down removes everything but the data, twice without complaint, and up brings the data back', async () => {
    const { application } = stack.credentials();
    assert.equal((await stack.redisCli(application, 'SET', 'kept', 'over down')).stdout, 'OK');
    for (let i = 0; i < 2; i++) {
      const result = await stack.twemstack('down');
      assert.equal(result.exitCode, 0, result.stderr);
    }
    const containers = await stack.engine.docker.listContainers({ all: true });
    assert.deepEqual(containers, []);
    const { Volumes } = await stack.engine.docker.listVolumes();
    assert.equal(Volumes.length, 9);
    await up();
    assert.equal((await stack.redisCli(application, 'GET', 'kept')).stdout, 'over down');
  });

  test('a stack with members on one network says so, changes nothing, and names the way over', async () => {
    const { docker } = stack.engine;
    const { back, front } = stack.plan;
    const [member] = stack.plan.proxies;
    await docker.getNetwork(back.name).disconnect({ Container: member.name });
    await docker.getNetwork(front.name).connect({ Container: member.name });
    try {
      const result = await stack.twemstack('up');
      assert.equal(result.exitCode, 2, result.stderr);
      assert.match(result.stderr, new RegExp(`one network; .*\n  where: ${member.name}\n`));
      assert.match(result.stderr, /nothing was changed; `twemstack down` .* `twemstack up`/);
      const shown = await stack.twemstack('status');
      assert.match(shown.stdout, new RegExp(`${member.name} .* is not on the network ${back.name}`));
    } finally {
      await docker.getNetwork(front.name).disconnect({ Container: member.name });
      await docker.getNetwork(back.name).connect({
        Container: member.name,
        EndpointConfig: { IPAMConfig: { IPv4Address: member.address } },
      });
    }
    assert.deepEqual((await up()).changes, { added: 0, changed: 0, removed: 0 });
  });

  editTests(() => stack);

  const backups = backupTests(() => stack);
  backups.before();

  test('a stranger’s container with a member’s name is named and left alone, exit 3', async () => {
    // With the data: what comes up next is what a backup is restored into.
    await stack.twemstack('down', '--volumes');
    const { docker } = stack.engine;
    const image = (await docker.listImages())
      .flatMap(({ RepoTags }) => RepoTags ?? [])
      .find((tag) => /redis/.test(tag));
    assert.ok(image);
    const stranger = await docker.createContainer({ name: 'proof-sentinel-b', Image: image });
    try {
      const result = await stack.twemstack('up');
      assert.equal(result.exitCode, 3, result.stderr);
      assert.match(result.stderr, /"proof-sentinel-b"/);
      assert.match(result.stderr, /nothing was changed/);
      assert.deepEqual(
        (await docker.listContainers({ all: true })).map(({ Id }) => Id),
        [stranger.id],
      );
    } finally {
      await stranger.remove({ force: true });
    }
  });

  test('an interrupted up says what stands, and running it again completes it', async () => {
    const running = stack.start('up');
    let shown = '';
    running.stderr?.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
    });
    await waitUntil('the deployment to begin', () => /✓ synth/.test(shown), { withinMs: 120_000 });
    const second = await stack.twemstack('up');
    assert.equal(second.exitCode, 1, second.stderr);
    assert.match(second.stderr, /stack proof is being deployed or removed by another process/);
    // The domains are made at once: what brings the files of one is its first container, and no member of it stands yet.
    const begun = async (): Promise<boolean> =>
      (await stack.engine.docker.listContainers({ all: true })).length > 0;
    await waitUntil('a domain to begin', begun, { withinMs: 120_000 });
    running.kill('SIGINT');
    const ended = await running;
    assert.equal(ended.exitCode, 1, shown);
    assert.match(shown, /interrupted/);
    assert.match(shown, /twemstack up.*completes it|twemstack status/);
    const { changes } = await up();
    assert.ok(changes.added > 0);
    assert.equal((await stack.twemstack('status')).exitCode, 0);
  });

  backups.after();

  importTests(() => stack);

  killedTests(() => stack, [1, 4]);

  test('down --volumes leaves nothing', async () => {
    writeFileSync(credentialsFile(stack.home, 'proof'), '{ "half');
    const result = await stack.twemstack('down', '--volumes');
    assert.equal(result.exitCode, 0, result.stderr);
    assert.match(result.stderr, /9 volumes are removed[\s\S]*proof-shard-1-a-data +- +\d.*B/);
    const { docker } = stack.engine;
    assert.deepEqual(await docker.listContainers({ all: true }), []);
    assert.deepEqual((await docker.listVolumes()).Volumes ?? [], []);
    assert.deepEqual((await docker.listNetworks()).map(({ Name }) => Name).sort(), [
      'bridge',
      'host',
      'none',
    ]);
    assert.throws(() => readFileSync(`${stack.home.stack('proof')}/credentials.json`), /ENOENT/);
  });

  installedTests(() => stack);
});
