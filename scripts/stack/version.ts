import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT, INSTALLED } from './home.ts';

const manifest = join(CHECKOUT, INSTALLED ? '../package.json' : 'package.json');

/** Of twemstack, as its package.json has it. */
export const { version: VERSION } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
