/** Runs inside a bare Debian container, started by apt.test.ts: installs the packages named as arguments and tells how. */
import { OperatorError } from '../../../scripts/errors.ts';
import { ensureDebianPackages, missingPackages } from '../../../scripts/prepare/apt.ts';

const names = process.argv.slice(2);
const lines: string[] = [];
const step = { progress: (line: string) => void lines.push(line), outcome: () => undefined };
try {
  const before = await missingPackages(names);
  const installed = await ensureDebianPackages(names, 'this test', step);
  const again = await ensureDebianPackages(names, 'this test', step);
  process.stdout.write(JSON.stringify({ before, installed, again, lines }));
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stdout.write(error.format());
  process.exitCode = error.exitCode;
}
