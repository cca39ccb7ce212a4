import { execa } from 'execa';
import { NativeTier } from '../support/native-tier.ts';
import type { RunningProxy } from '../support/proxy.ts';
import { TEST_CREDENTIALS } from '../support/stack-fixture.ts';
import { startTierProxy } from '../support/tier-proxy.ts';
import { waitUntil } from '../support/wait-until.ts';
import { environmentOf, type Installation, RUNTIMES, type RuntimeName } from './install.ts';

/** For all to be at work. */
const BEGIN_MS = 180_000;
const RUN_MS = 300_000;
/** Events: what Spring Session's index listens to. */
const STACK =
  'redis: { notify_keyspace_events: Egx }\npools: { error: { listen: 6379 }, disconnect: { listen: 6380, unknown_outcomes: disconnect } }';

/** A program, under the name by which its run is found. */
export interface Start {
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly program: string;
  /** Which pool; left out, `error`. */
  readonly pool?: string;
  readonly naming?: string;
}

export interface Run {
  /** What it printed so far. */
  said(): string;
  readonly ended: Promise<{ readonly stdout: string; readonly stderr: string }>;
}

/** Programs at work on one shard with guards and sentinels, whose master has been killed under them. */
export class ThroughDeath {
  readonly runs = new Map<string, Run>();

  private constructor(
    private readonly tier: NativeTier,
    readonly proxy: RunningProxy,
  ) {}

  /** Starts all whose runtime is installed; returns when all are at work and the master was killed. */
  static async of(
    starts: readonly Start[],
    installed: Readonly<Record<RuntimeName, Installation>>,
  ): Promise<ThroughDeath> {
    const tier = await NativeTier.started(STACK);
    let death: ThroughDeath | undefined;
    try {
      death = new ThroughDeath(tier, await startTierProxy(tier));
      await death.run(starts, installed);
      return death;
    } catch (error) {
      await (death ?? tier).close();
      throw error;
    }
  }

  private async run(
    starts: readonly Start[],
    installed: Readonly<Record<RuntimeName, Installation>>,
  ): Promise<void> {
    const { proxy, runs, tier } = this;
    const killed: (() => void)[] = [];
    for (const each of starts) {
      const installation = installed[each.runtime];
      if ('reason' in installation) continue;
      const { folder } = installation;
      const [program, ...args] = RUNTIMES[each.runtime].command(folder, each.program);
      const port = proxy.ports[tier.plan.pools.findIndex(({ name }) => name === (each.pool ?? 'error'))];
      const running = execa(program, [...args, String(port), each.naming ?? ''], {
        cwd: folder,
        env: { ...environmentOf(folder), APPS_PASSWORD: TEST_CREDENTIALS.application },
        timeout: RUN_MS,
        stdin: 'pipe',
        reject: false,
      });
      let text = '';
      running.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      // one that ends early is its own test's affair
      running.stdin.on('error', () => undefined);
      killed.push(() => running.stdin.end('killed\n'));
      runs.set(each.name, { said: () => text, ended: running });
    }
    await waitUntil(
      'all to be at work, or at their end',
      () => [...runs.values()].every(({ said }) => /^(begun|\{)/m.test(said())),
      { withinMs: BEGIN_MS },
    );
    await tier.kill(await tier.settled(2));
    for (const tell of killed) tell();
  }

  /** What a program printed as its last line, once it has ended, with all that it printed. */
  async verdictsOf(name: string): Promise<{ readonly verdicts: unknown; readonly output: string }> {
    const run = this.runs.get(name);
    if (run === undefined) throw new Error(`${name} was not started`);
    const { stdout, stderr } = await run.ended;
    return { verdicts: JSON.parse(stdout.trim().split('\n').at(-1) || '{}'), output: `${stdout}${stderr}` };
  }

  async close(): Promise<void> {
    await this.proxy.stop();
    await this.tier.close();
  }
}
