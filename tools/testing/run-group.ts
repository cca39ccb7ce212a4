import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { CHECKOUT } from '../../scripts/stack/home.ts';
import { type Counts, readTapSummary, verdict } from './counts.ts';
import type { CheckGroup, FileGroup, Group } from './groups.ts';

const NAMING_MS = 10_000;
/** File descriptor of what this process prints. */
export const STDOUT = 1;

export interface GroupResult {
  readonly group: string;
  readonly counts: Counts;
  readonly milliseconds: number;
  /** Why it is not good; undefined when it is. */
  readonly complaint: string | undefined;
}

/**
 * Runs one group and tells how it came out. A group ended by its limit has failed.
 *
 * @param output file descriptor of what it prints
 */
export async function runGroup(group: Group, signal: AbortSignal, output: number): Promise<GroupResult> {
  const started = Date.now();
  const run = { group, signal, output };
  const result = group.kind === 'check' ? await runCheck(group, run) : await runFiles(group, run);
  return { group: group.name, milliseconds: Date.now() - started, ...result };
}

interface Run {
  readonly group: Group;
  readonly signal: AbortSignal;
  readonly output: number;
}

type Outcome = Pick<GroupResult, 'counts' | 'complaint'>;

async function runCheck(group: CheckGroup, run: Run): Promise<Outcome> {
  const [program, ...args] = group.command;
  const { exitCode, late } = await runChild(join('node_modules/.bin', program), args, run);
  if (exitCode === 0) return { counts: { passed: 1, failed: 0, skipped: 0 }, complaint: undefined };
  return {
    counts: { passed: 0, failed: 1, skipped: 0 },
    complaint: late ?? `${group.command.join(' ')} ended with ${exitCode}`,
  };
}

async function runFiles(group: FileGroup, run: Run): Promise<Outcome> {
  const files = testFiles(join(CHECKOUT, 'test', group.name));
  if (files.length === 0) {
    return {
      counts: { passed: 0, failed: 1, skipped: 0 },
      complaint: `there is no test in test/${group.name}`,
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-tests-'));
  const summary = join(folder, 'summary.tap');
  const args = [
    '--import=tsx',
    '--test',
    `--test-concurrency=${group.concurrency}`,
    // Counts for a whole file too: what hangs is named by the runner, a little before the group is ended.
    `--test-timeout=${group.limitMinutes * 60_000 - NAMING_MS}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${summary}`,
    ...files.map((file) => relative(CHECKOUT, file)),
  ];
  try {
    const { exitCode, late } = await runChild(process.execPath, args, run);
    const counts = late === undefined ? readTapSummary(readFileSync(summary, 'utf8')) : undefined;
    const complaint = late ?? verdict(counts, exitCode);
    // Whatever is not good shows in the final figures, also when the runner itself counted no failure.
    const failed = Math.max(counts?.failed ?? 0, complaint === undefined ? 0 : 1);
    return { counts: { passed: counts?.passed ?? 0, failed, skipped: counts?.skipped ?? 0 }, complaint };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function testFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    return [];
  }
}

/** Runs a child in a process group of its own, so that one signal reaches all that the tests started. */
function runChild(
  program: string,
  args: readonly string[],
  { group, signal, output }: Run,
): Promise<{ exitCode: number; late?: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: CHECKOUT,
      stdio: ['ignore', output, output === STDOUT ? 'inherit' : output],
      detached: true,
    });
    let late: string | undefined;
    const end = (why: string): void => {
      late = why;
      endGroup(child);
    };
    const timer = setTimeout(
      () => end(`not done after ${group.limitMinutes} min`),
      group.limitMinutes * 60_000,
    );
    const interrupt = (): void => end('interrupted');
    signal.addEventListener('abort', interrupt, { once: true });
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      resolve({ exitCode: code ?? 1, late });
    });
  });
}

const GRACE_MS = 10_000;

function endGroup(child: ChildProcess): void {
  const send = (name: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid as number), name);
    } catch {
      // Nobody of the group is left.
    }
  };
  send('SIGTERM');
  setTimeout(() => send('SIGKILL'), GRACE_MS).unref();
}
