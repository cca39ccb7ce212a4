import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type Docker from 'dockerode';
import { execa } from 'execa';
import { passGate } from '../../scripts/deploy/gate.ts';
import { lengthOf, newcomerGap, worstConnectionGap } from '../../scripts/drill/load/gaps.ts';
import { judge } from '../../scripts/drill/load/judge.ts';
import { Load } from '../../scripts/drill/load/load.ts';
import { readBack, removeTraces } from '../../scripts/drill/load/read-back.ts';
import { failuresPerConnection } from '../../scripts/drill/report/promises.ts';
import { Timeline } from '../../scripts/drill/watch/timeline.ts';
import { startWatching } from '../../scripts/drill/watch/watch.ts';
import { collectStatus, type StackStatus } from '../../scripts/observe/status.ts';
import type { Step } from '../../scripts/report/steps.ts';
import type { Credentials, Plan } from '../../topology/types.ts';
import type { Attack } from './attack.ts';
import type { Guise, Target } from './attacker.ts';
import { type Canaries, removeKeys } from './canaries.ts';
import type { Order, Told } from './inside.ts';
import { resourcesOf } from './resources.ts';
import { type AttackReport, LIMITS, type Seen, settled, successes } from './verdict.ts';

export interface RoundOptions {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  readonly target: Target;
  /** Pid of a process in the network of an application's container. */
  readonly applicationPid: number;
  readonly canaries: Canaries;
  /** Factor on the limits of time. */
  readonly room: number;
  readonly step: Step;
}

const INSIDE = fileURLToPath(new URL('inside.ts', import.meta.url));
/** Everybody's life before the attack, and after it. */
const AROUND_MS = 1000;
/** On top of an attack's own time, to start and to tell. */
const PATIENCE_MS = 20_000;
/** How long what was allocated may take to be given back. */
const SETTLE_MS = 30_000;
const WHOLE_MS = 45_000;

/** One attack in one guise, with everybody watched. */
export async function attackOnce(attack: Attack, guise: Guise, options: RoundOptions): Promise<AttackReport> {
  const { plan, credentials, engine, step, room } = options;
  const began = performance.now();
  const timeline = new Timeline();
  const before = await resourcesOf(plan, engine);
  const masters = mastersOf(await collectStatus(plan, credentials, engine));
  const watchers = await startWatching({ plan, credentials, engine, timeline });
  const load = bystander(options);
  try {
    await load.start();
    await delay(AROUND_MS);
    const from = performance.now();
    step.progress(`${attack.name} as ${guise}`);
    const prefix = `attack:${randomBytes(4).toString('hex')}:`;
    const told = await meanwhile(attack, options, () => send(attack, guise, prefix, options));
    await delay(AROUND_MS);
    const ledger = await load.stop();
    const window = { from, until: ledger.endedAt, end: ledger.endedAt };
    const shards = plan.shards.map(({ name }) => name);
    const failures = failuresPerConnection(ledger);
    step.progress('whole again by itself?');
    const { status, problem } = await awaitWhole(options);
    await removeKeys(plan, credentials, prefix);
    const found =
      status && (await readBack({ plan, credentials, status, ledger, db: plan.pools[0].redisDb }));
    step.progress('memory and descriptors as before?');
    const after = await awaitSettled(options, before);
    const seen: Seen = {
      outcome: told ?? { did: 'was ended', got: [] },
      endedByForce: told === undefined,
      pauseMs: gapOf(worstConnectionGap(ledger, shards, window)),
      newcomerMs: gapOf(newcomerGap(ledger, window)),
      failures: failures.reduce((all, { writes, reads }) => all + writes + reads, 0),
      cut: failures.reduce((all, { reconnects }) => all + reconnects, 0),
      events: timeline.events.flatMap(({ at, source, event, text }) =>
        at >= from && source === 'engine' && /^(die|oom|start)$/.test(event) ? [`${event} ${text}`] : [],
      ),
      promoted: timeline.events.flatMap(({ at, event, text, source }) =>
        at >= from && event === 'role' && text === 'master' && !masters.has(source) ? [source] : [],
      ),
      before,
      after,
      data: found && judge(ledger, found.masters),
      changedKeys: status === undefined ? [] : await options.canaries.changed(),
      disclosed: disclosedIn(told?.heard ?? '', credentials, guise),
      notWhole: problem,
    };
    if (status !== undefined)
      await removeTraces(plan, credentials.application, ledger, load.otherKeys).catch(() => undefined);
    return {
      attack: attack.name,
      tries: attack.tries,
      as: guise,
      did: seen.outcome.did,
      succeeded: successes(seen, { ...LIMITS, ...attack.limits }, room),
      pauseMs: finite(seen.pauseMs),
      newcomerMs: finite(seen.newcomerMs),
      memoryLeft: Math.max(
        0,
        ...[...after].map(([name, now]) => now.memory - (before.get(name)?.memory ?? 0)),
      ),
      elapsedMs: Math.round(performance.now() - began),
    };
  } finally {
    await load.stop();
    watchers.end();
  }
}

/** Another application of the same stack, which wants nothing but to be served. */
function bystander({ plan, credentials }: RoundOptions): Load {
  return new Load({
    plan,
    pool: plan.pools[0],
    password: credentials.application,
    run: randomBytes(4).toString('hex'),
    writersPerShard: 2,
    rate: 50,
    asksAgain: false,
    families: false,
  });
}

/** Runs the attack in the container's network; undefined = it had to be ended. */
async function send(
  attack: Attack,
  guise: Guise,
  prefix: string,
  { target, applicationPid }: RoundOptions,
): Promise<Told | undefined> {
  const known = guise === 'application' ? target : { ...target, password: undefined };
  const order: Order = { attack: attack.name, guise, target: known, prefix };
  const command = [`--net=/proc/${applicationPid}/ns/net`, process.execPath, '--import=tsx', INSIDE];
  const result = await execa('nsenter', command, {
    input: JSON.stringify(order),
    reject: false,
    timeout: attack.seconds * 1000 + PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  if (result.timedOut) return undefined;
  if (result.exitCode !== 0) throw new Error(`the attack ${attack.name} has a mistake: ${result.stderr}`);
  return JSON.parse(result.stdout) as Told;
}

/** Does by itself what the attack counts on: a replica that hangs is nothing that an application needs to do. */
async function meanwhile<T>(
  attack: Attack,
  { plan, credentials, engine }: RoundOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (attack.meanwhile === undefined) return work();
  const masters = mastersOf(await collectStatus(plan, credentials, engine));
  const replicas = plan.shards.flatMap(({ members }) => members.find(({ name }) => !masters.has(name)) ?? []);
  const containers = replicas.map(({ name }) => engine.getContainer(name));
  await Promise.all(containers.map((container) => container.pause()));
  try {
    return await work();
  } finally {
    await Promise.allSettled(containers.map((container) => container.unpause()));
  }
}

function mastersOf(status: StackStatus): ReadonlySet<string> {
  return new Set(
    status.members.filter(({ redis }) => redis?.role === 'master').map(({ member }) => member.name),
  );
}

async function awaitWhole({
  plan,
  credentials,
  engine,
  step,
}: RoundOptions): Promise<{ status?: StackStatus; problem?: string }> {
  const domains = new Set(plan.domains.map(({ name }) => name));
  try {
    return {
      status: await passGate({
        plan,
        credentials,
        engine,
        domains,
        patienceMs: WHOLE_MS,
        progress: step.progress,
      }),
    };
  } catch (error) {
    return { problem: (error as Error).message.split('\n').slice(0, 4).join(' ') };
  }
}

async function awaitSettled({ plan, engine }: RoundOptions, before: Seen['before']): Promise<Seen['after']> {
  for (const deadline = performance.now() + SETTLE_MS; ; await delay(500)) {
    const after = await resourcesOf(plan, engine);
    if (settled({ before, after }).length === 0 || performance.now() > deadline) return after;
  }
}

/** An attacker with the application's password may hear that one; nobody may hear any other. */
function disclosedIn(heard: string, credentials: Credentials, guise: Guise): string[] {
  return Object.entries(credentials).flatMap(([account, password]) =>
    heard.includes(password) && !(guise === 'application' && account === 'application') ? [account] : [],
  );
}

const gapOf = (gap: Parameters<typeof lengthOf>[0] | undefined): number =>
  gap === undefined ? 0 : lengthOf(gap);
const finite = (ms: number): number | null => (Number.isFinite(ms) ? Math.round(ms) : null);
