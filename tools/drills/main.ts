/** `npm run drill:own`: drills on a stack of their own, on an engine of its own: what no stack that somebody uses is for. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, InputError, OperatorError, tellOperator } from '../../scripts/errors.ts';
import { runOnOwnStack } from '../own-stack.ts';

const USAGE = `usage: npm run drill:own [-- --keys N] [--html FILE] [--json]

Two drills on a stack of its own, on an engine of its own (as in npm test; root and the Debian packages of npm test):

  alerts    the stack is monitored: what is broken raises its alerts, and they go again
  restore   it is filled, backed up, removed with its volumes and passwords, made again and restored: no key is lost, and
            how many minutes that takes

  --keys N      how many keys are lost and got back (default 100000)
  --html FILE   the report of drill alerts (default drill-report-alerts.html)
  --json        one document on stdout: alerts (docs/drill-report.md), restore
  --help

Exit codes: 0 every promise kept, 1 one was broken, 2 bad input.
`;

const STACK_FILE = `name: drilled
vip: 198.18.77.100
network: 198.18.77.0/24
sentinel: { down_after: 1s }
monitoring: on
`;
const MOST_KEYS = 1_000_000;

function optionsOf(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        keys: { type: 'string', default: '100000' },
        html: { type: 'string', default: 'drill-report-alerts.html' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const keys = Number(values.keys);
    if (Number.isInteger(keys) && keys > 0 && keys <= MOST_KEYS) return { ...values, keys };
    throw new InputError(`--keys "${values.keys}" is not a whole number from 1 to ${MOST_KEYS}`);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new InputError((error as Error).message, { remedy: '`npm run drill:own -- --help`' });
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { help, json, keys, html } = optionsOf(args);
  if (help) {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  const words = [String(keys), resolve(html), ...(json ? ['--json'] : [])];
  return await runOnOwnStack('tools/drills/on-stack.ts', words, STACK_FILE);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = tellOperator(error);
}
