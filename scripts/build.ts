/** `npm run build`: the proxy as one executable that needs no runtime, and the context of an image around it. */
import { copyFileSync, linkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildProxy } from '../proxy/build.ts';
import { makeFolder } from './make-folder.ts';
import { CHECKOUT } from './stack/home.ts';

const executable = join(CHECKOUT, 'dist', 'nutcracker');
const context = join(CHECKOUT, 'dist', 'image');
buildProxy(executable);
makeFolder(context);
rmSync(join(context, 'nutcracker'), { force: true });
// A hundred megabytes are linked, not copied: a new compilation replaces the file and leaves the link as it is.
linkSync(executable, join(context, 'nutcracker'));
copyFileSync(join(CHECKOUT, 'proxy/alone/Dockerfile'), join(context, 'Dockerfile'));
process.stdout.write(`${executable}\n${context}\n`);
