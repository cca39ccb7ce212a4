// npm runs this when it has packed a checkout: package.json is the checkout's again, and what was compiled goes.
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
renameSync(join(checkout, 'dist/checkout-package.json'), join(checkout, 'package.json'));
rmSync(join(checkout, 'lib'), { recursive: true, force: true });
