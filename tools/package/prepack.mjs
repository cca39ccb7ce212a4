// npm runs this before it packs a checkout.
import { demandNode } from '../../scripts/node-version.mjs';

demandNode();
import('../../scripts/bootstrap.mjs').then(({ run }) => run('tools/package/prepack.ts'));
