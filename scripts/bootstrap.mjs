/**
 * Makes a fresh clone runnable: runs `npm ci` when node_modules does not match package-lock.json, then runs a TypeScript entry in
 * this process. Plain JavaScript without dependencies, because it runs before there are any.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { surviveClosedOutput } from './closed-output.mjs';
import { lock } from './process-lock.mjs';

/** The checkout this file lies in, or `lib` of an installed package. */
export const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const ENVIRONMENT_LACKS = 3;
const PROGRESS_MS = 5000;
/**
 * Commands that `npx NAME` finds. Not as `bin` in package.json: npm links none of a project's own, and npx would install
 * the checkout first. package.json's `prepare`, which ends each `npm ci` and `npm install`, makes these links.
 */
const COMMANDS = ['twemstack', 'nutcracker'];

/** Ends with exit code 3 and a sentence that says what to do. */
function refuse(what, where, remedy) {
  process.stderr.write(`error: ${what}\n  where: ${where}\n  do:    ${remedy}\n`);
  process.exit(ENVIRONMENT_LACKS);
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** What node_modules must have been made from: the lock file's bytes, for this platform. */
function wantedStamp(root) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  return hash.update(`${process.platform} ${process.arch}`).digest('hex');
}

/**
 * Whether npm itself has already installed exactly what the lock file says: npm keeps a list of what lies in
 * node_modules and writes it last. Spares a second install after somebody's own `npm ci` or `npm install`.
 */
function installedByHand(root) {
  const found = readText(join(root, 'node_modules/.package-lock.json'));
  if (found === undefined) return false;
  try {
    const installed = JSON.parse(found).packages;
    const { '': _project, ...wanted } = JSON.parse(
      readFileSync(join(root, 'package-lock.json'), 'utf8'),
    ).packages;
    return Object.entries(wanted).every(([path, entry]) =>
      installed[path] === undefined
        ? entry.optional === true || entry.peer === true
        : installed[path].version === entry.version && installed[path].integrity === entry.integrity,
    );
  } catch {
    return false;
  }
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(0)} s`;
}

/** Runs `npm ci`; a line when it starts, every few seconds, and when it is done. */
function npmCi(root) {
  const started = Date.now();
  process.stderr.write('installing the packages of package-lock.json (npm ci) …\n');
  const progress = setInterval(() => process.stderr.write(`  npm ci … ${seconds(started)}\n`), PROGRESS_MS);
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  return new Promise((done, fail) => {
    const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
    child.once('error', fail);
    child.once('exit', (code, signal) =>
      code === 0 ? done(undefined) : fail(new Error(`npm ci ended with ${signal ?? `exit code ${code}`}`)),
    );
  }).finally(() => {
    clearInterval(progress);
    process.stderr.write(`  npm ci: ${seconds(started)}\n`);
  });
}

/**
 * Makes the commands of the checkout findable for npx.
 *
 * @param {string} root folder of node_modules
 */
export function linkCommands(root = CHECKOUT) {
  const bin = join(root, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  for (const name of COMMANDS) {
    rmSync(join(bin, name), { force: true });
    symlinkSync(`../../scripts/${name}.mjs`, join(bin, name));
  }
}

/**
 * Installs the packages unless node_modules already matches package-lock.json. Safe when several processes do it at
 * once: one installs, the others wait for it.
 *
 * @param {string} root folder of package-lock.json
 * @returns {Promise<boolean>} whether it installed anything
 */
export async function ensurePackages(root = CHECKOUT) {
  const stampFile = join(root, 'node_modules/.twemstack-lock');
  const wanted = wantedStamp(root);
  if (readText(stampFile) === wanted) return false;
  const waiting = () => process.stderr.write('waiting for another process that installs the packages …\n');
  const held = await lock(`npm ci in ${root}`, waiting);
  try {
    if (readText(stampFile) === wanted) return false;
    const present = installedByHand(root);
    if (!present) await npmCi(root);
    linkCommands(root);
    writeFileSync(stampFile, wanted);
    return !present;
  } catch (error) {
    return refuse(
      `the packages could not be installed: ${error.message}`,
      root,
      'see the lines of npm above; npm must reach a package registry, or a mirror named by `npm config set registry`',
    );
  } finally {
    await held.release();
  }
}

/**
 * Runs a TypeScript file of the checkout in this process, after making sure that it can run. In an installed package npm has
 * seen to that, and the file is compiled.
 *
 * @param {string} entry path relative to the checkout
 */
export async function run(entry) {
  surviveClosedOutput();
  const compiled = join(CHECKOUT, entry.replace(/\.ts$/, '.js'));
  if (existsSync(compiled)) {
    await import(pathToFileURL(compiled).href);
    return;
  }
  await ensurePackages();
  const { register } = await import('tsx/esm/api');
  register({ tsconfig: join(CHECKOUT, 'tsconfig.json') });
  await import(pathToFileURL(join(CHECKOUT, entry)).href);
}
