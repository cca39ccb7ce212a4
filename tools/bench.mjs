#!/usr/bin/env node
import { run } from '../scripts/bootstrap.mjs';

await run('tools/bench/main.ts');
