import type { Verdict } from '../../load/judge.ts';
import type { Acknowledged } from '../../load/judged.ts';
import type { DrillDocument, DrillSummary, PromiseSummary } from '../document.ts';
import type { RoundReport } from '../round.ts';
import { alertText, lostOf, replayLine } from '../text.ts';
import { badge, duration, escapeText, htmlTable } from './markup.ts';
import { timelineSvg } from './timeline-svg.ts';

const value = (seen: number | null, unit: PromiseSummary['unit']): string =>
  seen === null ? '–' : unit === 'ms' ? duration(seen) : String(seen);

const limit = ({ limit: most, unit }: PromiseSummary): string =>
  unit === 'ms' ? `≤ ${duration(most)}` : most === 0 ? 'none' : `≤ ${most}`;

/** One row per drill: what it promises first, how it went, what was lost. */
export function overview(document: DrillDocument): string {
  const rows = document.drills.map((drill) => {
    const first = drill.promises[0];
    const lost = mostLost(document.rounds.filter((round) => round.drill === drill.drill));
    return [
      `<a class="name" href="#${escapeText(drill.drill)}">${escapeText(drill.drill)}</a>`,
      verdictCell(drill),
      `${drill.passed} of ${drill.rounds}`,
      escapeText(first?.promise ?? ''),
      first === undefined ? '' : limit(first),
      ...(first === undefined
        ? ['', '', '']
        : [first.p50, first.p95, first.max].map((ms) => value(ms, first.unit))),
      lost === null ? '–' : lost > 0 ? badge(false, '', String(lost)) : '0',
    ];
  });
  const columns = [
    { title: 'drill' },
    { title: 'promises' },
    { title: 'rounds', number: true },
    { title: 'what is measured first' },
    { title: 'limit', number: true },
    { title: 'p50', number: true },
    { title: 'p95', number: true },
    { title: 'max', number: true },
    { title: 'lost', number: true },
  ];
  return htmlTable(columns, rows, 'All drills');
}

/** The most acknowledged writes, transactions and jobs that a round lost, also where a promise allows it; null = no round was read back. */
function mostLost(rounds: readonly RoundReport[]): number | null {
  const counts = rounds.flatMap(({ verdict }) => (verdict === null ? [] : [lostOf(verdict)]));
  return counts.length === 0 ? null : Math.max(...counts);
}

/** Kept, or which promises were broken. */
function verdictCell(drill: DrillSummary): string {
  const broken = drill.promises.filter(({ kept, rounds }) => kept < rounds);
  const names = broken.map(({ promise }) => `<br><span class="soft">${escapeText(promise)}</span>`).join('');
  return badge(drill.passed === drill.rounds, 'kept', 'BROKEN') + names;
}

/** Everything about one drill: promises over its rounds, then the rounds, the most telling one open. */
export function drillSection(drill: DrillSummary, rounds: readonly RoundReport[]): string {
  const shown = mostTelling(rounds);
  const others = rounds.filter((report) => report !== shown);
  return [
    `<h2 id="${escapeText(drill.drill)}">${escapeText(drill.drill)} ${badge(drill.passed === drill.rounds, 'kept', 'BROKEN')}</h2>`,
    `<p class="soft">${escapeText(drill.summary)}</p>`,
    `<p class="soft">Alerts while it lasts: ${escapeText(drill.alerts.join(', ') || 'none')}.</p>`,
    promiseTable(drill),
    roundBlock(shown, rounds.length),
    ...others.map(
      (report) =>
        `<details><summary>round ${report.round}: ${report.passed ? 'kept' : 'BROKEN'}, ${escapeText(headline(report))}</summary>${roundBlock(report, rounds.length)}</details>`,
    ),
  ].join('\n');
}

function promiseTable(drill: DrillSummary): string {
  const rows = drill.promises.map((promise) => [
    escapeText(promise.promise),
    // On a narrow screen what stands to the right is scrolled to.
    badge(
      promise.kept === promise.rounds,
      'kept',
      `broken in ${promise.rounds - promise.kept} of ${promise.rounds}`,
    ),
    limit(promise),
    ...[promise.p50, promise.p95, promise.max].map((seen) => value(seen, promise.unit)),
  ]);
  const columns = [
    { title: 'promise' },
    { title: 'verdict' },
    { title: 'limit', number: true },
    { title: 'p50', number: true },
    { title: 'p95', number: true },
    { title: 'max', number: true },
  ];
  return htmlTable(columns, rows, `Promises of ${drill.drill}`);
}

/** A round that broke a promise before one that did not; among those the slowest. */
function mostTelling(rounds: readonly RoundReport[]): RoundReport {
  const weight = (report: RoundReport): number =>
    (report.passed ? 0 : 1e9) + (report.promises[0]?.seen ?? 1e8);
  return rounds.reduce((most, report) => (weight(report) > weight(most) ? report : most));
}

function headline({ promises, verdict }: RoundReport): string {
  const first = promises[0];
  const lost = verdict === null ? 'not read back' : `${lostOf(verdict)} lost`;
  return `${first.promise} ${value(first.seen, first.unit)}, ${lost}`;
}

function roundBlock(report: RoundReport, rounds: number): string {
  const { verdict } = report;
  const hit = report.members.map(escapeText).join(', ');
  const counts =
    verdict === null
      ? 'The writes were not read back.'
      : `${verdict.acknowledged} writes acknowledged, ${verdict.refused} refused, ${verdict.unknown} of unknown outcome (${verdict.unknownApplied} of them carried out${late(verdict)}); ${verdict.reads} reads, ${verdict.failedReads} failed, ${verdict.staleReads} stale, ${verdict.backwardsReads} older than one before.`;
  return [
    `<h3>${rounds > 1 ? `Round ${report.round}: ` : ''}hit ${hit || 'nobody'}${report.interrupted ? ' – interrupted' : ''}</h3>`,
    `<figure tabindex="0">${timelineSvg(report)}</figure>`,
    `<p class="soft">${counts} ${familyCounts(report)} ${latencies(report)} This program was held up for ${duration(report.stall)} at most.</p>`,
    report.problem === null ? '' : `<p><code>${escapeText(report.problem)}</code></p>`,
    report.script === null ? '' : `<p><code>${escapeText(replayLine(report.script))}</code></p>`,
    alertList(report),
    errorList(report),
    lostLists(report),
    subscriberTable(report),
    connectionTable(report),
    eventTable(report),
  ].join('\n');
}

const late = ({ unknownAppliedLate }: Verdict): string =>
  unknownAppliedLate.length === 0 ? '' : `, ${unknownAppliedLate.length} behind a later one`;

/** Transactions and queues in a sentence each. */
function familyCounts({ verdict }: RoundReport): string {
  if (verdict === null) return '';
  const { transactions, jobs } = verdict;
  return [
    `${transactions.acknowledged} transactions acknowledged, ${transactions.refused} refused, ${transactions.unknown} of unknown outcome (${transactions.unknownApplied} of them carried out).`,
    `${jobs.acknowledged} jobs queued, ${jobs.handled} handled, ${jobs.waiting} still waiting, ${jobs.recovered} in the list of a consumer that was not told, ${jobs.reportedUnknown} gone where it was told that this is unknown.`,
  ].join(' ');
}

function latencies({ latency }: RoundReport): string {
  const all = `Latency p50 ${latency.p50} ms, p99 ${latency.p99} ms`;
  if (latency.otherShards === null) return `${all}.`;
  const { before, during } = latency.otherShards;
  return `${all}; on the shards that were not hit p99 ${before.p99} ms before the fault, ${during.p99} ms during it.`;
}

/** How alerts came and went; of a stack that is not monitored nothing is said. */
const alertList = ({ alerts }: RoundReport): string =>
  alerts === null
    ? ''
    : `<p class="soft">Alerts, counted from the fault: ${escapeText(alerts.map(alertText).join('; ') || 'none')}.</p>`;

function errorList({ errors }: RoundReport): string {
  if (errors.length === 0) return '';
  const rows = errors.map(({ shard, error, count }) => [
    String(count),
    escapeText(shard),
    `<code>${escapeText(error)}</code>`,
  ]);
  return `<details><summary>errors the application saw: ${errors.reduce((sum, { count }) => sum + count, 0)}</summary>${htmlTable([{ title: 'times', number: true }, { title: 'shard' }, { title: 'error' }], rows, 'Errors')}</details>`;
}

function lostLists({ verdict }: RoundReport): string {
  if (verdict === null) return '';
  const { lost, transactions, jobs } = verdict;
  return [
    lostList('lost', lost),
    lostList('transactions lost', transactions.lost),
    lostList('jobs lost', jobs.lost),
    lostList('jobs handled twice', jobs.twice),
    idList('transactions carried out twice', transactions.twice),
    idList('transactions carried out in part', transactions.inPart),
  ].join('');
}

const idList = (what: string, ids: readonly string[]): string =>
  ids.length === 0
    ? ''
    : `<details open><summary>${what}: ${ids.length}</summary><p><code>${ids.map(escapeText).join('<br>')}</code></p></details>`;

function lostList(what: string, entries: readonly Acknowledged[]): string {
  if (entries.length === 0) return '';
  const rows = entries.map(({ shard, key, id, acknowledgedAt }) => [
    escapeText(shard),
    `<code>${escapeText(key)}</code>`,
    `<code>${escapeText(id)}</code>`,
    duration(acknowledgedAt),
  ]);
  const columns = [
    { title: 'shard' },
    { title: 'key' },
    { title: 'id' },
    { title: 'acknowledged at', number: true },
  ];
  return `<details open><summary>${what}: ${entries.length}</summary>${htmlTable(columns, rows, what)}</details>`;
}

function subscriberTable({ subscribers }: RoundReport): string {
  if (subscribers.length === 0) return '';
  const rows = subscribers.map(({ subscriber, channel, shard, heard, twice, silence }) => [
    escapeText(subscriber),
    `<code>${escapeText(channel)}</code>`,
    escapeText(shard),
    String(heard),
    String(twice.length),
    silence === null ? 'for good' : duration(silence),
  ]);
  const columns = [
    { title: 'subscriber' },
    { title: 'channel' },
    { title: 'shard' },
    { title: 'heard', number: true },
    { title: 'twice', number: true },
    { title: 'longest silence', number: true },
  ];
  return `<details><summary>subscribers</summary>${htmlTable(columns, rows, 'Subscribers')}</details>`;
}

function connectionTable({ connections }: RoundReport): string {
  const rows = connections.map(({ connection, writes, reads, reconnects }) => [
    escapeText(connection),
    String(writes),
    String(reads),
    String(reconnects),
  ]);
  const columns = [
    { title: 'connection' },
    { title: 'failed writes', number: true },
    { title: 'failed reads', number: true },
    { title: 'made again', number: true },
  ];
  return `<details><summary>connections</summary>${htmlTable(columns, rows, 'Connections')}</details>`;
}

function eventTable({ timeline }: RoundReport): string {
  const rows = timeline.map(({ at, source, event, text }) => [
    `${(at / 1000).toFixed(3)} s`,
    escapeText(source),
    escapeText(event),
    escapeText(text),
  ]);
  const columns = [
    { title: 'time', number: true },
    { title: 'who' },
    { title: 'event' },
    { title: 'details' },
  ];
  return `<details><summary>${timeline.length} events on one clock</summary>${htmlTable(columns, rows, 'Events')}</details>`;
}
