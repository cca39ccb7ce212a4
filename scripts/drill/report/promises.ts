import type { AnyPlan } from '../../../topology/types.ts';
import { areShared } from '../../../topology/vips.ts';
import type { Drill, Injected } from '../drill.ts';
import { UNHEARD_MS } from '../faults/limits.ts';
import { drilledShards } from '../load/drilled-pool.ts';
import { acknowledgements, lengthOf, newcomerGap, shardGap, worstConnectionGap } from '../load/gaps.ts';
import type { Verdict } from '../load/judge.ts';
import { type Hearing, judgeHearing } from '../load/judge-messages.ts';
import type { Acknowledged } from '../load/judged.ts';
import { attemptsOf, type Ledger } from '../load/ledger.ts';
import type { RaisedAlert } from '../watch/alerts.ts';
import { alertPromises } from './alerts.ts';

/** One promise held against what was seen in one round. */
export interface PromiseResult {
  readonly promise: string;
  readonly unit: 'ms' | 'count';
  readonly limit: number;
  /** What 95 of 100 rounds are to keep, where that is less. */
  readonly usually?: number;
  /** null = it never came to it (writes did not flow again), or it could not be measured. */
  readonly seen: number | null;
  readonly kept: boolean;
}

export interface Evidence {
  readonly drill: Drill;
  readonly plan: AnyPlan;
  readonly injected: Injected;
  readonly ledger: Ledger;
  /** undefined = interrupted before it could be read back. */
  readonly verdict?: Verdict;
  /** When it was begun to take the fault back, and when that was done. */
  readonly undoingFrom: number;
  readonly undoneAt: number;
  /** undefined = it was not whole in time. */
  readonly wholeAt?: number;
  /** How many members were made master after the fault. */
  readonly promotions: number;
  /** How often a member that was not hit ended, neither in an orderly way nor by a signal. */
  readonly endings: number;
  /** Longest time with more than one holder of the VIP (ms); undefined = could not be watched. */
  readonly severalHolders?: number;
  /** What the monitors raised; undefined = the stack has none. */
  readonly alerts?: readonly RaisedAlert[];
  /** True = the fault was to last until its alerts were raised. */
  readonly held: boolean;
}

/** How long a drill waits for the stack to be whole again. */
export const REDUNDANCY_MS = 60_000;
/** A pause below this is a busy machine, not something that comes back. */
const RETURN_MS = 1000;
/** The VIP's holders are looked at every 50 ms: an overlap is seen up to two looks longer than it was. */
const VIP_RESOLUTION_MS = 100;

const LOST = 'acknowledged writes lost';
const DUPLICATED = 'writes duplicated or reordered';
const REFUSED_APPLIED = 'writes refused and yet carried out';
const STALE = 'reads older than an acknowledged write';
const LOST_TRANSACTIONS = 'acknowledged transactions lost';
const NOT_WHOLE = 'transactions carried out twice or in part';
const LOST_JOBS = 'jobs lost';
const JOBS_TWICE = 'jobs handled twice';
const HEARD_TWICE = 'messages heard twice';

/**
 * Milliseconds from the first good write to the first message that is heard: a proxy subscribes again within 200 ms of a
 * promotion, a client connects again after 50 ms, and messages come every 50 ms.
 */
const HEAR_AGAIN_MS = 500;

/** Whether what was promised of the data itself was seen to be broken, as opposed to late or not to be found out. Pure. */
export function brokeData(results: readonly PromiseResult[]): boolean {
  const ofData = [
    LOST,
    DUPLICATED,
    REFUSED_APPLIED,
    STALE,
    LOST_TRANSACTIONS,
    NOT_WHOLE,
    LOST_JOBS,
    JOBS_TWICE,
    HEARD_TWICE,
  ];
  return results.some(({ promise, seen, kept }) => ofData.includes(promise) && seen !== null && !kept);
}

/** Everything that was promised for this drill. Pure. */
export function holdPromises(evidence: Evidence): PromiseResult[] {
  const { plan, drill, verdict } = evidence;
  const { transactions, jobs } = verdict ?? {};
  const hearing = hearingOf(evidence);
  const none = (promise: string, seen: number | undefined): PromiseResult =>
    result(promise, 'count', 0, seen);
  return [
    resumePromise(evidence),
    ...returnPromises(evidence),
    ...failurePromises(evidence),
    lossPromise(evidence, LOST, verdict?.lost),
    none(DUPLICATED, verdict && verdict.duplicated.length + verdict.reordered.length),
    none(REFUSED_APPLIED, verdict && refusedApplied(verdict)),
    lossPromise(evidence, LOST_TRANSACTIONS, transactions?.lost),
    none(NOT_WHOLE, transactions && transactions.twice.length + transactions.inPart.length),
    lossPromise(evidence, LOST_JOBS, jobs?.lost),
    lossPromise(evidence, JOBS_TWICE, jobs?.twice),
    hearPromise(evidence, hearing),
    none(
      HEARD_TWICE,
      hearing.reduce((sum, { twice }) => sum + twice.length, 0),
    ),
    ...(readsAreCurrent(plan) ? [none(STALE, verdict?.staleReads)] : []),
    ...(drill.promised(plan).noFailover === true ? [none('members promoted', evidence.promotions)] : []),
    none('members that ended by themselves', evidence.endings),
    ...holderPromises(evidence),
    result(
      'whole again after the fault was taken back',
      'ms',
      REDUNDANCY_MS,
      evidence.wholeAt === undefined ? undefined : evidence.wholeAt - evidence.undoneAt,
    ),
    ...alertPromises(evidence).map(({ promise, limit, seen }) => result(promise, 'ms', limit, seen)),
  ];
}

/** Replicas may be behind, and what a pool without `wait_replicas` loses was read before. */
const readsAreCurrent = ({ pools: [pool] }: AnyPlan): boolean =>
  pool.waitReplicas > 0 && pool.reads === 'master';

function holderPromises({ plan, drill, severalHolders }: Evidence): PromiseResult[] {
  const allowed = drill.promised(plan).severalHolders ?? plan.edge.advertIntervalMs;
  if (severalHolders === undefined || allowed === 'any') return [];
  return [result('two holders of the VIP at once', 'ms', allowed + VIP_RESOLUTION_MS, severalHolders)];
}

function resumePromise({ drill, plan, injected, ledger, undoneAt }: Evidence): PromiseResult {
  const { within, usually, of, since } = drill.promised(plan).resume;
  const shards =
    injected.shard === undefined ? drilledShards(plan).map(({ name }) => name) : [injected.shard];
  if (since === 'restored') {
    const first = of === 'newcomer' ? firstOfNewcomers : firstAfter;
    const back = Math.max(...shards.map((shard) => first(ledger, shard, undoneAt)));
    const whose = of === 'newcomer' ? ' over a new connection' : '';
    return result(`first good write${whose} after the fault was taken back`, 'ms', within, back - undoneAt);
  }
  // A pause that begins later than the fault is meant to last is the machine's own; `gaps` of the report has it, too.
  const until = Math.min(undoneAt, injected.until ?? injected.at + drill.lasts(plan));
  const window = { from: injected.at, until, end: ledger.endedAt };
  switch (of) {
    case 'connection': {
      const gap = worstConnectionGap(ledger, shards, window);
      return result('longest pause of any one connection', 'ms', within, gap && lengthOf(gap));
    }
    case 'newcomer': {
      const gap = newcomerGap(ledger, window);
      return result('no new connection was served for', 'ms', within, gap && lengthOf(gap));
    }
    case 'shard': {
      const gaps = shards.flatMap((shard) => shardGap(ledger, shard, window) ?? []);
      const longest = result('no write was acknowledged for', 'ms', within, Math.max(...gaps.map(lengthOf)));
      return usually === undefined ? longest : { ...longest, usually };
    }
  }
}

/**
 * How much later (ms) than new ones connections are served that were there before all was gone, when nobody is left who
 * could tell them: whoever waits for an answer learns of it when its kernel next sends again what was not confirmed, and the
 * pauses between these double (RFC 6298, 5.5). So an outage lasts up to as long again for them.
 */
function doubled({
  drill,
  plan,
  injected,
  undoneAt,
}: Pick<Evidence, 'drill' | 'plan' | 'injected' | 'undoneAt'>): number {
  const { of, since } = drill.promised(plan).resume;
  return since === 'restored' && of === 'newcomer' ? undoneAt - injected.at : 0;
}

/** Of connections that were there before. */
function oldConnections(evidence: Evidence): PromiseResult[] {
  const { drill, plan, ledger, undoneAt } = evidence;
  const later = doubled(evidence);
  if (later === 0) return [];
  const back = drilledShards(plan).map(({ name }) => firstAfter(ledger, name, undoneAt));
  const limit = Math.round(drill.promised(plan).resume.within + later);
  return [result('and over one that was there before', 'ms', limit, Math.max(...back) - undoneAt)];
}

/** What was hit comes back, as a replica or as a standby, and no shard waits for it. */
function returnPromises(evidence: Evidence): PromiseResult[] {
  const { drill, plan, ledger, undoingFrom } = evidence;
  if (drill.promised(plan).resume.since === 'restored') return oldConnections(evidence);
  const window = { from: undoingFrom, until: Number.POSITIVE_INFINITY, end: ledger.endedAt };
  const gaps = drilledShards(plan).flatMap(({ name }) => shardGap(ledger, name, window) ?? []);
  const longest = Math.max(0, ...gaps.map(lengthOf));
  return [result('no write was acknowledged for, as what was hit came back', 'ms', RETURN_MS, longest)];
}

/** The first acknowledged write of a shard from a moment on; Infinity = none came. */
function firstAfter(ledger: Ledger, shard: string, moment: number): number {
  const later = acknowledgements(ledger, (write) => write.shard === shard && write.endedAt >= moment);
  return later.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
}

/** The same of connections that are made for one write alone. */
function firstOfNewcomers({ newcomers }: Ledger, shard: string, moment: number): number {
  const later = newcomers.filter((each) => each.ok && each.shard === shard && each.endedAt >= moment);
  return later.reduce((least, { endedAt }) => Math.min(least, endedAt), Number.POSITIVE_INFINITY);
}

/** What is lost, or done twice, counts, but for what a pool without `wait_replicas` may lose right after this fault. */
function lossPromise(
  { drill, plan, injected }: Evidence,
  promise: string,
  lost: readonly Acknowledged[] | undefined,
): PromiseResult {
  const { mayLoseFor } = drill.promised(plan);
  if (mayLoseFor === undefined) return result(promise, 'count', 0, lost?.length);
  const late = lost?.filter(({ acknowledgedAt }) => acknowledgedAt > injected.at + mayLoseFor);
  return result(`${promise} later than ${mayLoseFor} ms (without wait_replicas)`, 'count', 0, late?.length);
}

const refusedApplied = ({ refusedApplied: writes, transactions, jobs }: Verdict): number =>
  writes.length + transactions.refusedApplied.length + jobs.refusedHandled.length;

type Heard = Pick<Evidence, 'drill' | 'plan' | 'injected' | 'ledger' | 'undoneAt'>;

/** What each subscriber heard from the moment on that its silence is held against the drill. */
export function hearingOf({ drill, plan, injected, ledger, undoneAt }: Heard): Hearing[] {
  const { since } = drill.promised(plan).resume;
  return judgeHearing(ledger, since === 'restored' ? undoneAt : injected.at);
}

/** Every subscriber hears every channel again. One that is deaf at the end never will. */
function hearPromise(evidence: Evidence, hearing: readonly Hearing[]): PromiseResult {
  const { resume, hearLater } = evidence.drill.promised(evidence.plan);
  const unheard = hearLater ?? (resume.of === 'newcomer' ? UNHEARD_MS : 0);
  // Whoever publishes waits for an answer, too.
  const limit = Math.round(resume.within + HEAR_AGAIN_MS + unheard + doubled(evidence));
  const longest = Math.max(0, ...hearing.map(({ silence }) => silence));
  return result('a subscriber heard nothing for', 'ms', limit, longest);
}

const isEdge =
  ({ edges }: AnyPlan) =>
  (member: string): boolean =>
    edges.some(({ name }) => name === member);

function failurePromises({ drill, plan, injected, ledger }: Evidence): PromiseResult[] {
  const { failures, readsNeverFail } = drill.promised(plan);
  const counted = failuresPerConnection(ledger);
  const hit = counted.filter(({ shard }) => injected.shard === undefined || shard === injected.shard);
  const results: PromiseResult[] = [];
  if (failures !== 'any') {
    const worst = Math.max(0, ...hit.map(({ writes, reads }) => writes + reads));
    // Where edges share the load, one that is well again takes its VIP back, and cuts it a second time.
    const again = failures > 0 && areShared(plan) && injected.members.some(isEdge(plan)) ? 1 : 0;
    results.push(result('failed requests of any one connection', 'count', failures + again, worst));
  }
  if (readsNeverFail === true && failures !== 0) {
    const reads = hit.reduce((sum, entry) => sum + entry.reads, 0);
    results.push(result('failed reads', 'count', 0, reads));
  }
  if (injected.shard !== undefined) {
    const others = counted.filter(({ shard }) => shard !== injected.shard);
    const failed = others.reduce((sum, { writes, reads }) => sum + writes + reads, 0);
    results.push(result('failed requests on other shards', 'count', 0, failed));
  }
  return results;
}

/** Failed requests and reconnects of one of the load's connections. */
export interface ConnectionFailures {
  readonly connection: string;
  readonly shard: string;
  readonly writes: number;
  readonly reads: number;
  readonly reconnects: number;
}

export function failuresPerConnection(ledger: Ledger): ConnectionFailures[] {
  const failed = attemptsOf(ledger).filter(({ outcome }) => outcome !== 'acknowledged');
  return [...ledger.reconnects].map(([connection, reconnects]) => ({
    connection,
    shard: connection.split('/')[0],
    writes: failed.filter((attempt) => attempt.connection === connection).length,
    reads: ledger.reads.filter((read) => read.connection === connection && !read.ok).length,
    reconnects,
  }));
}

function result(
  promise: string,
  unit: PromiseResult['unit'],
  limit: number,
  seen: number | undefined,
): PromiseResult {
  const rounded = seen === undefined || !Number.isFinite(seen) ? null : Math.round(seen);
  return { promise, unit, limit, seen: rounded, kept: rounded !== null && rounded <= limit };
}
