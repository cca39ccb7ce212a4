#!/usr/bin/env node
import { run } from './bootstrap.mjs';

await run('scripts/testing/run-tests.ts');
