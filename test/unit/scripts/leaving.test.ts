import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerState } from '../../../scripts/observe/engine.ts';
import type { MemberStatus, StackStatus } from '../../../scripts/observe/status.ts';
import { outlookDocument, outlookText } from '../../../scripts/rollout/describe.ts';
import {
  leavingHandovers,
  leavingMembers,
  NOBODY_LEAVES,
  tooFarBehind,
  withLeaving,
} from '../../../scripts/rollout/leaving.ts';
import { letLeave } from '../../../scripts/rollout/let-leave.ts';
import type { Outlook } from '../../../scripts/rollout/roll-out.ts';
import { demandWhole } from '../../../scripts/rollout/roll-out.ts';
import type { AnyPlan } from '../../../topology/types.ts';
import { hostsPlanOf, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\n';
const former = planOf(HEAD);
const plan = planOf(`${HEAD}replicas: 1\n`);

/** Containers of all members, as the engine lists them. */
const standing = (of: AnyPlan, own = true): ReadonlyMap<string, ContainerState> =>
  new Map(
    of.members.map(({ address, name, role }) => [
      name,
      { name, role, addresses: own ? [address] : [], status: 'running' } as unknown as ContainerState,
    ]),
  );

/** All members of the former stack, these being masters. */
function statusWith(...masters: string[]): StackStatus {
  const members = former.members.map((member): MemberStatus => {
    if (member.role !== 'redis') return { member };
    const role = masters.includes(member.name) ? 'master' : 'replica';
    return { member, redis: { role, replicas: [] } as unknown as MemberStatus['redis'] };
  });
  return { members, pools: [] };
}

const leaving = leavingMembers(plan, standing(former));
const { redises } = leaving;

test('a replica less: who leaves is known by shard, address and port, as it was', () => {
  const before = former.shards.map(({ members }) => members.find(({ domain }) => domain === 'c'));
  assert.deepEqual(
    redises.map(({ initialMaster: _, formerAddress: _former, ...member }) => member),
    before.map((member) => {
      assert.ok(member);
      const { initialMaster: _, formerAddress: _former, ...rest } = member;
      return rest;
    }),
  );
});

test('a domain less: its members leave, too; nobody does of a shard that is gone, nor where nothing is edited', () => {
  const four = planOf(`${HEAD}domains: [a, b, c, d]\nreplicas: 3\n`);
  assert.deepEqual(
    leavingMembers(former, standing(four)).all.map(({ name, domain }) => [name, domain]),
    ['alpha-proxy-d', 'alpha-shard-1-d', 'alpha-shard-2-d'].map((name) => [name, 'd']),
  );
  assert.deepEqual(leavingMembers(planOf(`${HEAD}shards: 1\n`), standing(former)), NOBODY_LEAVES);
  assert.deepEqual(leavingMembers(former, standing(former)), NOBODY_LEAVES);
});

test('sentinels and edges less: they leave, and until then the stack is whole with the sentinels', () => {
  const domains = 'domains: [a, b, c, d, e]\n';
  const five = planOf(`${HEAD}${domains}sentinel: { count: 5 }\nedge: { count: 3 }\n`);
  const three = planOf(`${HEAD}${domains}sentinel: { count: 3 }\nedge: { count: 2 }\n`);
  const found = leavingMembers(three, standing(five));
  assert.deepEqual(
    found.all.map(({ name, role }) => [name, role]),
    [
      ['alpha-edge-c', 'edge'],
      ['alpha-sentinel-d', 'sentinel'],
      ['alpha-sentinel-e', 'sentinel'],
    ],
  );
  assert.deepEqual(
    withLeaving(three, found).sentinels.map(({ address, port }) => [address, port]),
    five.sentinels.map(({ address, port }) => [address, port]),
  );
});

test('on the network of a host, one that leaves has the address of the others there', () => {
  const all = hostsPlanOf(THREE_HOSTS);
  const one = hostsPlanOf(`${THREE_HOSTS}replicas: 1\n`);
  const [first] = leavingMembers(one, standing(all, false)).redises;
  const was = all.members.find(({ name }) => name === first.name);
  assert.ok(was?.role === 'redis');
  assert.deepEqual([first.address, first.port, first.guardPort], [was.address, was.port, was.guardPort]);
});

test('a host less: its members are asked at its address, and are a domain of the stack until they have left', () => {
  const four = hostsPlanOf(
    `${THREE_HOSTS}  - { name: d, docker: ssh://10.0.0.14, address: 10.0.0.14 }\nreplicas: 3\n`,
  );
  const three = hostsPlanOf(THREE_HOSTS);
  const found = leavingMembers(three, standing(four, false), new Map([['d', '10.0.0.14']]));
  assert.deepEqual(
    found.redises.map(({ address, name, port }) => [name, address, port]),
    four.shards.map(({ members }) => {
      const { name, port } = members.find(({ domain }) => domain === 'd') ?? assert.fail();
      return [name, '10.0.0.14', port];
    }),
  );
  assert.deepEqual(
    withLeaving(three, found).domains.find(({ name }) => name === 'd')?.members,
    found.redises,
  );
});

test('a shard whose name begins with that of another one keeps its members apart', () => {
  const shards = (domains: string): AnyPlan =>
    planOf(`${HEAD}replicas: 1\nshards:\n  - { name: s }\n  - { name: s-a, domains: ${domains} }\n`);
  const found = leavingMembers(shards('[a, b]'), standing(shards('[a, c]')));
  assert.deepEqual(
    found.redises.map(({ name, shard, domain }) => [name, shard, domain]),
    [['alpha-s-a-c', 's-a', 'c']],
  );
});

test('a master that leaves is handed over to one that stays; two masters go to two domains', () => {
  const told = leavingHandovers(plan, leaving, statusWith('alpha-shard-1-c', 'alpha-shard-2-c'));
  const domains = told.map(({ to }) => to?.domain).sort();
  assert.deepEqual(
    [told.map(({ from }) => from.name), domains],
    [redises.map(({ name }) => name), ['a', 'b']],
  );
  assert.deepEqual(leavingHandovers(plan, leaving, statusWith('alpha-shard-1-a', 'alpha-shard-2-b')), []);
});

test('what is going to happen begins with who leaves', () => {
  const status = statusWith('alpha-shard-1-c', 'alpha-shard-2-b');
  const outlook = { turns: [], status, leaving, sound: new Set() } as unknown as Outlook;
  const text = outlookText(outlookDocument(plan, outlook));
  assert.match(
    text,
    /^c +alpha-shard-1-c +hands shard-1 over to alpha-shard-1-a\nc +alpha-shard-1-c +leaves\n/m,
  );
});

test('where no member is master, nobody leaves: the last writes may be on it', async () => {
  const touched = (): never => assert.fail('the engine was asked for something');
  const engine = { getContainer: touched };
  await assert.rejects(
    letLeave(
      { plan, engine } as unknown as Parameters<typeof letLeave>[0],
      leaving,
      statusWith('alpha-shard-2-a'),
    ),
    /shard-1 has no master that could stay, and alpha-shard-1-c would leave/,
  );
});

test('where who stays does not follow, nobody leaves: two members ask one vote, and it could be the one that has less', async () => {
  const status = statusWith('alpha-shard-1-a', 'alpha-shard-2-a');
  const seen = (name: string, entry: Partial<MemberStatus>): StackStatus => ({
    ...status,
    members: status.members.map((each) =>
      each.member.name === name ? { ...each, redis: undefined, ...entry } : each,
    ),
  });
  const replica = (rest: object): Partial<MemberStatus> => ({
    redis: {
      role: 'replica',
      replicas: [],
      linkUp: true,
      loading: false,
      ...rest,
    } as unknown as MemberStatus['redis'],
  });
  const names = (of: AnyPlan, entry: Partial<MemberStatus>): string[] =>
    tooFarBehind(of, 'shard-1', seen('alpha-shard-1-b', entry)).map(({ name }) => name);
  const stopped = { container: { status: 'exited' } as unknown as ContainerState };
  for (const entry of [stopped, { away: true }, replica({ linkUp: false }), replica({ loading: true })])
    assert.deepEqual(names(plan, entry), ['alpha-shard-1-b']);
  assert.deepEqual(names(plan, replica({})), []);
  assert.deepEqual(names(plan, {}), [], 'one that is yet to be made');
  // of three with wait_replicas 1 two have to vote, and one of them has everything
  const four = planOf(`${HEAD}domains: [a, b, c, d]\nreplicas: 2\n`);
  assert.deepEqual(
    tooFarBehind(four, 'shard-1', {
      ...seen('alpha-shard-1-b', stopped),
      members: seen('alpha-shard-1-b', stopped).members.map((each) =>
        each.member.name === 'alpha-shard-1-c' ? { ...each, ...replica({}) } : each,
      ),
    }),
    [],
  );
  const engine = { getContainer: (): never => assert.fail('the engine was asked for something') };
  await assert.rejects(
    letLeave(
      { plan, engine } as unknown as Parameters<typeof letLeave>[0],
      leaving,
      seen('alpha-shard-1-b', stopped),
    ),
    /alpha-shard-1-b of shard-1 does not follow its master now, and alpha-shard-1-c would leave: if the master failed then/,
  );
});

test('members that leave do not make a stack one that is not whole', () => {
  const text = (found: typeof leaving): string => {
    try {
      demandWhole(plan, { leaving: found, status: fed } as unknown as Outlook);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const status = statusWith('alpha-shard-1-a', 'alpha-shard-2-b');
  const fed = {
    ...status,
    members: status.members.map((entry) =>
      entry.redis?.role === 'master'
        ? {
            ...entry,
            redis: { ...entry.redis, replicas: redises.map(({ address }) => ({ address, online: true })) },
          }
        : entry,
    ),
  } as StackStatus;
  const stranger = `feeds ${redises[0].address}, which is no member of shard-1`;
  assert.ok(text(NOBODY_LEAVES).includes(stranger));
  assert.ok(!text(leaving).includes(stranger));
});

test('the plan with those that leave is the former one, as far as members go', () => {
  const names = ({ shards }: AnyPlan) => shards.map(({ members }) => members.map(({ name }) => name).sort());
  assert.deepEqual(names(withLeaving(plan, leaving)), names(former));
});
