import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import { assess, type Problem } from '../observe/assess.ts';
import { lastLogLines } from '../observe/engine.ts';
import { collectStatus, type StackStatus } from '../observe/status.ts';

export interface GateOptions {
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  /** Domains that must be whole. */
  readonly domains: ReadonlySet<string>;
  /** Whether others have their turn only after these. */
  readonly later?: boolean;
  /**
   * Sentinels learn of a new replica from an INFO. They ask every 0.7 s as the image sets them up, every 10 s if that
   * failed, so less than 20 s would be unfair.
   */
  readonly patienceMs: number;
  readonly progress: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

const POLL_MS = 400;

/** What to do about a deployment that was interrupted, wherever that was. */
export const AFTER_INTERRUPT =
  '`twemstack up` completes it, `twemstack down` removes it, `twemstack status` shows it';

/**
 * Waits until the given domains are whole and returns the status that proved it.
 *
 * @throws NotSoError naming each member that is not, why, its last log lines, and what to do.
 */
export async function passGate(options: GateOptions): Promise<StackStatus> {
  const deadline = performance.now() + options.patienceMs;
  for (;;) {
    const status = await collectStatus(options.plan, options.credentials, options.engine);
    const problems = assess(options.plan, status, options.domains);
    if (problems.length === 0) return status;
    if (options.signal?.aborted === true)
      throw new NotSoError('interrupted while waiting for the stack to be whole', {
        where: options.plan.name,
        remedy: AFTER_INTERRUPT,
      });
    if (performance.now() > deadline) throw await gateFailure(options, problems);
    options.progress(`waiting: ${problems[0].subject} ${problems[0].what}${more(problems)}`);
    await delay(POLL_MS);
  }
}

const more = (problems: readonly Problem[]): string =>
  problems.length > 1 ? ` (+${problems.length - 1} more)` : '';

async function gateFailure(options: GateOptions, problems: readonly Problem[]): Promise<NotSoError> {
  const members = [...new Set(problems.flatMap(({ member }) => member ?? []))].slice(0, 3);
  const logs = await Promise.all(members.map((member) => quoteLog(options.engine, member)));
  const list = problems.map(({ subject, what }) => `    ${subject}: ${what}`).join('\n');
  const seconds = Math.round(options.patienceMs / 1000);
  return new NotSoError(
    `not whole after ${seconds} s:\n${list}${logs.length > 0 ? `\n${logs.join('\n')}` : ''}`,
    {
      where: [...options.domains].map((domain) => `${options.plan.name}-${domain}`).join(', '),
      remedy:
        `${options.later === true ? 'the later domains were not touched; ' : ''}` +
        '`twemstack status` shows how it stands now, `twemstack logs <member>` the rest, `twemstack doctor` what mends it; ' +
        'mend the cause, or take the change back in stack.yaml, and run the same command again; `twemstack down` removes ' +
        'what stands',
    },
  );
}

async function quoteLog(engine: Docker, member: string): Promise<string> {
  try {
    const lines = await lastLogLines(engine, member, 8);
    return `  last lines of ${member}:\n${lines.map((line) => `    | ${line}`).join('\n')}`;
  } catch (error) {
    return `  no log of ${member}: ${(error as Error).message}`;
  }
}
