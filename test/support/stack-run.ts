import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { readCredentials } from '../../scripts/stack/credentials.ts';
import { CHECKOUT, Home } from '../../scripts/stack/home.ts';
import type { Credentials, Plan } from '../../topology/types.ts';
import { bundledCommand } from './bundled-command.ts';
import { startTestEngine, type TestEngine } from './engine.ts';
import type { Ran } from './netns.ts';
import { planOf } from './stack-fixture.ts';

/** A stack of the tests' own: own engine, own name, own subnet, own home. */
export interface StackRun {
  readonly engine: TestEngine;
  readonly plan: Plan;
  readonly home: Home;
  /** Runs `twemstack <args>`, compiled, where the engine's bridges exist. */
  twemstack(...args: string[]): Promise<Ran>;
  /** Any command there, with the same environment. */
  run(...command: string[]): Promise<Ran>;
  /** Like `twemstack`, but still running: for interrupting it. */
  start(...args: string[]): ReturnType<typeof execa>;
  /** Like `run`, but still running. */
  begin(...command: string[]): ReturnType<typeof execa>;
  credentials(): Credentials;
  /** redis-cli through the VIP; the password goes by environment, as the README tells. */
  redisCli(password: string | undefined, ...command: string[]): Promise<Ran>;
  end(): Promise<void>;
}

const STACK_FILE = `name: proof
vip: 198.18.77.100
network: 198.18.77.0/24
sentinel: { down_after: 1s }
`;

export async function startStackRun(text: string = STACK_FILE): Promise<StackRun> {
  const program = await bundledCommand();
  const engine = await startTestEngine();
  const root = mkdtempSync(join(tmpdir(), 'twemstack-stack-'));
  const file = join(root, 'stack.yaml');
  writeFileSync(file, text);
  const plan = planOf(text);
  const home = new Home(root);
  const env = {
    TWEMSTACK_HOME: root,
    TWEMSTACK_FILE: file,
    DOCKER_HOST: engine.dockerHost,
    // A mirror on the developer's machine must not decide what the tests run on.
    TWEMSTACK_PROVIDER_MIRROR: process.env.TWEMSTACK_PROVIDER_MIRROR ?? '',
    CHECKPOINT_DISABLE: '1',
  };
  const [enter, ...enterArgs] = engine.enter;
  const command = (args: readonly string[]): string[] => [...enterArgs, ...args];
  const run = async (...args: string[]): Promise<Ran> => {
    const result = await execa(enter, command(args), { env, reject: false, cwd: CHECKOUT, stdin: 'ignore' });
    return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
  };
  const begin = (...args: string[]): ReturnType<typeof execa> =>
    execa(enter, command(args), { env, reject: false, cwd: CHECKOUT, stdin: 'ignore' });
  return {
    engine,
    plan,
    home,
    run,
    twemstack: (...args) => run(process.execPath, program, ...args),
    begin,
    start: (...args) => begin(process.execPath, program, ...args),
    credentials() {
      const found = readCredentials(home, plan.name);
      if (found === undefined) throw new Error('the stack has no credentials');
      return found;
    },
    redisCli: (password, ...args) =>
      run(
        'env',
        ...(password === undefined ? [] : [`REDISCLI_AUTH=${password}`]),
        'redis-cli',
        '-h',
        plan.vip,
        '-p',
        String(plan.pools[0].listen),
        ...args,
      ),
    async end() {
      try {
        await engine.stop();
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    },
  };
}
