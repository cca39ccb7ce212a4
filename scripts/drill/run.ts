import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { seeded } from '../chance.ts';
import { passGate } from '../deploy/gate.ts';
import { collectStatus, type StackStatus } from '../observe/status.ts';
import type { Reporter, Step } from '../report/steps.ts';
import { NamedAlerts } from './await-alerts.ts';
import type { Drill, Injected } from './drill.ts';
import { drilledPool } from './load/drilled-pool.ts';
import { Load } from './load/load.ts';
import { type ReadBack, readBack, removeTraces } from './load/read-back.ts';
import type { FaultNotes } from './noted-faults.ts';
import { namedAlerts } from './report/alerts.ts';
import { REDUNDANCY_MS } from './report/promises.ts';
import { makeRound, type RoundReport, summary } from './report/round.ts';
import { UndoStack } from './undo-stack.ts';
import { Timeline, type TimelineEvent } from './watch/timeline.ts';
import { startWatching } from './watch/watch.ts';

export interface RunOptions {
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  /** Path of the stack file. */
  readonly stackFile: string;
  /** Name of the shard that a drill of a single shard hits. */
  readonly shard: string;
  /** Where what is broken is written down until it is taken back. */
  readonly notes: FaultNotes;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Each fault lasts until the alerts that its drill names are raised. */
  readonly hold: boolean;
  /** Number of the round, from 1. */
  readonly round: number;
  /** What the round's chance follows from, with its number. */
  readonly seed: number;
  /** What the step is called, besides the drill's name. */
  readonly label: string;
}

/** Load before the fault, so that there is a normal to compare with. */
const BEFORE_MS = 1500;
/** Load after writes flow again, and after the stack is whole again, so that a relapse shows. */
const AFTER_MS = 1500;
/** Every connection was served within this: writes flow. */
const FLOWING_MS = 250;
/** How much longer than promised a recovery is watched. */
const OVERTIME_MS = 10_000;
/** After an interruption the members have this long to answer before the report goes without them. */
const HASTY_MS = 15_000;
/** The engine's events come over a connection of their own, a little after its answer. */
const TELLING_MS = 300;
const WRITERS_PER_SHARD = 2;
const RATE = 100;

/** One round of one drill: load, fault, recovery, restoration, judgement. */
export async function runDrill(drill: Drill, options: RunOptions): Promise<RoundReport> {
  return options.reporter.step(`drill ${drill.name}${options.label}`, async (step) => {
    const report = await new Round(drill, options, step).run();
    step.outcome(summary(report));
    return report;
  });
}

class Round {
  readonly #startedAt = new Date();
  readonly #timeline = new Timeline();
  readonly #undo = new UndoStack();
  readonly #stall = monitorEventLoopDelay({ resolution: 5 });
  readonly #load: Load;
  readonly #holds: boolean;
  #application: string;
  #problem: string | undefined;

  constructor(
    private readonly drill: Drill,
    private readonly options: RunOptions,
    private readonly step: Step,
  ) {
    const { plan, credentials, hold } = options;
    this.#holds = hold || drill.holds === true;
    this.#application = credentials.application;
    this.#load = new Load({
      plan,
      pool: drilledPool(plan),
      password: this.#application,
      run: randomBytes(4).toString('hex'),
      writersPerShard: WRITERS_PER_SHARD,
      rate: RATE,
      asksAgain: drill.asksAgain === true,
      families: true,
    });
  }

  async run(): Promise<RoundReport> {
    const { plan, credentials, engine, signal } = this.options;
    const status = await collectStatus(plan, credentials, engine);
    const watchers = await startWatching({ plan, credentials, engine, timeline: this.#timeline });
    const alerts = new NamedAlerts(namedAlerts(this.drill, plan), watchers.alerts, signal, this.step);
    let loadEnded = false;
    try {
      if (this.#holds) await alerts.over(performance.now());
      this.step.progress('load through the VIP');
      await this.#load.start();
      this.#stall.enable();
      await this.#pause(BEFORE_MS);
      const injected = await this.#inject(status);
      await this.#watchRecovery(injected);
      if (this.#holds) await alerts.raised(plan, injected);
      const undoingFrom = performance.now();
      const undoneAt = await this.#restore(injected);
      const whole = await this.#awaitWhole();
      const wholeAt = whole === undefined ? undefined : performance.now();
      await this.#awaitFlow(undoneAt, undoneAt - injected.at);
      await alerts.over(undoneAt);
      await this.#pause(AFTER_MS);
      this.#stall.disable();
      loadEnded = true;
      const ledger = await this.#load.stop();
      const found = await this.#readBack(whole);
      await this.#removeTraces();
      return makeRound({
        drill: this.drill,
        round: this.options.round,
        startedAt: this.#startedAt,
        plan,
        ledger,
        readBack: found,
        timeline: this.#timeline,
        spans: watchers.vip.spans,
        alerts: watchers.alerts?.seen,
        held: this.#holds,
        injected,
        undoingFrom,
        undoneAt,
        wholeAt,
        interrupted: signal.aborted,
        stall: this.#stall.max / 1e6,
        problem: this.#problem,
      });
    } finally {
      await this.#undo.undoAll();
      if (!loadEnded) await this.#load.stop();
      watchers.end();
    }
  }

  async #inject(status: StackStatus): Promise<Injected> {
    const { plan, credentials, engine, stackFile, shard, signal, seed, round } = this.options;
    const nothing = { at: performance.now(), members: [] };
    if (signal.aborted) return nothing;
    try {
      const injected = await this.drill.inject({
        plan,
        credentials,
        status,
        engine,
        stackFile,
        shard,
        signal,
        timeline: this.#timeline,
        step: this.step,
        chance: seeded(Math.imul(seed, 1_000_003) + round),
        round,
        wrong: (problem) => this.#tell(problem),
        usePassword: (password) => {
          this.#application = password;
          this.#load.usePassword(password);
        },
        undoLater: (fault, undo) => {
          const strikeOut = this.options.notes.add(this.drill.name, fault);
          this.#undo.push(async () => {
            await undo();
            strikeOut();
          });
        },
      });
      return { ...injected, at: await struckAt(this.#timeline, injected) };
    } catch (error) {
      this.#tell(`the fault was not complete: ${(error as Error).message}`);
      return nothing;
    }
  }

  /** Returns when writes have flowed for a while after the fault, or when it is clear that they will not. */
  async #watchRecovery(injected: Injected): Promise<void> {
    const { plan, signal } = this.options;
    const { resume } = this.drill.promised(plan);
    const least = injected.until ?? injected.at + this.drill.lasts(plan);
    // While a fault makes writes impossible there is nothing to wait for beyond its time.
    const most = resume.since === 'restored' ? least : least + resume.within + OVERTIME_MS;
    let flowingSince = Number.POSITIVE_INFINITY;
    while (!signal.aborted) {
      const now = performance.now();
      if (!this.#load.flows(FLOWING_MS)) flowingSince = Number.POSITIVE_INFINITY;
      else flowingSince = Math.min(flowingSince, now);
      if (now > least && (now - flowingSince > AFTER_MS || now > most)) return;
      this.step.progress(`watching (${Math.round(now - injected.at)} ms after the fault)`);
      await delay(50);
    }
  }

  async #restore(injected: Injected): Promise<number> {
    this.step.progress(`bringing ${injected.members.join(', ') || 'everything'} back`);
    try {
      await this.#undo.undoAll();
    } catch (error) {
      this.#tell(`the fault could not be taken back: ${(error as Error).message}`);
    }
    const undoneAt = performance.now();
    this.#timeline.note('drill', 'restored', 'the fault is taken back', undoneAt);
    return undoneAt;
  }

  async #awaitWhole(): Promise<StackStatus | undefined> {
    const { plan, credentials, engine, signal } = this.options;
    try {
      return await passGate({
        plan,
        credentials,
        engine,
        domains: new Set(plan.domains.map(({ name }) => name)),
        patienceMs: signal.aborted ? HASTY_MS : REDUNDANCY_MS,
        progress: this.step.progress,
      });
    } catch (error) {
      this.#tell((error as Error).message);
      return undefined;
    }
  }

  /**
   * A connection that was cut for seconds is silent until its next retransmission: the stack can be whole, by all that
   * members tell, before writes flow. A load that stopped then would not have seen them come back.
   */
  async #awaitFlow(undoneAt: number, outage: number): Promise<void> {
    const { resume } = this.drill.promised(this.options.plan);
    const most = undoneAt + (resume.since === 'restored' ? resume.within + outage : 0) + OVERTIME_MS;
    while (!this.options.signal.aborted && !this.#load.flows(FLOWING_MS) && performance.now() < most) {
      this.step.progress('waiting for writes to flow again');
      await delay(50);
    }
  }

  async #readBack(status: StackStatus | undefined): Promise<ReadBack | undefined> {
    const { plan, credentials, engine } = this.options;
    this.step.progress('reading every write back');
    const { ledger } = this.#load;
    try {
      const now = status ?? (await collectStatus(plan, credentials, engine));
      return await readBack({ plan, credentials, status: now, ledger, db: drilledPool(plan).redisDb });
    } catch (error) {
      this.#tell(`the writes could not be read back: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #removeTraces(): Promise<void> {
    const { plan } = this.options;
    try {
      await removeTraces(plan, this.#application, this.#load.ledger, this.#load.otherKeys);
    } catch (error) {
      this.#tell(`the load's keys could not be removed: ${(error as Error).message}`);
    }
  }

  /** Adds to what kept the round from being one. */
  #tell(problem: string): void {
    this.#problem = this.#problem === undefined ? problem : `${this.#problem}\n${problem}`;
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.options.signal }).catch(() => undefined);
  }
}

/** A busy engine takes its time to carry out a kill: when the engine tells, its moment is that of the fault. */
async function struckAt(timeline: Timeline, { at, members }: Injected): Promise<number> {
  const strikes = ({ source, event, text }: TimelineEvent): boolean =>
    source === 'engine' && /^(kill|pause)$/.test(event) && members.includes(text.split(' ')[0]);
  const struck = timeline.first(at, strikes) ?? (await timeline.next(strikes, TELLING_MS));
  return struck?.at ?? at;
}
