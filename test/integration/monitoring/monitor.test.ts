import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { LAST_FAILURE, LAST_GOOD, renderBackupRules } from '../../../monitoring/backup-rules.ts';
import { renderMonitorFiles } from '../../../monitoring/files.ts';
import { ALERTMANAGER_PORT, EXPORTER_PORT } from '../../../monitoring/ports.ts';
import { parseLine } from '../../../scripts/logs/formats/parse-line.ts';
import { freePorts } from '../../../scripts/loopback-ports.ts';
import type { Plan } from '../../../topology/types.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { type Daemon, spawnDaemon } from '../../support/spawn-daemon.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

const IMAGE = resolve('monitoring/image');
const SECRETS = { webhook: 'clear-text-of-the-webhook' };
const SHARD = 'shard-1';

/**
 * How often a monitor looks, and how long it waits before it tells: all that is to be found out here is the same after a second.
 * That the rules have the times they should is shown by promtool, in alerts.test.ts.
 */
const WAITS = /\b((?:scrape_interval|scrape_timeout|evaluation_interval|for|group_wait):) \d+s$/gm;

interface Message {
  readonly authorization: string | undefined;
  readonly alerts: ReadonlyArray<{
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }>;
}

/** Prometheus, Alertmanager and the exporter as the image starts them, over one shard and its sentinels, all on loopback. */
describe('a monitor', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-monitor-'));
  const seed = join(folder, 'seed');
  const messages: Message[] = [];
  let tier: NativeTier;
  let receiver: Server;
  let monitor: Daemon;
  let port: number;

  before(async () => {
    receiver = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      request.on('end', () => {
        const { alerts } = JSON.parse(text) as Pick<Message, 'alerts'>;
        messages.push({ authorization: request.headers.authorization, alerts });
        response.end();
      });
    });
    await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
    const webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    tier = await NativeTier.started(`monitoring: { webhook: "${webhook}" }\n`);
    const [own, alertmanager, exporter] = await freePorts(3);
    port = own;
    mkdirSync(seed);
    // Proxies and edges there are none; their addresses would be looked for on the machine's own networks.
    const plan: Plan = { ...tier.plan, proxies: [], edges: [] };
    const [member] = (tier.plan.monitors ?? []).map((each) => ({ ...each, address: '127.0.0.1', port }));
    for (const { name, content } of renderMonitorFiles(
      { ...plan, monitors: [member] },
      member,
      TEST_CREDENTIALS,
      SECRETS,
    ))
      writeFileSync(
        join(seed, name),
        content
          .replaceAll(String(ALERTMANAGER_PORT), String(alertmanager))
          .replaceAll(String(EXPORTER_PORT), String(exporter))
          .replaceAll('/data/', `${folder}/data/`)
          .replaceAll(WAITS, '$1 1s'),
      );
    monitor = await spawnDaemon('bash', [join(IMAGE, 'entrypoint')], {
      cwd: '/tmp',
      env: { PATH: process.env.PATH, TWEMSTACK_SEED: seed, TWEMSTACK_DATA: join(folder, 'data') },
    });
    await waitUntil('it to be healthy', async () => (await healthcheck()).exitCode === 0, {
      withinMs: 60_000,
    });
  });
  after(async () => {
    await monitor?.stop(10_000);
    await tier?.close();
    receiver?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const healthcheck = () =>
    execa('bash', [join(IMAGE, 'healthcheck')], { reject: false, env: { TWEMSTACK_SEED: seed } });

  /** Value of each series, by its labels. */
  async function ask(query: string): Promise<Array<{ labels: Record<string, string>; value: number }>> {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await answer.json()) as {
      data: { result: Array<{ metric: Record<string, string>; value: [number, string] }> };
    };
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  const firing = async (): Promise<string[]> =>
    (await ask('ALERTS{alertstate="firing"}')).map(
      ({ labels }) => `${labels.alertname} ${labels.member ?? ''}`,
    );

  test('sees every redis and sentinel, and who is master, with an account that may see nothing else', async () => {
    await waitUntil('all to be seen', async () => (await ask('redis_up == 1')).length === 6, {
      withinMs: 60_000,
    });
    const roles = await ask('redis_instance_info{job="redis"} == 1');
    const [{ name: master }] = [await tier.settled(2)];
    assert.deepEqual(
      roles.flatMap(({ labels }) => (labels.role === 'master' ? [labels.member] : [])),
      [master],
    );
    assert.ok(roles.every(({ labels }) => labels.shard === SHARD));
    const [{ value: replicas }] = await ask(`redis_connected_slaves{member="${master}"}`);
    assert.equal(replicas, 2);
    assert.equal((await ask('redis_sentinel_tilt == 0')).length, 3);
    for (const name of ['redis_memory_max_bytes', 'redis_aof_last_write_status', 'redis_evicted_keys_total'])
      assert.equal((await ask(`${name}{job="redis"}`)).length, 3, name);
    assert.equal((await ask('redis_connected_slave_lag_seconds')).length, 2);
    // Whatever it asks and may not would be an error of that server, every few seconds.
    assert.deepEqual(await ask('redis_errors_total{err="NOPERM"}'), []);
  });

  test('no password is in an argument or an environment of its programs, nor in their log', () => {
    const words = [...Object.values(TEST_CREDENTIALS), ...Object.values(SECRETS)];
    const children = readdirSync('/proc').filter((pid) => parentOf(pid) === monitor.pid);
    assert.ok(children.length >= 3, children.join(' '));
    const shown = [String(monitor.pid), ...children].map(
      (pid) =>
        readFileSync(`/proc/${pid}/cmdline`, 'latin1') + readFileSync(`/proc/${pid}/environ`, 'latin1'),
    );
    for (const word of words) assert.ok(![...shown, monitor.output()].join().includes(word), word);
  });

  test('a sentinel that is gone is told of to the webhook, with what to do; and that is over when it is back', async () => {
    const [sentinel] = tier.sentinels;
    await tier.kill(sentinel);
    const told = await waitUntil(
      'the webhook to be told',
      () => messages.find(({ alerts }) => alerts.some(({ labels }) => labels.member === sentinel.name)),
      { withinMs: 90_000, everyMs: 200 },
    );
    assert.equal(told.authorization, `Bearer ${SECRETS.webhook}`);
    const alert = told.alerts.find(({ labels }) => labels.alertname === 'SentinelMissing');
    assert.ok(alert);
    assert.deepEqual(alert.labels, {
      ...alert.labels,
      severity: 'warning',
      stack: 'native',
      member: sentinel.name,
    });
    assert.match(alert.annotations.summary, new RegExp(`^${sentinel.name} does not answer: when fewer than`));
    assert.match(alert.annotations.action, /`npx twemstack logs native-sentinel-a --since 10m`/);
    // No edge holds the VIP here, for there is none: that is told as well, with the first or another message.
    assert.ok((await firing()).includes('VipUnheld '));
    await tier.start(sentinel);
    await waitUntil(
      'the alert to be over',
      async () => (await firing()).every((each) => each !== `SentinelMissing ${sentinel.name}`),
      { withinMs: 60_000, everyMs: 200 },
    );
  });

  test('how backups went, told as rules, is known after a SIGHUP, and nothing ends of it', async () => {
    writeFileSync(join(folder, 'data/rules/backup.yml'), renderBackupRules(1_800_000_000_000, undefined));
    monitor.signal('SIGHUP');
    const told = await waitUntil('it to know', async () => (await ask(LAST_GOOD)).at(0), {
      withinMs: 60_000,
      everyMs: 200,
    });
    assert.equal(told.value, 1_800_000_000);
    assert.deepEqual(
      (await ask(LAST_FAILURE)).map(({ value }) => value),
      [0],
    );
    assert.equal(monitor.ended(), undefined);
  });

  test('its log is read with levels and programs', () => {
    const lines = monitor
      .output()
      .split('\n')
      .filter((line) => line !== '');
    const silent = lines.find((line) => line.includes(`Couldn't connect`));
    assert.equal(silent && parseLine(silent, 'monitor').program, 'exporter');
    const programs = new Set(lines.map((line) => parseLine(line, 'monitor').program));
    assert.ok(
      [...programs].every((program) =>
        ['supervisor', 'prometheus', 'alertmanager', 'exporter'].includes(program),
      ),
      lines.join('\n'),
    );
  });

  test('when one of its programs ends it ends as a whole, so that the engine starts it anew', async () => {
    const exporter = readdirSync('/proc').find(
      (pid) =>
        parentOf(pid) === monitor.pid &&
        /^prometheus-redis-exporter\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1')),
    );
    process.kill(Number(exporter), 'SIGKILL');
    await waitUntil('it to end', () => monitor.ended() !== undefined, { withinMs: 20_000 });
    assert.equal(monitor.ended(), 1);
    assert.match(monitor.output(), /one of the programs ended/);
    assert.equal((await healthcheck()).exitCode, 1);
  });
});

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
