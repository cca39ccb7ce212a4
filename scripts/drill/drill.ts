import type Docker from 'dockerode';
import type { AlertName } from '../../monitoring/alert-names.ts';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import type { Chance } from '../chance.ts';
import type { StackStatus } from '../observe/status.ts';
import type { Step } from '../report/steps.ts';
import type { Fault } from './noted-faults.ts';
import type { Timeline } from './watch/timeline.ts';

/** Where a drill is to run. */
export interface Surroundings {
  readonly plan: AnyPlan;
  readonly engine: Docker;
}

/** What a fault may use and must tell. */
export interface FaultContext extends Surroundings {
  readonly credentials: Credentials;
  /** As the stack stood before the load. To look takes the machine a third of a second, which would show in the load. */
  readonly status: StackStatus;
  /** Name of the shard that a drill of a single shard is to hit. */
  readonly shard: string;
  /** Path of the stack file that the plan follows from. */
  readonly stackFile: string;
  readonly timeline: Timeline;
  readonly step: Step;
  /** What a drill that strikes at random draws from: repeated by the seed and the round. */
  readonly chance: Chance;
  /** Number of the round, from 1: drills that have variants take turns with them. */
  readonly round: number;
  /** Aborted when the operator wants to stop. */
  readonly signal: AbortSignal;
  /** Gives applications another password: what connects from now on comes with it. */
  usePassword(password: string): void;
  /**
   * Registers how to take back what is about to be broken. Called before each break, so that an interruption between
   * two of them leaves nothing broken. All that is registered is taken back at once. The fault is written down besides, for
   * whoever comes when this process could not take it back.
   */
  undoLater(fault: Fault, undo: () => Promise<void>): void;
  /** Tells of something that must not be, which only the fault itself could see. */
  wrong(problem: string): void;
}

/** What a fault did and where it struck. */
export interface Injected {
  /** Moment of the fault on the run's monotonic clock (ms). */
  readonly at: number;
  /** Members that were hit, for people. */
  readonly members: readonly string[];
  /** When work that takes its own time was over; what the drill says of how long it lasts does not count then. */
  readonly until?: number;
  /** The one shard that was hit; undefined when all of them are concerned, or none. */
  readonly shard?: string;
  /** All that was done and when, in the words of `--replay`. */
  readonly script?: string;
  /** Milliseconds of a step of the fault's own that has a limit, by the name the drill promises it under. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** What is promised under a fault, besides: nothing acknowledged is lost, nothing is done twice or in part, one holder of the VIP. */
export interface Promised {
  /** How soon writes flow again. */
  readonly resume: {
    /** Milliseconds. */
    readonly within: number;
    /** And in 95 of 100 rounds; milliseconds. Looked at where there are enough rounds to tell. */
    readonly usually?: number;
    /**
     * Whose longest pause, of those that begin while the fault lasts, it is.
     * `shard`: everybody's on the shard that was hit. `newcomer`: of connections that are made anew.
     * `connection`: of any single connection.
     */
    readonly of: 'shard' | 'newcomer' | 'connection';
    /**
     * `restored`: the fault makes writes impossible, so the time counts from the moment it is taken back. With `newcomer`,
     * connections that were there before may wait for as long again as the fault lasted.
     */
    readonly since: 'fault' | 'restored';
  };
  /**
   * How much later (ms) than that subscribers hear again, besides what subscribing takes. Unless it is said: when existing
   * connections may end without a word (`newcomer`), the time that a client which only listens needs to find out.
   */
  readonly hearLater?: number;
  /** Failed requests that any one connection may see: one each time that it is cut. */
  readonly failures: number | 'any';
  /** True = not even where writes may fail. */
  readonly readsNeverFail?: boolean;
  /** True = nobody is promoted: everything that matters is well, whoever cannot see it. */
  readonly noFailover?: boolean;
  /**
   * Milliseconds for which two edges may hold the VIP; an advertisement's time unless it is said. `any`: edges that cannot
   * hear each other both hold it, for VRRP knows no majority.
   */
  readonly severalHolders?: number | 'any';
  /** Milliseconds after the fault in which acknowledged writes may be lost; never with `wait_replicas`. */
  readonly mayLoseFor?: number;
}

/** One named drill: a fault, and what is promised under it. */
export interface Drill {
  readonly name: string;
  readonly summary: string;
  /**
   * Alerts that tell of it while it lasts, besides `StackDegraded` (docs/monitoring.md). None = what it breaks mends itself
   * before anybody need hear of it. Most drills take back what they break sooner than anything is raised; `--hold` waits.
   */
  readonly alerts: readonly AlertName[];
  /** True = it lasts until its alerts are raised, whether that was asked for or not. */
  readonly holds?: boolean;
  /**
   * The load sends again what went unanswered with its connection, as most clients do by themselves. For planned work: a
   * request that crosses the end of its connection is not carried out, so asking again must neither fail nor repeat it.
   */
  readonly asksAgain?: boolean;
  /** True = what it does follows from `--seed` and the round. */
  readonly draws?: boolean;
  /** True = it breaks machines: for stacks on several hosts, and those alone. `too`: for stacks of both kinds. */
  readonly onHosts?: boolean | 'too';
  /** Why it cannot run here, as half a sentence; undefined = it can. Asked before anything is touched. */
  refused?(surroundings: Surroundings): Promise<string | undefined>;
  promised(plan: AnyPlan): Promised;
  /** The least time (ms) the fault lasts before it is taken back; pauses that begin within it are held against it. */
  lasts(plan: AnyPlan): number;
  inject(context: FaultContext): Promise<Injected>;
}
