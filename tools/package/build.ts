/** The code of the package that people install: compiled, with types, without what only a maintainer needs. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { buildPage } from '../../console/bundle.ts';
import { bundledScript } from '../../provider/bundle.ts';
import { CHECKOUT } from '../../scripts/stack/home.ts';
import { EXPORTS } from './manifest.ts';
import { reachableFrom } from './reachable.ts';

/** Besides what can be imported: what the commands and the images are made from. */
const PROGRAMS = ['scripts/twemstack', 'proxy/nutcracker', 'sentinel/guard/main'];
/** Plain JavaScript, as it is. */
const SCRIPTS = ['scripts/twemstack.mjs', 'scripts/nutcracker.mjs'];
const IMAGES = ['haproxy/image', 'monitoring/image', 'proxy/image', 'sentinel/image'];

/** Compiles the package's code into a folder, which is emptied first. @throws when it does not compile */
export async function buildLibrary(lib: string): Promise<void> {
  rmSync(lib, { recursive: true, force: true });
  const compile = ['node_modules/.bin/tsc', '-p', 'tools/package', '--outDir', lib];
  await execa(process.execPath, compile, { cwd: CHECKOUT, stdin: 'ignore', all: true });
  // The compiler leaves out what is JavaScript already, and its declarations.
  for (const name of readdirSync(join(CHECKOUT, 'scripts')))
    if (/\.d\.mts$|\.mjs$/.test(name)) copy(`scripts/${name}`, lib);
  prune(lib);
  for (const image of IMAGES) copy(image, lib);
  writeFileSync(join(lib, 'provider/provider.cjs'), await bundledScript());
  copy('provider/start.cjs', lib);
  await writePage(join(lib, 'console/page.built'));
}

/** The console's page as its server finds it: the package has no esbuild to make it with. */
async function writePage(folder: string): Promise<void> {
  const { script, style } = await buildPage();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'page.js'), script);
  writeFileSync(join(folder, 'page.css'), style);
}

function copy(name: string, folder: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true });
}

/** Takes away what nothing in the package imports, and names compiled files in the declarations as in the code. */
function prune(lib: string): void {
  const exported = Object.values(EXPORTS).map((file) => join(lib, '..', file));
  const entries = [...PROGRAMS.map((program) => join(lib, program)), ...exported].map((file) => `${file}.js`);
  const scripts = SCRIPTS.map((script) => join(lib, script));
  const kept = new Set([
    ...reachableFrom([...entries, ...scripts], 'code'),
    ...reachableFrom(
      exported.map((file) => `${file}.d.ts`),
      'types',
    ),
  ]);
  for (const name of readdirSync(lib, { recursive: true, withFileTypes: true })) {
    const file = join(name.parentPath, name.name);
    if (!name.isFile()) continue;
    if (!kept.has(file)) rmSync(file);
    else if (file.endsWith('.d.ts')) {
      const text = readFileSync(file, 'utf8').replace(
        /((?:\bfrom |\bimport\()['"]\.[^'"]+)\.ts(?=['"])/g,
        '$1.js',
      );
      writeFileSync(file, text);
    }
  }
}
