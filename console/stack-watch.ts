import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { describeFault, faultsLeftBehind } from '../scripts/drill/take-back.ts';
import { assess, type Problem } from '../scripts/observe/assess.ts';
import { collectStatus, type StackStatus } from '../scripts/observe/status.ts';
import type { Home } from '../scripts/stack/home.ts';
import type { Credentials, Plan } from '../topology/types.ts';
import { Board } from './feed.ts';
import { History, type Moment } from './history.ts';
import { ProxySampler } from './proxy-sampler.ts';
import { type RedisLook, RedisSampler } from './redis-sampler.ts';
import { consoleState } from './state.ts';

/** Figures every second; a whole look, which runs a command in each edge, only so often or when a role has changed. */
const SAMPLE_MS = 1000;
const LOOK_MS = 5000;

export interface WatchedStack {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  readonly home: Home;
  /** What may be done from the page. */
  readonly actions: readonly string[];
}

/** Looks at a stack for as long as a page is open. Nobody looks, nobody is asked. */
export class StackWatch {
  readonly board = new Board();
  readonly history = new History();
  readonly #proxies: ProxySampler;
  readonly #redis: RedisSampler;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #roles = '';

  constructor(private readonly stack: WatchedStack) {
    this.#proxies = new ProxySampler(stack.plan);
    this.#redis = new RedisSampler(stack.plan, stack.credentials);
  }

  /** Runs until the signal. @throws Error when the engine cannot be asked at all the first time */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#look();
      while (!signal.aborted) {
        await delay(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted && this.board.isWatched) await this.#sample();
      }
    } finally {
      this.#redis.end();
    }
  }

  async #sample(): Promise<void> {
    const [pools, looks] = await Promise.all([this.#proxies.look(), this.#redis.look()]);
    const redis = Object.fromEntries([...looks].map(([name, { role: _role, ...sample }]) => [name, sample]));
    this.board.tell({ kind: 'sample', body: { at: Date.now(), pools, redis } });
    const roles = rolesOf(looks);
    const due = performance.now() - this.#lookedAt >= LOOK_MS;
    if (!due && roles === this.#roles) return;
    this.#roles = roles;
    await this.#look().catch((error: Error) => {
      const what = `the engine does not answer: ${error.message}`;
      this.history.note({ at: Date.now(), subject: 'engine', what, tone: 'bad' });
    });
  }

  async #look(): Promise<void> {
    const { plan, credentials, engine, home, actions } = this.stack;
    this.#lookedAt = performance.now();
    const status = await collectStatus(plan, credentials, engine);
    const left = await faultsLeftBehind(home, plan.name);
    const domains = new Set(plan.domains.map(({ name }) => name));
    const problems = [
      ...left.map((fault) => ({ subject: plan.name, what: describeFault(fault) })),
      ...assess(plan, status, domains),
    ];
    const at = Date.now();
    this.history.look(momentOf(plan, status, problems, at));
    this.board.tell({
      kind: 'state',
      body: consoleState(plan, status, problems, this.history, actions, at),
    });
  }
}

const rolesOf = (looks: ReadonlyMap<string, RedisLook>): string =>
  [...looks].map(([name, { role }]) => `${name} ${role}`).join();

/** What the history compares. */
function momentOf(plan: Plan, status: StackStatus, problems: readonly Problem[], at: number): Moment {
  const names = (match: (entry: StackStatus['members'][number]) => boolean): string[] =>
    status.members.filter(match).map(({ member }) => member.name);
  const masters = plan.shards.map(({ name }) => [
    name,
    names(
      ({ member, redis }) => member.role === 'redis' && member.shard === name && redis?.role === 'master',
    ),
  ]);
  return {
    at,
    holders: Object.fromEntries([['VIP', names(({ vip }) => vip === true)], ...masters]),
    health: Object.fromEntries(
      status.members.map(({ member, container, error }) => {
        const health = container?.health === 'none' ? container.status : (container?.health ?? 'absent');
        return [member.name, error === undefined ? health : error];
      }),
    ),
    restarts: Object.fromEntries(
      status.members.map(({ member, container }) => [member.name, container?.restarts ?? 0]),
    ),
    problems: problems.map(({ subject, what }) => `${subject} ${what}`),
  };
}
