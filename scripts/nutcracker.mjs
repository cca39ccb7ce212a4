#!/usr/bin/env node
// Runs the proxy of a checkout or of an installed package: with Bun when npm brought it, else with Node (same proxy, slower transport).
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiled = join(root, 'proxy', 'nutcracker.js');
const script = existsSync(compiled) ? compiled : join(root, 'proxy', 'nutcracker.ts');
const bun = findBun();
const typed = script === compiled ? [] : ['--import', import.meta.resolve('tsx')];
const [command, ...args] = bun === undefined ? [process.execPath, ...typed, script] : [bun, script];

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
  const bun = packageFolder('bun', import.meta.url);
  if (bun === undefined) return undefined;
  const architecture = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const native = packageFolder(`@oven/bun-${process.platform}-${architecture}`, join(bun, 'package.json'));
  const candidates = [native === undefined ? [] : join(native, 'bin/bun'), join(bun, 'bin/bun.exe')].flat();
  return candidates.find((file) => existsSync(file) && statSync(file).size > 1_000_000);
}

/** Folder of an npm package as a file sees it, wherever npm has put it. */
function packageFolder(name, from) {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}
