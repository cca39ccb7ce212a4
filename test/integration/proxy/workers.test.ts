import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { freePort } from '../../../scripts/loopback-ports.ts';
import { commandOf, type ProxyKind, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

const WORKERS = 3;
/** As many clients as a test connects to see them spread: a worker may be given all of them while the others are busy. */
const SHARE = 30;
let redis: RedisServer;
let folder: string;
let deadPort: number;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twemstack-workers-'));
  redis = await startRedis();
  deadPort = await freePort();
});

after(async () => {
  await redis?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const pool = (name: string, port: number, server: number): string =>
  `${name}:\n  listen: 127.0.0.1:${port}\n  redis: true\n  client_connections: ${WORKERS * SHARE}\n  servers:\n   - 127.0.0.1:${server}:1 one\n`;
const poolFile = ([port, dead]: readonly number[]): string =>
  pool('alpha', port, redis.port) + pool('dead', dead, deadPort);

for (const kind of ['executable', 'node'] satisfies ProxyKind[]) {
  describe(`${WORKERS} workers on ${kind}`, () => {
    const log = (): string => join(folder, `${kind}.log`);
    const pidFile = (): string => join(folder, `${kind}.pid`);
    const logged = (): string => readFileSync(log(), 'utf8');
    let proxy: RunningProxy;

    before(async () => {
      const flags = ['--workers', String(WORKERS), '-o', log(), '-p', pidFile()];
      proxy = await startProxy(kind, 2, poolFile, flags);
      const all = async (): Promise<boolean> => (await metric('nutcracker_workers')) === WORKERS;
      await waitUntil('all workers', all, { withinMs: 20_000 });
    });
    after(async () => {
      await proxy?.stop();
    });

    const pids = (): number[] => workersOf(proxy);
    const read = async (path: string): Promise<string> =>
      await (await fetch(`http://127.0.0.1:${proxy.statsPort}${path}`)).text();
    const metric = async (name: string): Promise<number> => {
      const line = (await read('/metrics')).split('\n').find((each) => each.startsWith(`${name} `));
      return Number(line?.split(' ').at(-1));
    };
    const clients = async (count: number): Promise<RawClient[]> =>
      await Promise.all(Array.from({ length: count }, () => RawClient.open(proxy.ports[0])));
    const field = (text: string, name: string): string => new RegExp(`${name}=(\\d+)`).exec(text)?.[1] ?? '';
    const end = (all: readonly RawClient[]): void => all.forEach((client) => void client.end());

    test('connections are spread over all; ids are unique; the statistics are the sum', async () => {
      await waitUntil('no clients', async () => (await metric('nutcracker_clients{pool="alpha"}')) === 0);
      const all = await clients(30);
      const infos = await Promise.all(all.map((client) => client.ask(request('CLIENT', 'INFO'))));
      assert.equal(new Set(infos.map((info) => field(info, 'worker'))).size, WORKERS);
      assert.equal(new Set(infos.map((info) => field(info, ' ?id'))).size, all.length);
      await Promise.all(all.map((client) => client.ask(request('INCR', `count:${kind}`))));
      const stats = JSON.parse(await read('/stats'));
      assert.equal(stats.alpha.client_connections, all.length);
      assert.deepEqual([stats.alpha.one.requests, stats.alpha.one.responses], [all.length, all.length]);
      assert.equal(await metric('nutcracker_commands_total{pool="alpha",command="incr"}'), all.length);
      assert.equal(await metric('nutcracker_workers'), WORKERS);
      end(all);
    });

    test('each lets in its part of client_connections', async () => {
      const all = await clients(WORKERS * SHARE + 30);
      const answers = await Promise.all(all.map((client) => client.ask(request('PING'))));
      const served = answers.filter((answer) => answer === '+PONG\r\n').length;
      assert.ok(served <= WORKERS * SHARE, `${served}`);
      const refusal = `-ERR max number of clients reached: client_connections is ${SHARE} for each of ${WORKERS} workers\r\n`;
      assert.equal(answers.filter((answer) => answer === refusal).length, all.length - served);
      end(all);
      await waitUntil('no clients', async () => (await metric('nutcracker_clients{pool="alpha"}')) === 0);
    });

    test('one that dies is replaced and logged; the clients of the others notice nothing, no count goes back', async () => {
      const counted = await metric('nutcracker_requests_total{pool="alpha",server="one"}');
      const all = await clients(15);
      const infos = await Promise.all(all.map((client) => client.ask(request('CLIENT', 'INFO'))));
      const [victim] = pids();
      process.kill(victim, 'SIGKILL');
      await waitUntil('the log', () =>
        /worker (\d) \(pid \d+\) has ended: SIGKILL; another starts in 100 ms/.test(logged()),
      );
      const place = /worker (\d) \(pid/.exec(logged())?.[1];
      for (const [i, client] of all.entries()) {
        if (field(infos[i], 'worker') === place) await waitUntil('its end', () => client.closed);
        else assert.equal(await client.ask(request('PING')), '+PONG\r\n');
      }
      end(all);
      await waitUntil('another', async () => (await metric('nutcracker_workers')) === WORKERS, {
        withinMs: 15_000,
      });
      assert.equal(await metric('nutcracker_worker_restarts_total'), 1);
      assert.ok((await metric('nutcracker_requests_total{pool="alpha",server="one"}')) >= counted);
    });

    test('SIGUSR1: one verdict; what one cannot do changes nothing anywhere', async () => {
      const reload = async (conf: string, verdict: RegExp): Promise<void> => {
        writeFileSync(proxy.confFile, conf);
        const from = logged().length;
        proxy.daemon.signal('SIGUSR1');
        await waitUntil(String(verdict), () => verdict.test(logged().slice(from)));
        assert.equal(
          logged()
            .slice(from)
            .match(/reload refused|is in force/g)?.length,
          1,
        );
      };
      const [before, old] = [pids(), poolFile(proxy.ports)];
      const client = await RawClient.open(proxy.ports[0]);
      await reload(old.replace('redis: true', 'redis: maybe'), /reload refused.*"redis"/);
      await reload(
        old + pool('busy', redis.port, redis.port),
        /reload refused.*'busy' cannot listen.*EADDRINUSE/,
      );
      assert.equal(await client.ask(request('PING')), '+PONG\r\n');
      const port = await freePort();
      await reload(old + pool('beta', port, redis.port), /is in force/);
      const all = await Promise.all(Array.from({ length: 30 }, () => RawClient.open(port)));
      const infos = await Promise.all(all.map((each) => each.ask(request('CLIENT', 'INFO'))));
      assert.equal(new Set(infos.map((info) => field(info, 'worker'))).size, WORKERS, infos.join());
      assert.equal(await client.ask(request('PING')), '+PONG\r\n');
      await reload(old, /is in force/);
      assert.deepEqual(pids(), before);
      end([client, ...all]);
    });

    test('SIGHUP: all of them write to the new log file', async () => {
      renameSync(log(), `${log()}.1`);
      proxy.daemon.signal('SIGHUP');
      await waitUntil('a new file', () => existsSync(log()));
      proxy.daemon.signal('SIGTTIN');
      await waitUntil('the supervisor', () => logged().includes('up log level to 6'));
      const client = await RawClient.open(proxy.ports[1]);
      assert.equal(await client.ask(request('GET', 'k')), '-ERR Connection refused\r\n');
      await waitUntil('a worker', () =>
        /worker \d: pool 'dead': server 'one' cannot be reached/.test(logged()),
      );
      client.end();
    });

    test('another proxy cannot share the ports unasked', async () => {
      const [program, args] = commandOf(kind);
      const more = ['-c', proxy.confFile, '-s', String(await freePort()), '--workers', '2'];
      const { exitCode, stderr } = await execa(program, [...args, ...more], { reject: false });
      assert.equal(exitCode, 1);
      assert.match(stderr, /pool 'dead' cannot listen on '127\.0\.0\.1:\d+': EADDRINUSE|pool 'alpha' cannot/);
    });

    test('SIGTERM: answers under way still come, the pid file goes, nobody is left', async () => {
      assert.equal(readFileSync(pidFile(), 'utf8'), String(proxy.daemon.pid));
      const before = pids();
      const client = await RawClient.open(proxy.ports[0]);
      await client.ask(request('PING'));
      client.received = Buffer.alloc(0);
      client.send(request('EVAL', 'for i=1,20000000 do end return 1', '1', 'x'));
      await waitUntil(
        'the script to run',
        async () => (await metric('nutcracker_requests_unanswered{pool="alpha",server="one"}')) === 1,
      );
      proxy.daemon.signal('SIGTERM');
      await waitUntil('the end', () => proxy.daemon.ended() !== undefined);
      assert.equal(proxy.daemon.ended(), 0);
      await waitUntil('the close', () => client.closed);
      assert.equal(client.received.toString(), ':1\r\n');
      assert.equal(existsSync(pidFile()), false);
      for (const pid of before) assert.equal(isAlive(pid), false);
    });

    test('when the supervisor is killed its workers end too', async () => {
      const again = await startProxy(kind, 2, poolFile, ['--workers', '2']);
      const before = workersOf(again);
      assert.ok(before.length > 0);
      again.daemon.signal('SIGKILL');
      await waitUntil('the end', () => !before.some(isAlive));
      await again.stop();
    });
  });
}

/** Process ids; other children of a Node process are helpers of its loader. */
function workersOf(proxy: RunningProxy): number[] {
  const { pid } = proxy.daemon;
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .filter((child) => readFileSync(`/proc/${child}/environ`, 'utf8').includes('NUTCRACKER_WORKER=1'))
    .map(Number);
}

/** False for one that has ended, whether or not its parent knows. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
