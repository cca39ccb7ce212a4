import { type Acknowledged, counted } from './judged.ts';
import type { Found, JobRecord, Ledger, Outcome, TakeRecord } from './ledger.ts';

/** What became of the jobs of a run. */
export interface JobVerdict {
  /** Put into a queue: answered with its length, "not executed", or anything else. */
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** Given to a consumer. */
  readonly handled: number;
  /** Still in a queue at the end. */
  readonly waiting: number;
  /** In the list of what a consumer is at, without its having been told: it finds them there. */
  readonly recovered: number;
  /** Acknowledged, and gone: in no queue, in no such list, given to nobody. */
  readonly lost: readonly Acknowledged[];
  /** Gone, where a consumer was told that it is unknown whether its BLPOP took one; at most one for each of these. */
  readonly reportedUnknown: number;
  /** Given to a consumer twice, or, after it was given to one, there to be given to another. */
  readonly twice: readonly Acknowledged[];
  /** Refused (the producer was told "not executed"), and there or handled all the same. */
  readonly refusedHandled: readonly string[];
}

/**
 * Where BLMOVE takes a job it is in the queue or in the consumer's list, never in both or neither; whatever becomes of an
 * answer, so nothing there may be unknown. What BLPOP takes is with who was answered alone: when the answer is lost with
 * its connection, or the server's with the master, one job may be, and that is what the consumer is told. Pure.
 */
export function judgeJobs({ jobs, takes }: Ledger, found: Found): JobVerdict {
  const of = (outcome: Outcome): JobRecord[] => jobs.filter((job) => job.outcome === outcome);
  const queues = [...new Set(jobs.map(({ queue }) => queue))];
  const parts = queues.map((queue) =>
    judgeQueue(
      jobs.filter((job) => job.queue === queue),
      takes.filter((take) => take.queue === queue),
      found,
    ),
  );
  return {
    acknowledged: of('acknowledged').length,
    refused: of('refused').length,
    unknown: of('unknown').length,
    handled: takes.filter(({ job }) => job !== undefined).length,
    waiting: queues.reduce((sum, queue) => sum + (found.lists.get(queue)?.length ?? 0), 0),
    recovered: parts.reduce((sum, { recovered }) => sum + recovered, 0),
    lost: parts.flatMap(({ lost }) => lost),
    reportedUnknown: parts.reduce((sum, { reportedUnknown }) => sum + reportedUnknown, 0),
    twice: parts.flatMap(({ twice }) => twice),
    refusedHandled: parts.flatMap(({ refusedHandled }) => refusedHandled),
  };
}

type QueueVerdict = Pick<JobVerdict, 'recovered' | 'lost' | 'reportedUnknown' | 'twice' | 'refusedHandled'>;

function judgeQueue(jobs: readonly JobRecord[], takes: readonly TakeRecord[], found: Found): QueueVerdict {
  const waiting = counted(jobs.length === 0 ? [] : (found.lists.get(jobs[0].queue) ?? []));
  const lists = [...new Set(takes.flatMap(({ processing }) => processing ?? []))];
  const kept = counted(lists.flatMap((key) => found.lists.get(key) ?? []));
  const given = counted(takes.flatMap(({ job }) => job ?? []));
  const popped = counted(
    takes.flatMap(({ job, processing }) => (processing === undefined ? (job ?? []) : [])),
  );
  const count = (from: ReadonlyMap<string, number>, { id }: JobRecord): number => from.get(id) ?? 0;
  /** In how many places it is, or went. */
  const places = (job: JobRecord): number => count(waiting, job) + count(kept, job) + count(popped, job);
  const gone = jobs.filter((job) => job.outcome === 'acknowledged' && places(job) === 0);
  const unknownTakes = takes.filter(
    ({ outcome, processing, askedAgain }) =>
      processing === undefined && (outcome === 'unknown' || askedAgain),
  ).length;
  const reportedUnknown = Math.min(gone.length, unknownTakes);
  const isTwice = (job: JobRecord): boolean =>
    places(job) > 1 || count(given, job) > 1 || (count(given, job) > 0 && count(waiting, job) > 0);
  return {
    recovered: jobs.filter((job) => count(kept, job) > 0 && count(given, job) === 0).length,
    // which of them went with an unknown answer nobody can tell
    lost: gone.slice(reportedUnknown).map(told),
    reportedUnknown,
    twice: jobs.filter(isTwice).map(told),
    refusedHandled: jobs
      .filter((job) => job.outcome === 'refused' && places(job) + count(given, job) > 0)
      .map(({ id }) => id),
  };
}

const told = ({ id, queue, shard, endedAt }: JobRecord): Acknowledged => ({
  id,
  key: queue,
  shard,
  acknowledgedAt: endedAt,
});
