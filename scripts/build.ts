import { join } from 'node:path';
import { buildProxy } from '../proxy/build.ts';
import { CHECKOUT } from './stack/home.ts';

/** `npm run build`: the proxy as one executable that needs no runtime. */
const executable = join(CHECKOUT, 'dist', 'nutcracker');
buildProxy(executable);
process.stdout.write(`${executable}\n`);
