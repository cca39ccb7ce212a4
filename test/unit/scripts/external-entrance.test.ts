import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assess } from '../../../scripts/observe/assess.ts';
import type { StackStatus } from '../../../scripts/observe/status.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { statusTable, tryIt } from '../../../scripts/verbs/status-report.ts';
import { entrancesOf } from '../../../topology/vips.ts';
import { hostsPlanOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const plan = hostsPlanOf(`${THREE_HOSTS}entrance: external\n`);
const EDGES = ['10.0.0.11', '10.0.0.12'];

/** What was seen of the entrance; of the members, nothing. */
const seen = (edges: readonly boolean[], outside: boolean): StackStatus => ({
  members: [],
  pools: [
    ...EDGES.map((vip, index) => ({ name: 'alpha', port: 6379, answers: edges[index], vip })),
    { name: 'alpha', port: 6379, answers: outside, vip: plan.vip, outside: true },
  ],
});
const entrance = (status: StackStatus): string[] =>
  assess(plan, status, new Set(plan.domains.map(({ name }) => name)))
    .filter(({ what }) => /PING|VIP/.test(what))
    .map(({ subject, what }) => `${subject} ${what}`);

describe('a stack to whose edges others lead applications', () => {
  test('serves on every edge, and a plan with a VIP of its own there', () => {
    assert.deepEqual(entrancesOf(plan), EDGES);
    assert.deepEqual(entrancesOf(hostsPlanOf(THREE_HOSTS)), ['10.0.0.100']);
  });

  test('is whole as soon as its edges serve: a load balancer can only be pointed at what is there', () => {
    assert.deepEqual(entrance(seen([true, true], false)), []);
    assert.deepEqual(entrance(seen([true, false], true)), ['10.0.0.12:6379 pool alpha does not answer PING']);
  });

  test('says in its status whether the address of applications leads to it, and after `up` what to lead there', () => {
    const [first, second] = statusTable(plan, seen([true, true], false)).split('\n');
    assert.equal(first, 'edges 10.0.0.11:6379 (alpha) answers, 10.0.0.12:6379 (alpha) answers');
    assert.equal(second, 'to which others lead: 10.0.0.100:6379 (alpha) does not answer from here');
    assert.match(
      tryIt(plan, new Home('/x')),
      /10\.0\.0\.100 is yours to lead to 10\.0\.0\.11 or 10\.0\.0\.12: .* 200 to GET \/serving on port \d+\.\n/,
    );
  });
});
