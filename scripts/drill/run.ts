import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { Redis } from 'ioredis';
import type { Credentials, Plan } from '../../topology/types.ts';
import { passGate } from '../deploy/gate.ts';
import type { Reporter, Step } from '../report/steps.ts';
import type { Drill, Injected } from './drill.ts';
import { type Ledger, longestOutage } from './ledger.ts';
import { Load } from './load.ts';
import { readBack, removeTraces } from './read-back.ts';
import { type DrillReport, makeReport } from './report.ts';
import { Timeline } from './timeline.ts';

export interface RunOptions {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** Load before the fault, so that there is a normal to compare with. */
const BEFORE_MS = 2000;
/** Load after writes flow again, so that a relapse shows. */
const AFTER_MS = 2000;
/** The longest a fault is watched when writes do not come back. */
const WATCH_MS = 30_000;
const REDUNDANCY_MS = 60_000;
const WRITERS_PER_SHARD = 2;
const RATE = 100;

/** One round of one drill: load, fault, recovery, restoration, judgement. The stack is whole again when it returns. */
export async function runDrill(drill: Drill, options: RunOptions): Promise<DrillReport> {
  const { plan, credentials, engine, reporter, signal } = options;
  const timeline = await Timeline.start(plan, credentials);
  const load = new Load({
    plan,
    pool: plan.pools[0],
    password: credentials.application,
    run: randomBytes(4).toString('hex'),
    writersPerShard: WRITERS_PER_SHARD,
    rate: RATE,
  });
  let injected: Injected | undefined;
  let stopped = false;
  try {
    return await reporter.step(`drill ${drill.name}`, async (step) => {
      step.progress('load through the VIP');
      await load.start();
      await delay(BEFORE_MS);
      injected = await drill.inject({ plan, credentials, engine, timeline, step });
      await watchRecovery(load.ledger, injected, plan, signal, step);
      step.progress(`bringing ${injected.member} back`);
      await injected.undo();
      const undoneAt = performance.now();
      const gate = { plan, credentials, engine, signal, patienceMs: REDUNDANCY_MS, progress: step.progress };
      const status = await passGate({ ...gate, domains: new Set(plan.domains.map(({ name }) => name)) });
      const wholeAt = performance.now();
      await delay(AFTER_MS);
      stopped = true;
      const ledger = await load.stop();
      step.progress('reading every write back');
      const found = await readBack(plan, credentials, status, ledger, plan.pools[0].redisDb);
      await cleanUp(plan, credentials, ledger);
      const report = makeReport({
        drill,
        plan,
        ledger,
        found,
        timeline,
        injected,
        undoneAt,
        wholeAt,
        signal,
      });
      step.outcome(report.summary);
      return report;
    });
  } finally {
    await injected?.undo();
    if (!stopped) await load.stop();
    timeline.stop();
  }
}

/** Returns when every shard takes writes again after the fault, or when it is clear that one does not. */
async function watchRecovery(
  ledger: Ledger,
  injected: Injected,
  plan: Plan,
  signal: AbortSignal,
  step: Step,
): Promise<void> {
  const hit = injected.shard ?? plan.shards[0].name;
  const settled = (): boolean => {
    const outage = longestOutage(ledger, hit, injected.at);
    const since = performance.now() - injected.at;
    // Writes that were under way at the moment of the fault may still be answered: wait past them.
    return (
      outage !== undefined &&
      outage.firstAfter - outage.lastBefore > 300 &&
      since > outage.firstAfter + AFTER_MS
    );
  };
  while (!settled() && performance.now() - injected.at < WATCH_MS && !signal.aborted) {
    step.progress(`watching ${hit} (${Math.round(performance.now() - injected.at)} ms after the fault)`);
    await delay(50);
  }
}

async function cleanUp(plan: Plan, credentials: Credentials, ledger: Ledger): Promise<void> {
  const client = new Redis({ host: plan.vip, port: plan.pools[0].listen, password: credentials.application });
  try {
    await removeTraces(client, ledger);
  } finally {
    client.disconnect();
  }
}
