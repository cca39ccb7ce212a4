/** How many tests came out how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Skipped or marked as still to do: a test that does not test. */
  readonly skipped: number;
}

/** The summary that node's TAP reporter writes at its very end (`# pass 12` …); undefined when there is none. */
export function readTapSummary(tap: string): Counts | undefined {
  const value = (name: string): number | undefined => {
    const all = [...tap.matchAll(new RegExp(`^# ${name} (\\d+)$`, 'gm'))];
    return all.length === 0 ? undefined : Number(all[all.length - 1][1]);
  };
  const [passed, failed, cancelled] = [value('pass'), value('fail'), value('cancelled')];
  const [skipped, todo] = [value('skipped'), value('todo')];
  if (passed === undefined || failed === undefined) return undefined;
  return { passed, failed: failed + (cancelled ?? 0), skipped: (skipped ?? 0) + (todo ?? 0) };
}

/** Why a group that ended is not good, as a sentence; undefined when it is. */
export function verdict(counts: Counts | undefined, exitCode: number): string | undefined {
  if (counts === undefined) return 'the test runner left no summary';
  if (counts.failed > 0) return `${counts.failed} failed`;
  if (counts.passed === 0) return 'it ran no test';
  if (counts.skipped > 0) return `${counts.skipped} skipped or to do: a test that cannot run here must fail`;
  return exitCode === 0 ? undefined : `the test runner ended with ${exitCode}`;
}
