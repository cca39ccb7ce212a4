/** `npm test`: every group, or the ones named as arguments; the last line of stdout is `N passed, N failed`. */
import { EXIT, InputError, tellOperator } from '../../scripts/errors.ts';
import { ensureDebianPackages } from '../../scripts/prepare/apt.ts';
import { consoleReporter, seconds } from '../../scripts/report/steps.ts';
import { DEBIAN_PACKAGES, GROUPS, type Group } from './groups.ts';
import { type GroupResult, STDOUT } from './run-group.ts';
import { runTurn, turnsOf } from './turns.ts';

function chosenGroups(names: readonly string[]): readonly Group[] {
  const unknown = names.find((name) => !GROUPS.some((group) => group.name === name));
  if (unknown !== undefined) {
    throw new InputError(`there is no group of tests "${unknown}"`, {
      where: 'argument',
      remedy: `choose from ${GROUPS.map(({ name }) => name).join(', ')}; none = all`,
    });
  }
  return names.length === 0 ? GROUPS : GROUPS.filter(({ name }) => names.includes(name));
}

function help(): string {
  const lines = GROUPS.map(({ name, about }) => `  ${name.padEnd(13)} ${about}`);
  return `usage: npm test [-- GROUP…]\n\n${lines.join('\n')}\n`;
}

async function installPackages(groups: readonly Group[]): Promise<void> {
  if (!groups.some((group) => group.kind === 'files' && group.daemons)) return;
  await consoleReporter().step('Debian packages', async (step) => {
    const installed = await ensureDebianPackages(DEBIAN_PACKAGES, 'the tests', step);
    step.outcome(installed.length === 0 ? 'all there' : `installed ${installed.join(', ')}`);
  });
}

function table(results: readonly GroupResult[]): string {
  return results
    .map(({ group, counts, milliseconds, complaint }) => {
      const time = seconds(milliseconds).padStart(7);
      return `  ${complaint === undefined ? '✓' : '✗'} ${group.padEnd(13)} ${time}  ${counts.passed} passed, ${counts.failed} failed${complaint === undefined ? '' : `: ${complaint}`}`;
    })
    .join('\n');
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help());
    return EXIT.done;
  }
  const groups = chosenGroups(args);
  await installPackages(groups);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const results: GroupResult[] = [];
  for (const turn of turnsOf(groups)) {
    if (interrupted.signal.aborted) break;
    results.push(...(await runTurn(turn, interrupted.signal, STDOUT)));
  }
  if (groups.some((group) => group.kind === 'files' && group.daemons)) {
    await (await import('../../test/support/engine.ts')).endAbandonedTestEngine();
  }
  const passed = results.reduce((sum, { counts }) => sum + counts.passed, 0);
  const failed = results.reduce((sum, { counts }) => sum + counts.failed, 0);
  process.stdout.write(`\n${table(results)}\n\n${passed} passed, ${failed} failed\n`);
  return failed === 0 && results.length === groups.length ? EXIT.done : EXIT.notSo;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = tellOperator(error);
}
