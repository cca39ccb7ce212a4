#!/usr/bin/env node
/** `npm run drill:all`: every drill on the stack of stack.yaml, then those that want a stack of their own. Arguments are the first ones'. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const run = (...args) => {
  const { status, signal, error } = spawnSync(process.execPath, args, { cwd: CHECKOUT, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (signal !== null) process.exit(1);
  return status;
};

const all = run('scripts/twemstack.mjs', 'drill', '--all', ...process.argv.slice(2));
// 0 and 1 are findings; with anything else there was nothing to drill.
if (all > 1) process.exit(all);
if (process.getuid?.() !== 0) {
  process.stderr.write('`npm run drill:own` is left out: it needs root\n');
  process.exit(all);
}
process.exitCode = Math.max(all, run('--import=tsx', 'tools/drills/main.ts'));
