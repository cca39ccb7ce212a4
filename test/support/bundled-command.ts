import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { CHECKOUT } from '../../scripts/stack/home.ts';

const ENTRY = 'scripts/twemstack.ts';
const FOLDER = join(CHECKOUT, 'node_modules/.cache/twemstack-command');
/** A folder that no test run has asked for in so long is of sources that changed since. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** Every source goes by its own place, not by that of the bundle: images, rendered files and `CHECKOUT` are those of the checkout. */
const ownPlace: Plugin = {
  name: 'own-place',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.m?ts$|\.mjs$/ }, ({ path }) => {
      if (path.includes('/node_modules/')) return undefined;
      const url = JSON.stringify(pathToFileURL(path).href);
      const contents = readFileSync(path, 'utf8').replaceAll('import.meta.url', url);
      return { contents, loader: path.endsWith('.mjs') ? 'js' : 'ts' };
    });
  },
};

let made: Promise<string> | undefined;

/**
 * `twemstack` as it is in this checkout, compiled: it starts in a third of the CPU time that `scripts/twemstack.mjs` takes, which compiles file by file
 * as it loads them. The tests start it some hundred times.
 *
 * @returns path of a script for node
 */
export function bundledCommand(): Promise<string> {
  made ??= makeBundle();
  return made;
}

async function makeBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(CHECKOUT, ENTRY)],
    absWorkingDir: CHECKOUT,
    bundle: true,
    // Verbs stay on demand: cdktf is loaded by those alone that deploy.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    outdir: FOLDER,
    outExtension: { '.js': '.mjs' },
    write: false,
    logLevel: 'silent',
    plugins: [ownPlace],
  });
  const hash = createHash('sha256');
  for (const { path, contents } of outputFiles) hash.update(`${basename(path)}\0`).update(contents);
  const folder = join(FOLDER, hash.digest('hex').slice(0, 12));
  mkdirSync(FOLDER, { recursive: true });
  if (!existsSync(folder)) {
    const work = mkdtempSync(join(FOLDER, 'work-'));
    for (const { path, contents } of outputFiles) writeFileSync(join(work, basename(path)), contents);
    try {
      renameSync(work, folder);
    } catch (error) {
      // Another test file of the same sources was quicker.
      rmSync(work, { recursive: true });
      if (!existsSync(folder)) throw error;
    }
  }
  utimesSync(folder, new Date(), new Date());
  removeOld();
  return join(folder, `${basename(ENTRY, '.ts')}.mjs`);
}

function removeOld(): void {
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name);
    if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}
