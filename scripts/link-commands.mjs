import { demandNode } from './node-version.mjs';

demandNode();
import('./bootstrap.mjs').then(({ linkCommands }) => linkCommands());
