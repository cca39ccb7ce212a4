#!/usr/bin/env node
import { run } from '../scripts/bootstrap.mjs';

await run('tools/testing/run-tests.ts');
