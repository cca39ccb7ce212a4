import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashesOf, pendingFiles } from '../../../scripts/deploy/in-force.ts';
import type { ContainerState } from '../../../scripts/observe/engine.ts';
import type { MemberStatus, StackStatus } from '../../../scripts/observe/status.ts';
import type { DomainChanges, MemberChange } from '../../../scripts/rollout/changes.ts';
import { outlookDocument, outlookText } from '../../../scripts/rollout/describe.ts';
import { parseStats } from '../../../scripts/rollout/haproxy-admin.ts';
import { NOBODY_LEAVES } from '../../../scripts/rollout/leaving.ts';
import { edgeToRelieve, plannedHandovers, rollOrder, unchanged } from '../../../scripts/rollout/order.ts';
import type { Outlook } from '../../../scripts/rollout/roll-out.ts';
import { planOf } from '../../support/stack-fixture.ts';

const plan = planOf('name: alpha\nvip: 198.18.0.100\n');

/** The stack with these members as masters, and the VIP at one edge. */
function statusWith(
  masters: readonly string[],
  vip = 'alpha-edge-a',
  absent: readonly string[] = [],
): StackStatus {
  const members = plan.members.map((member): MemberStatus => {
    if (absent.includes(member.name)) return { member, error: 'container is exited' };
    if (member.role === 'edge') return { member, vip: member.name === vip };
    if (member.role !== 'redis') return { member };
    const role = masters.includes(member.name) ? 'master' : 'replica';
    return { member, redis: { role } as MemberStatus['redis'] };
  });
  return { members, pools: [] };
}

/** Changes of a domain: every member, or those named, go this way. */
function changesOf(domain: string, action: MemberChange['action'] = 'replace', only?: string): DomainChanges {
  const found = plan.domains.find(({ name }) => name === domain);
  assert.ok(found);
  const members = found.members
    .filter(({ role }) => only === undefined || role === only)
    .map((member) => ({ member, action, files: action === 'reload' ? ['redis.conf'] : [] }));
  return { domain: found, members, apply: true, recreate: [] };
}

const all = ['a', 'b', 'c'].map((domain) => changesOf(domain));
const sound = new Set(['a', 'b', 'c']);
const order = (status: StackStatus, whole: ReadonlySet<string> = sound): string =>
  rollOrder(all, status, whole)
    .map(({ domain }) => domain.name)
    .join('');

describe('the order of an upgrade', () => {
  test('begins where no master and no VIP is', () => {
    assert.equal(order(statusWith(['alpha-shard-1-a', 'alpha-shard-2-b'])), 'cba');
    assert.equal(order(statusWith(['alpha-shard-1-b', 'alpha-shard-2-b'], 'alpha-edge-b')), 'acb');
  });

  test('ends with the edge that serves: what it sends, the proxies of all other domains must understand', () => {
    assert.equal(order(statusWith(['alpha-shard-1-c', 'alpha-shard-2-c'], 'alpha-edge-b')), 'acb');
    assert.equal(order(statusWith(['alpha-shard-1-c', 'alpha-shard-2-c'], 'nobody')), 'cab', 'led to both');
  });

  test('an edge that is new comes last, when those that stand send it their adverts: else both would hold the VIP', () => {
    const turn = (domain: string, action: MemberChange['action'], role: string): DomainChanges =>
      changesOf(domain, action, role);
    const known = turn('a', 'reload', 'edge');
    const learns = {
      ...known,
      members: known.members.map((each) => ({ ...each, files: ['keepalived.conf'] })),
    };
    const status = statusWith(['alpha-shard-1-c', 'alpha-shard-2-c']);
    const orderOf = (...turns: DomainChanges[]): string =>
      rollOrder(turns, status, new Set(['a', 'c']))
        .map(({ domain }) => domain.name)
        .join('');
    assert.equal(orderOf(turn('b', 'create', 'edge'), changesOf('c'), learns), 'cab');
    assert.equal(orderOf(turn('b', 'create', 'edge'), changesOf('c'), known), 'bca', 'known already: broken');
    assert.equal(orderOf(changesOf('b', 'create'), changesOf('c'), learns), 'cab', 'all of it is new');
    const [redis, edge] = [turn('b', 'create', 'redis'), turn('b', 'create', 'edge')];
    const more = { ...edge, members: [...edge.members, ...redis.members] };
    assert.equal(orderOf(more, changesOf('c'), learns), 'bca', 'more of it is gone');
  });

  test('what does not run comes first, however much it holds', () => {
    const status = statusWith(['alpha-shard-1-a', 'alpha-shard-2-a']);
    assert.equal(order(status, new Set(['b', 'c'])), 'abc');
  });
});

test('a domain stands as it should when nothing of it changes and its host is reached', () => {
  const turns = [changesOf('a')];
  assert.deepEqual([...unchanged(['a', 'b', 'c'], turns)], ['b', 'c']);
  assert.deepEqual([...unchanged(['a', 'b'], turns)], ['b']);
});

describe('who takes a master over before its container is replaced', () => {
  const handovers = (
    domain: string,
    masters: readonly string[],
    done: readonly string[],
    absent: string[] = [],
  ) =>
    plannedHandovers(plan, changesOf(domain), statusWith(masters, undefined, absent), new Set(done)).map(
      ({ shard, to }) => [shard, to?.name],
    );

  test('a member whose domain is done, so that the master moves once', () => {
    assert.deepEqual(handovers('a', ['alpha-shard-1-a', 'alpha-shard-2-b'], ['c']), [
      ['shard-1', 'alpha-shard-1-c'],
    ]);
  });

  test('of several that are done, the one with fewer masters; two masters go to two domains', () => {
    const masters = ['alpha-shard-1-a', 'alpha-shard-2-a'];
    assert.deepEqual(handovers('a', masters, ['b', 'c']), [
      ['shard-1', 'alpha-shard-1-b'],
      ['shard-2', 'alpha-shard-2-c'],
    ]);
  });

  test('one that this run makes only when there is no other: those not replaced yet would not follow it', () => {
    const to = (absent: string[]) =>
      plannedHandovers(
        plan,
        changesOf('b'),
        statusWith(['alpha-shard-1-b'], undefined, absent),
        new Set(['c']),
        new Set(['alpha-shard-1-c']),
      )[0].to?.name;
    assert.equal(to([]), 'alpha-shard-1-a');
    assert.equal(to(['alpha-shard-1-a']), 'alpha-shard-1-c');
  });

  test('only one that answers and follows', () => {
    assert.deepEqual(handovers('a', ['alpha-shard-1-a'], ['c'], ['alpha-shard-1-c']), [
      ['shard-1', 'alpha-shard-1-b'],
    ]);
    assert.deepEqual(handovers('a', ['alpha-shard-1-a'], [], ['alpha-shard-1-c', 'alpha-shard-1-b']), [
      ['shard-1', undefined],
    ]);
  });

  test('nobody, when the container stays', () => {
    const status = statusWith(['alpha-shard-1-a']);
    assert.deepEqual(plannedHandovers(plan, changesOf('a', 'reload'), status, new Set()), []);
    assert.deepEqual(plannedHandovers(plan, changesOf('a', 'replace', 'proxy'), status, new Set()), []);
  });
});

describe('which edge gives the VIP away first', () => {
  test('the one that is replaced and holds it, if another can take it', () => {
    assert.equal(edgeToRelieve(changesOf('a'), statusWith([])), 'alpha-edge-a');
    assert.equal(edgeToRelieve(changesOf('b'), statusWith([])), undefined);
    assert.equal(edgeToRelieve(changesOf('a', 'reload'), statusWith([])), undefined);
    assert.equal(edgeToRelieve(changesOf('a'), statusWith([], 'alpha-edge-a', ['alpha-edge-b'])), undefined);
  });
});

describe('what upgrade shows beforehand', () => {
  const outlook = (turns: readonly DomainChanges[], status: StackStatus): Outlook =>
    ({ turns, status, sound, leaving: NOBODY_LEAVES }) as unknown as Outlook;

  test('turn by turn, with what moves away first', () => {
    const status = statusWith(['alpha-shard-1-a', 'alpha-shard-2-b']);
    const turns = [changesOf('c', 'reload', 'redis'), changesOf('a', 'replace', 'redis')];
    const text = outlookText(outlookDocument(plan, outlook(turns, status)));
    assert.match(text, /^c +alpha-shard-1-c +takes over redis\.conf$/m);
    assert.match(text, /^a +alpha-shard-1-a +hands shard-1 over to alpha-shard-1-c$/m);
    assert.match(text, /^a +alpha-shard-1-a +is replaced$/m);
    assert.doesNotMatch(text, /VIP/);
  });

  test('that there is nothing to do', () => {
    assert.match(outlookText(outlookDocument(plan, outlook([], statusWith([])))), /nothing to do/);
  });
});

describe('which files a running member has not taken over', () => {
  const file = (name: string, sha256: string) => ({ name, source: name, sha256, fixedSha256: '' });
  const wanted = [file('redis.conf', 'new'), file('users.acl', 'same')];
  const container = { id: 'x', startedAt: 200 } as ContainerState;
  const before = { 'redis.conf': 'old', 'users.acl': 'same' };

  test('one that started after its files were brought goes by them', () => {
    assert.deepEqual(pendingFiles(wanted, container, 100, before, undefined), ['redis.conf']);
    assert.deepEqual(pendingFiles(wanted, container, 100, hashesOf(wanted), undefined), []);
  });

  test('an older one goes by what it was last told', () => {
    const record = { container: 'x', startedAt: 200, files: hashesOf(wanted) };
    assert.deepEqual(pendingFiles(wanted, container, 300, hashesOf(wanted), record), []);
    assert.deepEqual(pendingFiles(wanted, container, 300, hashesOf(wanted), { ...record, files: before }), [
      'redis.conf',
    ]);
  });

  test('when nobody knows what it was told, it is told everything', () => {
    const other = { container: 'y', startedAt: 200, files: hashesOf(wanted) };
    const restarted = { ...other, container: 'x', startedAt: 150 };
    for (const record of [undefined, other, restarted])
      assert.deepEqual(pendingFiles(wanted, container, 300, hashesOf(wanted), record), [
        'redis.conf',
        'users.acl',
      ]);
  });
});

describe('what HAProxy says of itself', () => {
  test('lines of show stat are read by their column names', () => {
    const csv =
      '# pxname,svname,qcur,scur,status,\npool-p,FRONTEND,,3,OPEN,\nproxies-p,alpha-proxy-a,0,2,DRAIN,\n';
    assert.deepEqual(parseStats(csv), [
      { proxy: 'pool-p', server: 'FRONTEND', status: 'OPEN', sessions: 3 },
      { proxy: 'proxies-p', server: 'alpha-proxy-a', status: 'DRAIN', sessions: 2 },
    ]);
  });
});
