#!/usr/bin/env node
import { demandNode } from '../scripts/node-version.mjs';

demandNode();
import('../scripts/bootstrap.mjs').then(({ run }) => run('tools/bench/main.ts'));
