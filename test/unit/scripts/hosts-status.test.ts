import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assess } from '../../../scripts/observe/assess.ts';
import { type HostStatus, parseFacts } from '../../../scripts/observe/host-status.ts';
import type { MemberStatus, StackStatus } from '../../../scripts/observe/status.ts';
import { statusDocument } from '../../../scripts/observe/status-document.ts';
import { statusTable } from '../../../scripts/verbs/status-report.ts';
import type { Member } from '../../../topology/types.ts';
import { hostsPlanOf, THREE_HOSTS } from '../../support/stack-fixture.ts';
import { wellStatus } from '../../support/well-stack.ts';

const plan = hostsPlanOf(THREE_HOSTS);
const ALL = new Set(['a', 'b', 'c']);

const hostOf = (domain: string): HostStatus => ({
  domain,
  address: plan.domains.find(({ name }) => name === domain)?.host.address ?? '',
  clockMs: 3,
  load: 0.25,
  processors: 4,
  diskFree: 61,
});

const statusOf = (
  hosts: readonly HostStatus[] = plan.domains.map(({ name }) => hostOf(name)),
  change?: (member: Member) => Partial<MemberStatus> | undefined,
): StackStatus => ({ ...wellStatus(plan, change), hosts });

const sentences = (status: StackStatus): string[] =>
  assess(plan, status, ALL).map(({ subject, what }) => `${subject}: ${what}`);

/** The stack as it is seen while host c is not reached. */
const WITHOUT_C = statusOf(
  [hostOf('a'), hostOf('b'), { domain: 'c', address: '10.0.0.13', problem: 'connect EHOSTUNREACH' }],
  ({ domain }) =>
    domain === 'c'
      ? {
          container: undefined,
          redis: undefined,
          sentinel: undefined,
          serving: undefined,
          vip: undefined,
          away: true,
          error: 'host c is not reached',
        }
      : undefined,
);

describe('a stack on several hosts', () => {
  test('as planned has no problem', () => {
    assert.deepEqual(sentences(statusOf()), []);
  });

  test('with a host that is not reached is degraded by one sentence, not by one for each of its members', () => {
    assert.deepEqual(
      sentences(WITHOUT_C).filter((sentence) => /host c|-c:/.test(sentence)),
      ['host c: is not reached: connect EHOSTUNREACH; what its members do is not known'],
    );
  });

  test('the host is a row, and its members are rows that say they are not known', () => {
    const rows = statusTable(plan, WITHOUT_C)
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    assert.ok(rows.includes('a 10.0.0.11 reached 3 ms 0.25 on 4 CPUs 61 % free'), rows.join('\n'));
    assert.ok(rows.includes('c 10.0.0.13 not reached connect EHOSTUNREACH'), rows.join('\n'));
    assert.ok(rows.includes('c alpha-sentinel-c sentinel 10.0.0.13:7002 unknown host c is not reached'));
    const document = statusDocument(plan, WITHOUT_C, []) as { hosts: Array<{ problem?: string }> };
    assert.deepEqual(
      document.hosts.map(({ problem }) => problem),
      [undefined, undefined, 'connect EHOSTUNREACH'],
    );
  });

  test('a clock that is off is told, and keeps nothing from being whole', () => {
    const off = statusOf([hostOf('a'), { ...hostOf('b'), clockMs: -4200 }, hostOf('c')]);
    assert.match(statusTable(plan, off), /^b .* -4200 ms .* its clock is off: logs cannot be compared$/m);
    assert.deepEqual(sentences(off), []);
  });

  test('two holders of the VIP are named, with what keeps them from hearing of each other', () => {
    const two = statusOf(undefined, (member) =>
      member.role === 'edge' ? { vip: member.domain !== 'c' } : undefined,
    );
    assert.deepEqual(sentences(two), [
      '10.0.0.100: more than one edge holds the VIP: alpha-edge-a, alpha-edge-b; VRRP (IP protocol 112) does not pass between their hosts',
    ]);
  });

  test('no holder is degraded; of an entrance that is not ours nobody holds it', () => {
    const nobody = statusOf(undefined, (member) => (member.role === 'edge' ? { vip: false } : undefined));
    assert.deepEqual(sentences(nobody), ['10.0.0.100: no edge holds the VIP']);
    const external = hostsPlanOf(`${THREE_HOSTS}entrance: external\n`);
    assert.deepEqual(assess(external, nobody, ALL), []);
  });

  test('edges that are not reached are named: one of them may hold it', () => {
    const unseen = statusOf(undefined, (member) => {
      if (member.role !== 'edge') return undefined;
      return member.domain === 'a' ? { vip: undefined, away: true } : { vip: false };
    });
    assert.deepEqual(
      sentences(unseen).filter((sentence) => sentence.includes('VIP')),
      [
        '10.0.0.100: no edge that is reached holds the VIP (not reached: alpha-edge-a): an edge that reaches no other host gives it up',
      ],
    );
  });

  test('how far a replica is behind is held against the master of its shard, not against who else has its address', () => {
    const behind = statusOf(undefined, (member) =>
      member.name === 'alpha-shard-1-b'
        ? {
            redis: {
              role: 'replica',
              version: '7.0.15',
              offset: 58,
              replId: 'r',
              masterAddress: '10.0.0.11',
              linkUp: true,
              replicas: [],
              loading: false,
              keys: 0,
              usedMemory: 0,
            },
          }
        : undefined,
    );
    assert.match(statusTable(plan, behind), /alpha-shard-1-b .* lag 42 bytes/);
  });

  test('load and room are what the kernel and df say', () => {
    const text = '1.25 0.90 0.40 2/512 4242\n/dev/vda 263174212 42400000 127200000 25% /data\n';
    assert.deepEqual(parseFacts(text), { load: 1.25, diskFree: 75 });
  });
});
