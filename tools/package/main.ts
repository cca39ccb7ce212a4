/** `npm run package`: the tarball that people install. */
import { join } from 'node:path';
import { CHECKOUT } from '../../scripts/stack/home.ts';
import { buildPackage, packPackage } from './build.ts';

const folder = join(CHECKOUT, 'dist/package');
await buildPackage(folder);
process.stdout.write(`${await packPackage(folder, join(CHECKOUT, 'dist'))}\n`);
