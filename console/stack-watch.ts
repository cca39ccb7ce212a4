import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { describeFault, faultsLeftBehind } from '../scripts/drill/left-faults.ts';
import { assess, type Problem } from '../scripts/observe/assess.ts';
import { isHolder } from '../scripts/observe/holds-vip.ts';
import { KeptLines } from '../scripts/observe/lines.ts';
import { collectStatus, type StackStatus } from '../scripts/observe/status.ts';
import type { Home } from '../scripts/stack/home.ts';
import type { AnyPlan, Credentials } from '../topology/types.ts';
import { areShared, vipsOf } from '../topology/vips.ts';
import { raisedAlerts } from './alerts.ts';
import { deedsUnderWay } from './deeds.ts';
import { Board } from './feed.ts';
import { History, type Moment } from './history.ts';
import { ProxySampler } from './proxy-sampler.ts';
import { RedisSampler } from './redis-sampler.ts';
import { consoleState } from './state.ts';

/**
 * Roles every second, figures every other one; a whole look, for which every member is asked anew, only so often or when a role or
 * a container has changed.
 */
const TURN_MS = 1000;
const TURNS_A_SAMPLE = 2;
const LOOK_MS = 5000;

export interface WatchedStack {
  readonly plan: AnyPlan;
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
  readonly #lines: KeptLines;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #turn = 0;
  /** Roles and deeds as they were at the last sample: when one changes, the whole is looked at. */
  #signs = '';

  constructor(private readonly stack: WatchedStack) {
    this.#proxies = new ProxySampler(stack.plan);
    this.#redis = new RedisSampler(stack.plan, stack.credentials);
    this.#lines = new KeptLines(stack.engine, stack.plan.name, () => {
      this.#signs = '';
    });
  }

  /** Runs until the signal. @throws Error when the engine cannot be asked at all the first time */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#look();
      while (!signal.aborted) {
        await delay(TURN_MS, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted && this.board.isWatched) await this.#takeTurn();
      }
    } finally {
      this.#redis.end();
      this.#lines.end();
    }
  }

  async #takeTurn(): Promise<void> {
    const isSample = this.#turn++ % TURNS_A_SAMPLE === 0;
    const [roles, deeds] = await Promise.all([
      isSample ? this.#sample() : this.#redis.roles(),
      deedsUnderWay(this.stack.plan),
    ]);
    const signs = `${[...roles].map((role) => role.join(' '))}; ${deeds}`;
    const due = performance.now() - this.#lookedAt >= LOOK_MS;
    if (!due && signs === this.#signs) return;
    this.#signs = signs;
    await this.#look().catch((error: Error) => {
      const what = `the engine does not answer: ${error.message}`;
      this.history.note({ at: Date.now(), subject: 'engine', what, tone: 'bad' });
    });
  }

  /** @returns the roles, which figures come with */
  async #sample(): Promise<ReadonlyMap<string, string>> {
    const [pools, looks] = await Promise.all([this.#proxies.look(), this.#redis.look()]);
    const redis = Object.fromEntries([...looks].map(([name, { role: _role, ...sample }]) => [name, sample]));
    this.board.tell({ kind: 'sample', body: { at: Date.now(), pools, redis } });
    return new Map([...looks].map(([name, { role }]) => [name, role]));
  }

  async #look(): Promise<void> {
    const { plan, credentials, engine, home, actions } = this.stack;
    this.#lookedAt = performance.now();
    const [status, left, alerts, deeds] = await Promise.all([
      collectStatus(plan, credentials, engine, this.#lines),
      faultsLeftBehind(home, plan.name),
      raisedAlerts(plan),
      deedsUnderWay(plan),
    ]);
    const domains = new Set(plan.domains.map(({ name }) => name));
    const problems = [
      ...left.map((fault) => ({ subject: plan.name, what: describeFault(fault) })),
      ...assess(plan, status, domains),
    ];
    const at = Date.now();
    this.history.look(momentOf(plan, status, problems, deeds, at));
    this.board.tell({
      kind: 'state',
      body: consoleState(plan, status, problems, this.history, { actions, alerts, at }),
    });
  }
}

/** What the history compares. */
function momentOf(
  plan: AnyPlan,
  status: StackStatus,
  problems: readonly Problem[],
  deeds: readonly string[],
  at: number,
): Moment {
  const names = (match: (entry: StackStatus['members'][number]) => boolean): string[] =>
    status.members.filter(match).map(({ member }) => member.name);
  const masters = plan.shards.map(({ name }) => [
    name,
    names(
      ({ member, redis }) => member.role === 'redis' && member.shard === name && redis?.role === 'master',
    ),
  ]);
  const vips = vipsOf(plan).map(({ address }) => [
    areShared(plan) ? `VIP ${address}` : 'VIP',
    names((entry) => isHolder(plan, entry, address)),
  ]);
  return {
    at,
    holders: Object.fromEntries([...vips, ...masters]),
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
    deeds,
  };
}
