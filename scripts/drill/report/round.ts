import { drilledShards } from '../load/drilled-pool.ts';
import type { Gap } from '../load/gaps.ts';
import { newcomerGap, shardGap, worstConnectionGap } from '../load/gaps.ts';
import { judge, type Verdict } from '../load/judge.ts';
import type { Hearing } from '../load/judge-messages.ts';
import type { Acknowledged } from '../load/judged.ts';
import { attemptsOf, type Ledger } from '../load/ledger.ts';
import type { ReadBack } from '../load/read-back.ts';
import type { Timeline, TimelineEvent } from '../watch/timeline.ts';
import { type HolderSpan, holderTimes } from '../watch/vip.ts';
import { type AlertTimes, alertTimes } from './alerts.ts';
import { type Latency, latencyOf } from './latency.ts';
import {
  type ConnectionFailures,
  type Evidence,
  failuresPerConnection,
  hearingOf,
  holdPromises,
  type PromiseResult,
} from './promises.ts';
import { makeSeries, type Series } from './series.ts';

/** One round of one drill, as `--json` prints it (docs/drill-report.md). Times are ms relative to the fault. */
export interface RoundReport {
  readonly drill: string;
  readonly round: number;
  readonly passed: boolean;
  readonly interrupted: boolean;
  readonly startedAt: string;
  readonly members: readonly string[];
  readonly shard: string | null;
  readonly promises: readonly PromiseResult[];
  /** Steps of a failover; null when they did not happen. */
  readonly milestones: Readonly<Record<Milestone, number | null>>;
  readonly gaps: {
    readonly shards: ReadonlyArray<Gap & { readonly shard: string }>;
    readonly connection: (Gap & { readonly connection: string }) | null;
    readonly newcomer: Gap | null;
  };
  readonly figures: Readonly<Record<string, number>>;
  /** What `--replay` takes to do the same again; null = the drill's name says it all. */
  readonly script: string | null;
  readonly errors: ReadonlyArray<{ readonly shard: string; readonly error: string; readonly count: number }>;
  readonly connections: readonly ConnectionFailures[];
  /** null = interrupted before the writes could be read back. */
  readonly verdict: Verdict | null;
  /** Alerts of the stack's own monitoring, as they came and went; null = it has none. */
  readonly alerts: readonly AlertTimes[] | null;
  /** What each subscriber heard; `silence` null = it was deaf at the end. */
  readonly subscribers: ReadonlyArray<Omit<Hearing, 'silence'> & { readonly silence: number | null }>;
  readonly differingReplicas: ReadBack['differing'];
  readonly latency: Latency;
  readonly vip: {
    readonly several: number;
    readonly none: number;
    readonly spans: readonly HolderSpan[];
  } | null;
  /** Longest time (ms) this program itself was held up: what is measured is no better than that. */
  readonly stall: number;
  readonly series: Series;
  readonly timeline: readonly TimelineEvent[];
  /** Why it ended early, when it did. */
  readonly problem: string | null;
}

export const MILESTONES = ['detected', 'promoted', 'announced', 'vipMoved', 'restored', 'whole'] as const;
export type Milestone = (typeof MILESTONES)[number];

export interface RoundInputs extends Omit<Evidence, 'verdict' | 'severalHolders' | 'promotions' | 'endings'> {
  readonly round: number;
  readonly startedAt: Date;
  readonly timeline: Timeline;
  readonly readBack?: ReadBack;
  readonly spans?: readonly HolderSpan[];
  readonly interrupted: boolean;
  readonly stall: number;
  readonly problem?: string;
}

export function makeRound(inputs: RoundInputs): RoundReport {
  const { plan, ledger, injected, readBack, spans } = inputs;
  const shards = drilledShards(plan).map(({ name }) => name);
  const verdict = readBack === undefined ? undefined : judge(ledger, readBack.masters);
  const times = spans === undefined ? undefined : holderTimes(spans, injected.at);
  const window = { from: injected.at, until: inputs.undoneAt, end: ledger.endedAt };
  const promotions = inputs.timeline.events.filter(promotion(inputs)).length;
  const endings = inputs.timeline.events.filter(endsByItself(injected.members)).length;
  const severalHolders = times?.several;
  const promises = holdPromises({ ...inputs, verdict, promotions, endings, severalHolders });
  const since = (at: number): number => round(at - injected.at);
  return {
    drill: inputs.drill.name,
    round: inputs.round,
    passed: promises.every(({ kept }) => kept) && !inputs.interrupted && inputs.problem === undefined,
    interrupted: inputs.interrupted,
    startedAt: inputs.startedAt.toISOString(),
    members: injected.members,
    shard: injected.shard ?? null,
    promises,
    milestones: milestones(inputs),
    gaps: {
      shards: shards.flatMap((shard) => {
        const gap = shardGap(ledger, shard, window);
        return gap === undefined ? [] : [{ shard, ...rounded(gap) }];
      }),
      connection: rounded(worstConnectionGap(ledger, shards, window)) ?? null,
      newcomer: rounded(newcomerGap(ledger, window)) ?? null,
    },
    figures: injected.figures ?? {},
    script: injected.script ?? null,
    errors: errorCounts(ledger),
    connections: failuresPerConnection(ledger),
    verdict: verdict === undefined ? null : relativeVerdict(verdict, since),
    alerts: alertTimes(inputs),
    subscribers: hearingOf(inputs).map((each) => ({
      ...each,
      silence: Number.isFinite(each.silence) ? round(each.silence) : null,
    })),
    differingReplicas: readBack?.differing ?? [],
    latency: latencyOf(ledger, { shard: injected.shard, from: injected.at, until: inputs.undoingFrom }),
    vip:
      spans === undefined || times === undefined
        ? null
        : {
            several: round(times.several),
            none: round(times.none),
            spans: spans.map((span) => ({ ...span, from: since(span.from), to: since(span.to) })),
          },
    stall: round(inputs.stall),
    series: makeSeries(ledger, shards, injected.at),
    timeline: inputs.timeline.events.map((event) => ({ ...event, at: since(event.at) })),
    problem: inputs.problem ?? null,
  };
}

/** One sentence on how a round went. */
export function summary(report: RoundReport): string {
  const broken = report.promises.filter(({ kept }) => !kept);
  const { verdict } = report;
  const first = report.promises[0];
  const seen = `${first.promise} ${first.seen ?? '?'} ${first.unit === 'ms' ? 'ms' : ''}`.trim();
  const counts =
    verdict === null
      ? 'not read back'
      : `${verdict.lost.length} of ${verdict.acknowledged} acknowledged writes lost, ${verdict.unknown} unknown, ${verdict.refused} refused`;
  const state = report.interrupted ? 'interrupted' : report.passed ? 'passed' : 'MISSED';
  const missed = broken.map(({ promise, seen: value, limit }) => `${promise}: ${value ?? '?'} > ${limit}`);
  return `${state}: ${seen}, ${counts}${missed.length > 0 ? ` (${missed.join('; ')})` : ''}`;
}

function milestones(inputs: RoundInputs): RoundReport['milestones'] {
  const { timeline, injected } = inputs;
  const first = (match: (event: TimelineEvent) => boolean): number | null => {
    const found = timeline.first(injected.at, match);
    return found === undefined ? null : round(found.at - injected.at);
  };
  const shard = injected.shard;
  const about = (event: TimelineEvent): boolean => shard === undefined || event.text.includes(shard);
  return {
    detected: first((e) => e.event === '+sdown' && e.text.startsWith('master') && about(e)),
    promoted: first(promotion(inputs)),
    announced: first((e) => e.event === '+switch-master' && about(e)),
    vipMoved: first((e) => e.event === 'vrrp' && ['MASTER', `MASTER ${inputs.plan.vip}`].includes(e.text)),
    restored: round(inputs.undoneAt - injected.at),
    whole: inputs.wholeAt === undefined ? null : round(inputs.wholeAt - injected.at),
  };
}

/** Tells the events by which a member that was not master, of the shard that was hit or of any, became one. */
function promotion({ timeline, injected, plan }: RoundInputs): (event: TimelineEvent) => boolean {
  const hit = drilledShards(plan).filter(
    ({ name }) => injected.shard === undefined || name === injected.shard,
  );
  const names = new Set(hit.flatMap(({ members }) => members.map(({ name }) => name)));
  // A master that comes back as what it was is not promoted.
  const masters = new Set(rolesAt(timeline, injected.at, 'master'));
  return ({ at, event, text, source }) =>
    at >= injected.at && event === 'role' && text === 'master' && names.has(source) && !masters.has(source);
}

/** How a container ends that was told to, or killed: 0, or 128 and SIGKILL or SIGTERM. */
const TOLD_TO_END: readonly string[] = ['0', '137', '143'];

/** What ends with another code found something wrong with itself, and was brought back; nothing was wrong with who was not hit. */
const endsByItself =
  (hit: readonly string[]) =>
  ({ source, event, text }: TimelineEvent): boolean => {
    const [, member, code] = /^(\S+) \((\d+)\)$/.exec(text) ?? [];
    return source === 'engine' && event === 'die' && !hit.includes(member) && !TOLD_TO_END.includes(code);
  };

/** Members that had a role at a moment. */
function rolesAt({ events }: Timeline, moment: number, role: string): string[] {
  const last = new Map(
    events
      .filter(({ at, event }) => event === 'role' && at < moment)
      .map(({ source, text }) => [source, text] as const),
  );
  return [...last].filter(([, text]) => text === role).map(([source]) => source);
}

function errorCounts(ledger: Ledger): RoundReport['errors'] {
  const counts = new Map<string, { shard: string; error: string; count: number }>();
  for (const { shard, error } of [...attemptsOf(ledger), ...ledger.reads]) {
    if (error === undefined) continue;
    const key = `${shard} ${error}`;
    const entry = counts.get(key) ?? { shard, error, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

/** The same with moments that count from the fault. */
function relativeVerdict(verdict: Verdict, since: (at: number) => number): Verdict {
  const { lost, transactions, jobs } = verdict;
  const relative = (list: readonly Acknowledged[]): Acknowledged[] =>
    list.map((each) => ({ ...each, acknowledgedAt: since(each.acknowledgedAt) }));
  return {
    ...verdict,
    lost: relative(lost),
    transactions: { ...transactions, lost: relative(transactions.lost) },
    jobs: { ...jobs, lost: relative(jobs.lost), twice: relative(jobs.twice) },
  };
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

function rounded<T extends Gap>(gap: T): T;
function rounded<T extends Gap>(gap: T | undefined): T | undefined;
function rounded<T extends Gap>(gap: T | undefined): T | undefined {
  return gap && { ...gap, lastBefore: round(gap.lastBefore), firstAfter: round(gap.firstAfter) };
}
