#!/usr/bin/env node
import { run } from './bootstrap.mjs';

await run('proxy/nutcracker.ts');
