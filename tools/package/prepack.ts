/**
 * `npm pack`: what people install is not the checkout. Its code is compiled to `lib/`, and it has a package.json of its own; npm
 * reads both when this ends. `postpack.mjs` puts the checkout back.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../../scripts/stack/home.ts';
import { buildLibrary } from './build.ts';
import { type CheckoutManifest, packageManifest } from './manifest.ts';

const manifest = join(CHECKOUT, 'package.json');
const lib = join(CHECKOUT, 'lib');
try {
  await buildLibrary(lib);
} catch (error) {
  // npm does not come to its postpack then.
  rmSync(lib, { recursive: true, force: true });
  throw error;
}
mkdirSync(join(CHECKOUT, 'dist'), { recursive: true });
const text = readFileSync(manifest, 'utf8');
copyFileSync(manifest, join(CHECKOUT, 'dist/checkout-package.json'));
const packed = packageManifest(JSON.parse(text) as CheckoutManifest);
writeFileSync(manifest, `${JSON.stringify(packed, null, 2)}\n`);
