import type { WriteRecord } from './ledger.ts';

/** What a counter tells about the increments sent to it. */
export interface CounterVerdict {
  /** Ids of acknowledged increments that are gone. */
  readonly lost: readonly string[];
  /** Increments that were carried out more often than they were sent. */
  readonly duplicated: number;
  /** Increments of unknown outcome that were carried out. */
  readonly unknownApplied: number;
}

/**
 * Judges one counter by the replies of its one writer, who waits for each answer: besides the acknowledged increments
 * only those of unknown outcome before can have been carried out, at once or, out of some buffer, later. A reply that is
 * not larger than the last one, or a final value below the last reply, means that acknowledged increments are gone.
 *
 * @param writes all increments of the counter, in the order they were sent
 * @param final the counter at the end; undefined = the key is not there
 */
export function judgeCounter(writes: readonly WriteRecord[], final: number | undefined): CounterVerdict {
  const standing: WriteRecord[] = [];
  const lost: string[] = [];
  let duplicated = 0;
  let unknownApplied = 0;
  let value = 0;
  let open = 0;
  const advance = (to: number, own: number): void => {
    const extra = to - value - own;
    const late = Math.max(0, Math.min(extra, open));
    unknownApplied += late;
    open -= late;
    duplicated += Math.max(0, extra - late);
  };
  /** The counter went back: the newest acknowledged increments above `to` are gone. */
  const retreat = (to: number): void => {
    while (standing.length > 0 && (standing[standing.length - 1].reply ?? 0) > to)
      lost.push(standing.pop()?.id ?? '');
    value = to;
  };
  for (const write of writes) {
    if (write.outcome === 'unknown') open += 1;
    if (write.outcome !== 'acknowledged' || write.reply === undefined) continue;
    if (write.reply <= value) retreat(write.reply - 1);
    advance(write.reply, 1);
    value = write.reply;
    standing.push(write);
  }
  const end = final ?? 0;
  if (end < value) retreat(end);
  else advance(end, 0);
  return { lost, duplicated, unknownApplied };
}
