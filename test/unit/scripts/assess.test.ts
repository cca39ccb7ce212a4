import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assess } from '../../../scripts/observe/assess.ts';
import type { MemberStatus, StackStatus } from '../../../scripts/observe/status.ts';
import type { Member } from '../../../topology/types.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';
import { redisView, wellMember, wellStatus } from '../../support/well-stack.ts';

const plan = defaultPlan();
const ALL = new Set(['a', 'b', 'c']);

/** The default stack as it is when nothing is wrong; `change` alters single members. */
const statusOf = (change?: (member: Member) => Partial<MemberStatus> | undefined): StackStatus =>
  wellStatus(plan, change);

const sentences = (status: StackStatus, domains = ALL): string[] =>
  assess(plan, status, domains).map(({ subject, what }) => `${subject}: ${what}`);

describe('assessing a stack', () => {
  test('a stack as planned has no problem', () => {
    assert.deepEqual(sentences(statusOf()), []);
  });

  test('a shard that waits says for what', () => {
    const waiting = statusOf((member) =>
      member.role === 'redis' && member.shard === 'shard-1'
        ? { redis: redisView(plan, 'shard-1', false), waiting: member.domain === 'b' ? '1 of 2 votes' : '' }
        : undefined,
    );
    assert.ok(sentences(waiting).includes('shard-1: no master; alpha-shard-1-b waits: 1 of 2 votes'));
  });

  test('during a first deploy, domains that do not exist yet are not missed', () => {
    const onlyA = statusOf((member) =>
      member.domain === 'a' ? undefined : { container: undefined, error: 'no container' },
    );
    const withoutOthers = {
      ...onlyA,
      members: onlyA.members.map((entry) =>
        entry.redis?.role === 'master' ? { ...entry, redis: { ...entry.redis, replicas: [] } } : entry,
      ),
    };
    assert.deepEqual(sentences(withoutOthers, new Set(['a'])), []);
    assert.notDeepEqual(sentences(withoutOthers), []);
  });

  test('while the first domain comes up alone, its sentinel may remember a master of a domain that is to come', () => {
    const ofC: Record<string, string> = { 'shard-1': '198.18.128.34', 'shard-2': '198.18.128.42' };
    const remembering = statusOf((member) => {
      if (member.domain !== 'a')
        return { container: undefined, error: 'no container', redis: undefined, sentinel: undefined };
      if (member.role !== 'sentinel') return undefined;
      const masters = wellMember(plan, member).sentinel?.masters ?? [];
      return {
        sentinel: {
          tilt: false,
          masters: masters.map((master) => ({ ...master, address: ofC[master.name] })),
        },
      };
    });
    const alone = {
      ...remembering,
      members: remembering.members.map((entry) =>
        entry.redis?.role === 'master' ? { ...entry, redis: { ...entry.redis, replicas: [] } } : entry,
      ),
    };
    assert.deepEqual(sentences(alone, new Set(['a'])), []);
    assert.ok(
      sentences(alone).includes('alpha-shard-1-a: is a master, but the sentinels name 198.18.128.34'),
    );
  });

  test('a second master is named together with the first', () => {
    const split = statusOf((member) =>
      member.name === 'alpha-shard-1-b' ? { redis: redisView(plan, 'shard-1', true) } : undefined,
    );
    assert.ok(sentences(split).includes('shard-1: more than one master: alpha-shard-1-a, alpha-shard-1-b'));
  });

  test('a replica that lost its link, or follows a node that is not the master, is named', () => {
    const broken = statusOf((member) => {
      if (member.name === 'alpha-shard-1-b')
        return { redis: { ...redisView(plan, 'shard-1', false), linkUp: false } };
      if (member.name === 'alpha-shard-1-c') {
        return { redis: { ...redisView(plan, 'shard-1', false), masterAddress: '198.18.128.33' } };
      }
      return undefined;
    });
    assert.deepEqual(
      sentences(broken).filter((sentence) => sentence.startsWith('alpha-shard-1')),
      [
        'alpha-shard-1-b: its link to the master is down',
        'alpha-shard-1-c: replicates from 198.18.128.33, not from the master 198.18.128.32',
      ],
    );
  });

  test('a sentinel that has not heard of every replica or peer yet is not ready for a failover', () => {
    const young = statusOf((member) => {
      if (member.role !== 'sentinel' || member.domain !== 'c') return undefined;
      const well = wellMember(plan, member).sentinel;
      return {
        sentinel: {
          tilt: false,
          masters: (well?.masters ?? []).map((master) => ({ ...master, replicas: 1 })),
        },
      };
    });
    assert.deepEqual(sentences(young), [
      'alpha-sentinel-c: knows 1 of 2 replicas of shard-1',
      'alpha-sentinel-c: knows 1 of 2 replicas of shard-2',
    ]);
  });

  test('a sentinel that would undo the promotion of a former master is not ready for a failover', () => {
    const suspicious = statusOf((member) => {
      if (member.role !== 'sentinel' || member.domain !== 'c') return undefined;
      const [first, ...rest] = wellMember(plan, member).sentinel?.masters ?? [];
      return {
        sentinel: { tilt: false, masters: [{ ...first, strayReplicas: ['198.18.128.34'] }, ...rest] },
      };
    });
    assert.deepEqual(sentences(suspicious), [
      'alpha-sentinel-c: still takes 198.18.128.34 for a second master of shard-1',
    ]);
  });

  test('what is no member of the stack is named by its address, whoever holds it for one', () => {
    const told = statusOf((member) => {
      if (member.role === 'redis' && member.initialMaster && member.shard === 'shard-1') {
        const view = redisView(plan, 'shard-1', true);
        const rogue = { address: '198.18.128.66', port: 6379, offset: 1, lagSeconds: 0, online: true };
        return { redis: { ...view, replicas: [...view.replicas, rogue] } };
      }
      if (member.role !== 'sentinel' || member.domain !== 'c') return undefined;
      const [first, second] = wellMember(plan, member).sentinel?.masters ?? [];
      const strange = {
        ...first,
        replicas: 3,
        replicaPlaces: [...first.replicaPlaces, '198.18.128.66:6379'],
        sentinelPlaces: [...first.sentinelPlaces, '198.18.128.67:26379'],
      };
      return { sentinel: { tilt: false, masters: [strange, { ...second, address: '198.18.128.68' }] } };
    });
    const wanted = [
      'alpha-sentinel-c: holds 198.18.128.66:6379, which is no member of the stack, for a replica of shard-1',
      'alpha-sentinel-c: holds 198.18.128.67:26379, which is no member of the stack, for another sentinel of shard-1',
      'alpha-sentinel-c: names 198.18.128.68:6379 as master of shard-2, which is no member of the stack',
      'alpha-shard-1-a: feeds 198.18.128.66, which is no member of shard-1',
    ];
    for (const sentence of wanted)
      assert.ok(sentences(told).includes(sentence), `${sentence}\n${sentences(told).join('\n')}`);
  });

  test('a sentinel in TILT is named, for it fails nothing over', () => {
    const tilted = statusOf((member) =>
      member.name === 'alpha-sentinel-b'
        ? { sentinel: { tilt: true, masters: wellMember(plan, member).sentinel?.masters ?? [] } }
        : undefined,
    );
    assert.match(sentences(tilted).join(), /^alpha-sentinel-b: is in TILT/);
  });

  test('a master that is down while nobody may be promoted: each replica with its reason', () => {
    const stuck = statusOf((member) => {
      if (member.role !== 'sentinel') return undefined;
      const [first, ...rest] = wellMember(plan, member).sentinel?.masters ?? [];
      const notPromoted = ['198.18.128.33', '198.18.128.34'].map((address) => ({
        address,
        reason: 'it is late',
      }));
      const down = { ...first, flags: ['s_down', 'o_down', 'master'], notPromoted };
      return { sentinel: { tilt: false, masters: [down, ...rest] } };
    });
    assert.ok(
      sentences(stuck).includes(
        'shard-1: its master is down, and the sentinels may promote nobody: alpha-shard-1-b: it is late; alpha-shard-1-c: it is late',
      ),
      sentences(stuck).join('\n'),
    );
    // while a stack is brought up the master may be in a domain that is still to come
    const first = assess(plan, stuck, new Set(['a'])).map(({ what }) => what);
    assert.doesNotMatch(first.join('\n'), /may promote nobody/);
  });

  test('no holder of the VIP, and more than one, are problems', () => {
    assert.ok(
      sentences(statusOf((member) => (member.role === 'edge' ? { vip: false } : undefined))).includes(
        '198.18.0.100: no edge holds the VIP',
      ),
    );
    assert.ok(
      sentences(statusOf((member) => (member.role === 'edge' ? { vip: true } : undefined))).includes(
        '198.18.0.100: more than one edge holds the VIP: alpha-edge-a, alpha-edge-b',
      ),
    );
  });
});
