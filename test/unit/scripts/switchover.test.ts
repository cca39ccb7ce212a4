import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InputError, NotSoError } from '../../../scripts/errors.ts';
import type { RedisView } from '../../../scripts/observe/redis-view.ts';
import type { WatchedMaster } from '../../../scripts/observe/sentinel-view.ts';
import type { MemberStatus, StackStatus } from '../../../scripts/observe/status.ts';
import { checkSwitchover } from '../../../scripts/switchover/check.ts';
import { openWaits } from '../../../scripts/switchover/pause.ts';
import { planOf } from '../../support/stack-fixture.ts';

const plan = planOf('name: alpha\nvip: 198.18.0.100\n');
const [master, near, far] = plan.shards[0].members;

/** A whole stack with the first member of shard-1 as master; a test changes what it is about. */
function statusWith(
  redis: Record<string, Partial<RedisView>> = {},
  sentinel: Partial<WatchedMaster> = {},
  absent: readonly string[] = [],
): StackStatus {
  const members = plan.members.map((member): MemberStatus => {
    if (absent.includes(member.name)) return { member, error: 'container is exited' };
    if (member.role === 'sentinel')
      return { member, sentinel: { tilt: false, masters: [watched(sentinel)] } };
    if (member.role !== 'redis' || member.shard !== 'shard-1') return { member };
    return { member, redis: { ...view(member.name), ...redis[member.name] } };
  });
  return { members, pools: [] };
}

function view(name: string): RedisView {
  const isMaster = name === master.name;
  return {
    role: isMaster ? 'master' : 'replica',
    version: '7',
    offset: isMaster ? 5000 : name === near.name ? 4990 : 4000,
    replId: 'x',
    masterAddress: isMaster ? undefined : master.address,
    linkUp: isMaster ? undefined : true,
    replicas: [],
    loading: false,
    keys: 1,
    usedMemory: 0,
  };
}

const watched = (change: Partial<WatchedMaster>): WatchedMaster => ({
  name: 'shard-1',
  address: master.address,
  port: 6379,
  flags: ['master'],
  configEpoch: 1,
  replicas: 2,
  notPromoted: [],
  strayReplicas: [],
  replicaPlaces: [],
  sentinelPlaces: [],
  otherSentinels: 2,
  quorum: 2,
  quorumCheck: 'OK 3 usable Sentinels',
  ...change,
});

const refusal = (status: StackStatus, to?: string): string => {
  try {
    checkSwitchover(plan, status, 'shard-1', to);
  } catch (error) {
    assert.ok(error instanceof NotSoError, String(error));
    return error.message;
  }
  return assert.fail('it was not refused');
};

describe('who hands over to whom', () => {
  test('without a wish, the replica that has most', () => {
    const { from, to } = checkSwitchover(plan, statusWith(), 'shard-1');
    assert.deepEqual([from.name, to.name], [master.name, near.name]);
  });

  test('a wish is followed', () => {
    assert.equal(checkSwitchover(plan, statusWith(), 'shard-1', far.name).to.name, far.name);
  });

  test('unknown shards and members are answered with the known ones', () => {
    assert.throws(
      () => checkSwitchover(plan, statusWith(), 'shard-9'),
      (error) => error instanceof InputError && /shard-1, shard-2/.test(error.format()),
    );
    assert.throws(
      () => checkSwitchover(plan, statusWith(), 'shard-1', plan.shards[1].members[0].name),
      (error) => error instanceof InputError && error.format().includes(far.name),
    );
  });
});

describe('a switchover that is not safe is refused with the reason', () => {
  const cases: ReadonlyArray<readonly [string, StackStatus, string | undefined, RegExp]> = [
    ['to itself', statusWith(), master.name, /is the master of shard-1 already/],
    ['far behind', statusWith({ [near.name]: { offset: -2_000_000 } }), near.name, /bytes behind the master/],
    ['link down', statusWith({ [near.name]: { linkUp: false } }), near.name, /link of .* is down/],
    ['loading', statusWith({ [near.name]: { loading: true } }), near.name, /still loading/],
    [
      'wrong master',
      statusWith({ [near.name]: { masterAddress: '1.2.3.4' } }),
      near.name,
      /replicates from 1\.2\.3\.4/,
    ],
    ['silent candidate', statusWith({}, {}, [near.name]), near.name, /does not answer: container is exited/],
    ['no replica', statusWith({}, {}, [near.name, far.name]), undefined, /no replica answers/],
    ['no master', statusWith({}, {}, [master.name]), undefined, /no member says that it is master/],
    ['two masters', statusWith({ [far.name]: { role: 'master' } }), near.name, /more than one member/],
    ['no quorum', statusWith({}, { quorumCheck: 'NOQUORUM 1 usable' }), near.name, /NOQUORUM 1 usable/],
    [
      'failover under way',
      statusWith({}, { flags: ['master', 'failover_in_progress'] }),
      near.name,
      /failover_in_progress/,
    ],
    // SENTINEL FAILOVER right after a hung master had come back: promoted, then made a replica again by +convert-to-slave
    [
      'a zombie a moment ago',
      statusWith({}, { strayReplicas: [near.address] }),
      near.name,
      /still takes .* for a second master and would undo its promotion/,
    ],
    ['other master named', statusWith({}, { address: far.address }), near.name, /names .* as master, not/],
    [
      'most sentinels gone',
      statusWith(
        {},
        {},
        plan.sentinels.slice(0, 2).map(({ name }) => name),
      ),
      near.name,
      /only 1 of 3 sentinels answer, 2 are needed/,
    ],
  ];
  for (const [what, status, to, reason] of cases)
    test(what, () => {
      assert.match(refusal(status, to), reason);
    });

  test('all reasons are told at once', () => {
    const message = refusal(
      statusWith({ [near.name]: { linkUp: false, loading: true } }, { quorumCheck: 'NOQUORUM' }),
      near.name,
    );
    assert.equal(message.split('\n').length, 1 + 3 + 2);
  });
});

test('who waits for replicas to confirm a write is found among the clients of a master', () => {
  const client = (flags: string, cmd: string): string =>
    `id=5 addr=198.18.0.16:40268 laddr=198.18.0.32:6379 fd=13 name= age=9 idle=0 flags=${flags} db=0 sub=0 cmd=${cmd} user=proxy`;
  const list = [client('b', 'wait'), client('N', 'wait'), client('b', 'set'), client('S', 'replconf'), ''];
  assert.equal(openWaits(list.join('\n')), 1);
});
