import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotPromoted } from '../../../scripts/observe/successor.ts';

const REPLICA = { address: '198.18.0.33', flags: ['slave'], priority: 100, linkDownMs: 900 };
const MASTER = { downMs: 2000, downAfterMs: 1000 };

for (const [what, change, reason] of [
  ['a replica that lost its master a moment ago', {}, undefined],
  ['one within ten times down_after and the time the master is down', { linkDownMs: 12_000 }, undefined],
  ['one beyond it', { linkDownMs: 12_001 }, /link to the master has been down for 12\.0 s, at most 12\.0 s/],
  ['one that is down itself', { flags: ['slave', 's_down'] }, /taken for s_down/],
  ['one that is not connected', { flags: ['slave', 'disconnected'] }, /taken for disconnected/],
  ['one whose priority is 0', { priority: 0 }, /replica-priority is 0/],
] as const) {
  test(`${what} ${reason === undefined ? 'may' : 'may not'} be promoted`, () => {
    const said = whyNotPromoted({ ...REPLICA, ...change }, MASTER);
    if (reason === undefined) assert.equal(said, undefined);
    else assert.match(said ?? '', reason);
  });
}
