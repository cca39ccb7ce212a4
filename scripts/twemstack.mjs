#!/usr/bin/env node
import { demandNode } from './node-version.mjs';

demandNode();
import('./bootstrap.mjs').then(({ run }) => run('scripts/twemstack.ts'));
