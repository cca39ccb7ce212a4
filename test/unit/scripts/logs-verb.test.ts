import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { memberLog } from '../../../scripts/logs/member-log.ts';
import { LIVE } from '../../../scripts/logs/merge.ts';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import { LogEngine, logFrame, stampAt } from '../../support/log-engine.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

const MEMBERS = defaultPlan().members.map(({ name }) => name);
const STOPPED = 'alpha-shard-1-a';

/** `twemstack logs` as a process of its own. */
class Logs {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #closed: Promise<unknown>;
  static readonly #running = new Set<ChildProcess>();

  constructor(address: string, ...args: string[]) {
    const program = join(CHECKOUT, 'scripts/twemstack.mjs');
    const stackFile = join(CHECKOUT, 'stack.yaml');
    this.child = spawn(process.execPath, [program, 'logs', '--file', stackFile, ...args], {
      env: { ...process.env, DOCKER_HOST: address },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.#closed = once(this.child, 'close');
    Logs.#running.add(this.child);
  }

  /** Whatever a test left running. */
  static end(): void {
    for (const child of Logs.#running) child.kill('SIGKILL');
  }

  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#closed;
    return this.child.exitCode ?? this.child.signalCode;
  }

  shows(text: string): Promise<true> {
    return waitUntil(`"${text}" in\n${this.stdout}`, () => this.stdout.includes(text) || undefined, {
      withinMs: 20_000,
    });
  }
}

describe('twemstack logs', () => {
  let engine: LogEngine;
  const now = Date.now();

  before(async () => {
    engine = await LogEngine.start('alpha', MEMBERS);
    engine.write(
      'alpha-sentinel-a',
      '1:X 27 Nov 2026 23:03:00.123 # +switch-master shard-1 a b c d',
      now - 30_000,
    );
    engine.write(
      'alpha-shard-1-b',
      `twemstack-guard ${now - 40_000} alpha-shard-1-b: is master in term 2 of x`,
      now - 40_000,
    );
    engine.write(
      'alpha-proxy-a',
      "[2026-11-27 23:03:00.123] 'shard-1' is at b now, was a (epoch 3)",
      now - 20_000,
    );
    engine.write('alpha-proxy-a', '[2026-11-27 23:03:00.123] long ago', now - 3_600_000);
  });
  beforeEach(() => {
    engine.endless = undefined;
  });
  after(() => {
    Logs.end();
    engine.close();
  });

  const order = (stdout: string): string[] =>
    stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split(/ +/)[1]]));

  test('all members on one clock, no older than asked for', async () => {
    const logs = new Logs(engine.address, '--since', '10m');
    assert.equal(await logs.ended(), 0, logs.stderr);
    assert.deepEqual(order(logs.stdout), ['alpha-shard-1-b', 'alpha-sentinel-a', 'alpha-proxy-a']);
    assert.match(logs.stdout, /guard +notice +▸ promotion: is master in term 2 of x/);
    assert.match(logs.stdout, /▸ switch-master: \+switch-master shard-1 a b c d/);
    const old = new Logs(engine.address, '--since', '2h', 'proxy');
    assert.equal(await old.ended(), 0);
    assert.match(old.stdout, /long ago/);
  });

  test('--json: a document for each line; --level and --events leave out what is less', async () => {
    const logs = new Logs(engine.address, '--json', '--level', 'warning');
    assert.equal(await logs.ended(), 0, logs.stderr);
    const records = logs.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(records.length, 1);
    const [{ stamp, ownTime, ...rest }] = records;
    assert.equal(stamp, stampAt(now - 30_000));
    assert.equal(typeof ownTime, 'number');
    assert.deepEqual(rest, {
      member: 'alpha-sentinel-a',
      domain: 'a',
      role: 'sentinel',
      program: 'sentinel',
      level: 'warning',
      text: '+switch-master shard-1 a b c d',
      event: 'switch-master',
    });
    const events = new Logs(engine.address, '--events', '--since', 'all', 'proxy');
    assert.equal(await events.ended(), 0);
    assert.match(events.stdout, /▸ cutover: /);
    assert.doesNotMatch(events.stdout, /long ago/);
  });

  test('--follow goes on over a restart and a removal, says so in a line, and ends cleanly when interrupted', async () => {
    const logs = new Logs(engine.address, '--follow', '--since', '1s', 'shard-1', 'sentinel');
    await waitUntil('it to follow', () => engine.followers(STOPPED) === 1, { withinMs: 20_000 });
    engine.write(STOPPED, 'before the restart');
    await logs.shows('before the restart');
    engine.stop(STOPPED);
    engine.write(STOPPED, 'the last words');
    await logs.shows('the last words');
    engine.restart(STOPPED);
    engine.write(STOPPED, 'after the restart');
    await logs.shows('after the restart');
    engine.remove('alpha-sentinel-b');
    await logs.shows('its log cannot be read');
    engine.write('alpha-sentinel-c', 'the others go on');
    await logs.shows('the others go on');
    logs.child.kill('SIGINT');
    assert.equal(await logs.ended(), 0, logs.stderr);
    assert.equal(logs.stderr, '');
    for (const text of ['before the restart', 'the last words', 'after the restart'])
      assert.equal(logs.stdout.split(text).length, 2, `${text} once in\n${logs.stdout}`);
    const unread = logs.stdout.split('\n').filter((line) => line.includes('its log cannot be read'));
    assert.equal(unread.length, 1);
    assert.match(unread[0], /alpha-sentinel-b +logs +error +its log cannot be read: .*No such container/);
  });

  test('a log of any size costs no memory for its size, and nobody reading it is no error', async () => {
    const line = `${'y'.repeat(4000)}\n`;
    engine.endless = function* (name) {
      for (let count = 0; ; count++) yield logFrame(`${stampAt(now + count)} ${name} ${line}`);
    };
    const logs = new Logs(engine.address, '--since', 'all');
    const stdout = logs.child.stdout ?? assert.fail();
    const peaks = new Set<number>();
    let bytes = 0;
    stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      logs.stdout = '';
      peaks.add(residentMb(logs.child.pid ?? 0));
    });
    await waitUntil('200 MB', () => bytes > 200e6, { withinMs: 120_000 });
    stdout.destroy();
    assert.equal(await logs.ended(), 0, logs.stderr);
    assert.equal(logs.stderr, '');
    const most = Math.max(...peaks);
    assert.ok(most < 350, `${most} MB`);
  });

  test('an engine that falls silent is a line, a reader who takes his time is none', async () => {
    const [member] = defaultPlan().members;
    const read = async (pauseMs: number): Promise<string[]> => {
      const texts: string[] = [];
      const lines = memberLog(member, {
        engine: new Docker({
          protocol: 'http',
          host: '127.0.0.1',
          port: Number(new URL(engine.address).port),
        }),
        follow: false,
        signal: new AbortController().signal,
        silent: new Set(),
        patienceMs: 200,
      });
      for await (const line of lines) {
        if (line !== LIVE) texts.push(line.text);
        await delay(pauseMs);
      }
      return texts;
    };
    engine.endless = function* () {
      for (let count = 0; count < 3; count++) yield logFrame(`${stampAt(now + count)} ${count}\n`);
    };
    assert.deepEqual(await read(300), ['0', '1', '2']);
    engine.hangs = true;
    const texts = await read(0);
    engine.hangs = false;
    assert.deepEqual(texts.slice(0, 3), ['0', '1', '2']);
    assert.match(texts[3], /the engine has sent nothing of it for 0\.2 s/);
  });

  test('nobody of that name is bad input; no engine is a matter of the environment', async () => {
    const unknown = new Logs(engine.address, 'alpha-edge-z');
    assert.equal(await unknown.ended(), 2);
    assert.match(unknown.stderr, /did you mean "alpha-edge-/);
    const nonsense = new Logs(engine.address, '--since', 'yesterday');
    assert.equal(await nonsense.ended(), 2);
    assert.match(nonsense.stderr, /where: --since/);
    const nowhere = new Logs('unix:///nowhere/docker.sock');
    assert.equal(await nowhere.ended(), 3);
    assert.match(nowhere.stderr, /no Docker engine answers[\s\S]*twemstack doctor/);
  });
});

/** Memory of a process, MB; 0 when it has ended. */
function residentMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
