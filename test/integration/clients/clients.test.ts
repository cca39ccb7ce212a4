import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { CLIENTS, type ClientProgram, installClient } from './install.ts';

/*
 * Today's client libraries in their default settings, each in a program of its own language, before a proxy that is
 * restarted under them. What a machine cannot install is named; the two of npm always run.
 */
const ALWAYS = ['ioredis', 'node-redis'];
const PROTOCOLS = ['default', '2', '3'];

/** What each step must say, whatever the client. */
const STEPS: readonly (readonly [step: string, says: RegExp])[] = [
  ['values', /^OK value true none 1$/],
  ['types', /^1,2 x,y 7 true$/],
  ['many', /^true 100$/],
  ['pipeline', /^OK 2 WRONGTYPE 2$/],
  ['multi', /^OK 2 2$/],
  ['watch', /^taken none 3$/],
  ['keys', /^100 100$/],
  ['publish', /^2 hello hello$/],
  ['large', /^true$/],
  ['script', /^value$/],
];

const installed = await Promise.all(
  CLIENTS.map(async (client) => ({ client, result: await installClient(client) })),
);
let servers: RedisServer[];

before(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
});

after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

/** A client's program, told step by step what to do. */
class Conversation {
  private said = '';
  private complaint = '';
  private readonly child: ChildProcess;

  constructor(client: ClientProgram, folder: string, port: number, protocol: string) {
    const [program, ...args] = client.run(folder);
    const words = [...args, String(port), protocol, ...(client.last?.(folder) ?? [])];
    this.child = spawn(program, words, { stdio: 'pipe' });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.said += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.complaint += chunk.toString();
    });
  }

  /** What the program says about one step. */
  async step(name: string): Promise<string> {
    this.child.stdin?.write(`${name}\n`);
    const line = await waitUntil(
      `the step ${name}`,
      () => {
        assert.equal(this.child.exitCode, null, `the program ended: ${this.complaint}`);
        return this.said.split('\n').find((each) => each.startsWith(`${name}\t`));
      },
      { withinMs: 30_000 },
    ).catch((error) => {
      throw new Error(`${(error as Error).message}; it said ${this.said}${this.complaint}`, { cause: error });
    });
    return line.slice(name.length + 1);
  }

  async end(): Promise<void> {
    this.child.stdin?.end();
    await waitUntil(
      'the program to end',
      () => this.child.exitCode !== null || this.child.signalCode !== null,
      {
        withinMs: 10_000,
      },
    ).finally(() => this.child.kill('SIGKILL'));
    assert.equal(this.child.exitCode, 0, this.complaint);
  }
}

for (const { client, result } of installed) {
  if ('reason' in result) {
    test(`${client.name}: NOT RUN, this machine cannot install it: ${result.reason}`, () => {
      assert.ok(!ALWAYS.some((name) => client.name.startsWith(name)), `${client.name} must always run`);
    });
  } else runClient(client, result.folder);
}

function runClient(client: ClientProgram, folder: string): void {
  describe(client.name, () => {
    let proxy: RunningProxy;
    let programs: Conversation[];
    before(async () => {
      proxy = await startProxy('bun', 1, poolOf(...servers));
      programs = PROTOCOLS.map((protocol) => new Conversation(client, folder, proxy.ports[0], protocol));
    });
    after(async () => {
      await Promise.all(programs.map((program) => program.end()));
      await proxy?.stop();
    });

    for (const [step, says] of STEPS) {
      test(`${step}, in its default protocol, in RESP2 and in RESP3`, async () => {
        for (const program of programs) assert.match(await program.step(step), says);
      });
    }

    test('connects again after the proxy was restarted', async () => {
      await proxy.restart();
      for (const program of programs) assert.equal(await program.step('again'), 'value');
    });
  });
}
