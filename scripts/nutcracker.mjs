#!/usr/bin/env node
// Runs the proxy from a checkout: with Bun when npm brought it, else with Node (same proxy, slower transport).
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const script = join(root, 'proxy', 'nutcracker.ts');
const bun = findBun();
const [command, ...args] =
  bun === null ? [process.execPath, '--import', import.meta.resolve('tsx'), script] : [bun, script];

const child = spawn(command, [...args, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU']) {
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  process.stderr.write(`nutcracker: cannot run ${command}: ${error.message}\n`);
  process.exit(3);
});
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));

/** The real binary: npm may have left a placeholder of a few bytes where install scripts do not run. */
function findBun() {
  const modules = join(root, 'node_modules');
  const candidates = [
    join(modules, '@oven', `bun-${process.platform}-${process.arch}`, 'bin', 'bun'),
    join(modules, 'bun', 'bin', 'bun.exe'),
  ];
  return candidates.find((file) => existsSync(file) && statSync(file).size > 1_000_000) ?? null;
}
