import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberStatus } from '../../../scripts/observe/status.ts';
import { statusDocument } from '../../../scripts/observe/status-document.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { statusTable, tryIt } from '../../../scripts/verbs/status-report.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

const plan = defaultPlan();
const CONTAINER = {
  id: 'x',
  pid: 0,
  role: undefined,
  status: 'running',
  health: 'healthy',
  restarts: 0,
  exitCode: 0,
  oomKilled: false,
  imageName: 'x',
  addresses: [],
  networks: [],
  createdAt: 0,
  startedAt: 0,
};

/** The row of one member whose status is this. */
function row(name: string, change: Partial<MemberStatus>, container: Partial<typeof CONTAINER> = {}): string {
  const members = plan.members.map((member) => ({
    member,
    container: { ...CONTAINER, name: member.name, ...(member.name === name ? container : {}) },
    ...(member.name === name ? change : {}),
  }));
  const table = statusTable(plan, { members, pools: [] });
  const line = table.split('\n').find((text) => text.includes(` ${name} `));
  return line?.replace(/ +/g, ' ') ?? '';
}

test('a member that came back by itself says how often, and whether memory was why', () => {
  assert.match(row('alpha-proxy-a', { serving: true }), / healthy$/);
  assert.match(
    row('alpha-proxy-a', { serving: true }, { restarts: 1 }),
    / healthy restarted 1 time by itself$/,
  );
  assert.match(
    row('alpha-proxy-a', { serving: true }, { restarts: 3, oomKilled: true }),
    / healthy restarted 3 times by itself, KILLED for its memory limit$/,
  );
});

test('a redis in a script that does not end is busy, not silent', () => {
  const error = 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.';
  assert.match(row('alpha-shard-1-a', { error }), / busy BUSY Redis is busy running a script/);
  assert.match(row('alpha-shard-1-a', { error: 'Connection is closed.' }), / silent Connection/);
});

test('a sentinel in TILT says so', () => {
  assert.match(row('alpha-sentinel-a', { sentinel: { tilt: true, masters: [] } }), / TILT$/);
});

test('the same for machines', () => {
  const member = plan.members[0];
  const container = { ...CONTAINER, name: member.name, restarts: 2, oomKilled: true };
  const document = statusDocument(plan, { members: [{ member, container }], pools: [] }, []);
  const [{ restarts, oomKilled }] = document.members as Array<{ restarts: number; oomKilled: boolean }>;
  assert.deepEqual([restarts, oomKilled], [2, true]);
});

test('what the start tells to try needs nothing that the machine may lack', () => {
  const text = tryIt(plan, new Home('/somewhere'));
  assert.match(text, /^ {2}npx twemstack cli SET greeting hello$/m);
  assert.doesNotMatch(text, /redis-cli/);
});
