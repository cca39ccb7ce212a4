import type { Plan } from '../../topology/types.ts';
import type { Drill, Injected } from './drill.ts';
import { type Found, judge, type Ledger, longestOutage, type Outage, type Verdict } from './ledger.ts';
import type { Timeline, TimelineEvent } from './timeline.ts';

/** One round of one drill, as `--json` prints it. Times are ms relative to the fault. */
export interface DrillReport {
  readonly drill: string;
  readonly passed: boolean;
  /** Each promise with what was seen. */
  readonly promises: ReadonlyArray<{
    readonly promise: string;
    readonly seen: string;
    readonly kept: boolean;
  }>;
  readonly member: string;
  readonly shard?: string;
  readonly interrupted: boolean;
  /** Milestones of a failover; absent when they did not happen. */
  readonly milestones: {
    readonly detected?: number;
    readonly promoted?: number;
    readonly announced?: number;
    readonly firstGoodWrite?: number;
    readonly restored: number;
    readonly fullRedundancy: number;
  };
  readonly outages: ReadonlyArray<Outage & { readonly shard: string }>;
  readonly errors: ReadonlyArray<{ readonly shard: string; readonly error: string; readonly count: number }>;
  readonly verdict: Verdict;
  /** Milliseconds of write latency outside the outage, over all shards. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly timeline: ReadonlyArray<Omit<TimelineEvent, 'at'> & { readonly at: number }>;
  readonly summary: string;
}

export interface ReportInputs {
  readonly drill: Drill;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly found: Found;
  readonly timeline: Timeline;
  readonly injected: Injected;
  readonly undoneAt: number;
  readonly wholeAt: number;
  readonly signal: AbortSignal;
}

export function makeReport(inputs: ReportInputs): DrillReport {
  const { drill, plan, ledger, injected } = inputs;
  const verdict = judge(ledger, inputs.found);
  const outages = plan.shards.flatMap(({ name: shard }) => {
    const outage = longestOutage(ledger, shard, injected.at);
    return outage === undefined
      ? []
      : [{ shard, lastBefore: round(outage.lastBefore), firstAfter: round(outage.firstAfter) }];
  });
  const resumed = outages.find(({ shard }) => shard === injected.shard)?.firstAfter;
  const limit = drill.resumeWithin(plan);
  const otherErrors = ledger.writes.filter(
    ({ shard, outcome }) => shard !== injected.shard && outcome !== 'acknowledged',
  );
  const promises = [
    {
      promise: `writes flow again within ${limit} ms`,
      seen: resumed === undefined ? 'they did not' : `${resumed} ms`,
      kept: resumed !== undefined && resumed <= limit,
    },
    {
      promise: 'no acknowledged write lost',
      seen: `${verdict.lost.length} lost`,
      kept: verdict.lost.length === 0,
    },
    {
      promise: 'none duplicated, none reordered',
      seen: `${verdict.duplicated.length} duplicated, ${verdict.reordered.length} reordered`,
      kept: verdict.duplicated.length === 0 && verdict.reordered.length === 0,
    },
    {
      promise: 'no error on the other shards',
      seen: `${otherErrors.length} errors`,
      kept: otherErrors.length === 0,
    },
  ];
  const passed = promises.every(({ kept }) => kept) && !inputs.signal.aborted;
  return {
    drill: drill.name,
    passed,
    promises,
    member: injected.member,
    shard: injected.shard,
    interrupted: inputs.signal.aborted,
    milestones: milestones(inputs, resumed),
    outages,
    errors: errorCounts(ledger),
    verdict,
    latency: latency(ledger),
    timeline: inputs.timeline.events.map((event) => ({ ...event, at: round(event.at - injected.at) })),
    summary: `${passed ? 'passed' : 'MISSED'}: first good write after ${resumed ?? '?'} ms, ${verdict.lost.length} of ${verdict.acknowledged} acknowledged writes lost, ${verdict.unknown} unknown, ${verdict.refused} refused`,
  };
}

function milestones(inputs: ReportInputs, firstGoodWrite: number | undefined): DrillReport['milestones'] {
  const { timeline, injected, plan } = inputs;
  const since = (event: TimelineEvent | undefined): number | undefined =>
    event === undefined ? undefined : round(event.at - injected.at);
  const shard = plan.shards.find(({ name }) => name === injected.shard);
  const members = new Set(shard?.members.map(({ name }) => name) ?? []);
  const about = (event: TimelineEvent): boolean =>
    injected.shard === undefined || event.text.includes(injected.shard);
  return {
    detected: since(
      timeline.first(injected.at, (e) => e.event === '+sdown' && e.text.startsWith('master') && about(e)),
    ),
    promoted: since(
      timeline.first(
        injected.at,
        (e) =>
          e.event === 'role' && e.text === 'master' && members.has(e.source) && e.source !== injected.member,
      ),
    ),
    announced: since(timeline.first(injected.at, (e) => e.event === '+switch-master' && about(e))),
    firstGoodWrite,
    restored: round(inputs.undoneAt - injected.at),
    fullRedundancy: round(inputs.wholeAt - injected.at),
  };
}

function errorCounts(ledger: Ledger): DrillReport['errors'] {
  const counts = new Map<string, { shard: string; error: string; count: number }>();
  for (const { shard, error } of [...ledger.writes, ...ledger.reads]) {
    if (error === undefined) continue;
    const key = `${shard} ${error}`;
    const entry = counts.get(key) ?? { shard, error, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

function latency(ledger: Ledger): DrillReport['latency'] {
  const sorted = ledger.writes
    .filter(({ outcome }) => outcome === 'acknowledged')
    .map(({ sentAt, endedAt }) => endedAt - sentAt)
    .sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
