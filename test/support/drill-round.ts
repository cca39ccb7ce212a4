import assert from 'node:assert/strict';
import { DRILLS } from '../../scripts/drill/catalogue.ts';
import type { Injected } from '../../scripts/drill/drill.ts';
import { Ledger, type ReadRecord, type WriteRecord } from '../../scripts/drill/load/ledger.ts';
import { type DrillDocument, makeDocument } from '../../scripts/drill/report/document.ts';
import { makeRound, type RoundReport } from '../../scripts/drill/report/round.ts';
import { Timeline } from '../../scripts/drill/watch/timeline.ts';
import { planOf } from './stack-fixture.ts';

export const plan = planOf('name: alpha\nvip: 198.18.0.100\n');
/** The same, and the master's word is enough for an acknowledgement. */
export const hasty = planOf('name: alpha\nvip: 198.18.0.100\npools: { alpha: { wait_replicas: 0 } }\n');

export interface RoundCase {
  readonly writes?: ReadonlyArray<Partial<WriteRecord>>;
  readonly reads?: ReadonlyArray<Partial<ReadRecord>>;
  readonly spans?: Parameters<typeof makeRound>[0]['spans'];
  readonly drill?: string;
  readonly wholeAt?: number;
  readonly undoneAt?: number;
  readonly injected?: Partial<Injected>;
  /** Acknowledged writes that end from here to there are not found afterwards. */
  readonly lost?: readonly [number, number];
  readonly of?: typeof plan;
  readonly timeline?: Timeline;
  readonly alerts?: Parameters<typeof makeRound>[0]['alerts'];
  readonly held?: boolean;
  /** Adds to what the load did, and to what is found afterwards. */
  readonly besides?: (
    ledger: Ledger,
    found: { lists: Map<string, string[]>; counters: Map<string, number> },
  ) => void;
}

/** A round with the fault at 1000 ms, of which a test says only what it is about. */
export function roundOf({
  writes = [],
  reads = [],
  spans,
  drill = 'kill-master',
  wholeAt = 6000,
  undoneAt = 5000,
  injected,
  lost,
  of = plan,
  timeline = new Timeline(),
  alerts,
  held = false,
  besides,
}: RoundCase): RoundReport {
  const ledger = new Ledger();
  const values = new Map<string, string>();
  for (const [n, change] of writes.entries()) {
    const write: WriteRecord = {
      kind: 'set',
      shard: 'shard-1',
      connection: `${change.shard ?? 'shard-1'}/w0`,
      key: `k${n}`,
      id: `i${n}`,
      sentAt: (change.endedAt ?? 0) - 1,
      endedAt: 0,
      outcome: 'acknowledged',
      ...change,
    };
    ledger.writes.push(write);
    ledger.reconnects.set(write.connection, 0);
    const isLost = lost !== undefined && write.endedAt >= lost[0] && write.endedAt <= lost[1];
    if (write.outcome === 'acknowledged' && !isLost) values.set(write.key, write.id);
  }
  for (const change of reads) {
    const read = { shard: 'shard-1', connection: 'shard-1/r0', sentAt: 0, endedAt: 1, ok: true };
    ledger.reads.push({ ...read, stale: false, backwards: false, ...change });
  }
  ledger.endedAt = (writes.at(-1)?.endedAt ?? 0) + 1;
  const others = { lists: new Map<string, string[]>(), counters: new Map<string, number>() };
  besides?.(ledger, others);
  const found = DRILLS.find(({ name }) => name === drill) ?? assert.fail();
  return makeRound({
    drill: found,
    plan: of,
    round: 1,
    startedAt: new Date(0),
    ledger,
    timeline,
    readBack: { masters: { values, ...others }, differing: [] },
    spans,
    alerts,
    held,
    injected: { at: 1000, members: ['alpha-shard-1-a'], shard: 'shard-1', ...injected },
    undoingFrom: undoneAt,
    undoneAt,
    wholeAt,
    interrupted: false,
    stall: 3,
  });
}

export const documentOf = (
  rounds: readonly RoundReport[],
  change: Partial<Parameters<typeof makeDocument>[0]> = {},
): DrillDocument =>
  makeDocument({
    stack: 'alpha',
    startedAt: new Date(0),
    seed: null,
    interrupted: false,
    problem: null,
    leftOut: [],
    shrunk: null,
    rounds,
    drills: [],
    ...change,
  });
