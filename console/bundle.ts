import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The page, whole: it asks for these three and nothing else. */
export interface PageFiles {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = join(HERE, 'page.built');

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>twemstack console</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
</head>
<body>
<div id="console"><p class="soft" role="status">Looking at the stack …</p></div>
<noscript>The console is drawn by a script of its own; this browser runs none.</noscript>
<script src="/page.js"></script>
</body>
</html>
`;

/** The page's files: those of a package are built already, in a checkout esbuild makes them in some tenths of a second. */
export async function pageFiles(): Promise<PageFiles> {
  if (!existsSync(BUILT)) return buildPage();
  const read = (name: string): string => readFileSync(join(BUILT, name), 'utf8');
  return { html: HTML, script: read('page.js'), style: read('page.css') };
}

/** Bundles the page. @throws an Error with esbuild's words when a file of it is wrong */
export async function buildPage(): Promise<PageFiles> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(HERE, 'page', 'page.tsx')],
    outdir: BUILT,
    bundle: true,
    write: false,
    minify: true,
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'silent',
  });
  const text = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { html: HTML, script: text('.js'), style: text('.css') };
}
