import assert from 'node:assert/strict';
import type { Facts, Vitals } from '../../scripts/doctor/facts.ts';
import type { ContainerState } from '../../scripts/observe/engine.ts';
import type { RedisView } from '../../scripts/observe/redis-view.ts';
import type { MemberStatus, StackStatus } from '../../scripts/observe/status.ts';
import { placeOf } from '../../sentinel/guard/config.ts';
import type { GuardState } from '../../sentinel/guard/messages.ts';
import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan, Member } from '../../topology/types.ts';

/** A container as it is when nothing ails it. */
export function wellContainer(plan: AnyPlan, member: Member): ContainerState {
  return {
    name: member.name,
    id: member.name,
    pid: 0,
    role: member.role,
    status: 'running',
    health: 'healthy',
    restarts: 0,
    exitCode: 0,
    oomKilled: false,
    imageName: 'twemstack/x:1',
    addresses: [],
    networks: [isOnHosts(plan) ? 'host' : plan.back.name],
    createdAt: 0,
    startedAt: 0,
  };
}

/** A member's status as it is when nothing is wrong. */
export function wellMember(plan: AnyPlan, member: Member): MemberStatus {
  const container = wellContainer(plan, member);
  if (member.role === 'proxy') return { member, container, serving: true };
  if (member.role === 'edge') return { member, container, vip: member.domain === 'a' };
  if (member.role === 'sentinel') {
    const masters = plan.shards.map(({ name, initialMaster, members }) => ({
      name,
      address: initialMaster.address,
      port: initialMaster.port,
      flags: ['master'],
      configEpoch: 0,
      replicas: 2,
      strayReplicas: [],
      notPromoted: [],
      replicaPlaces: members.filter((each) => !each.initialMaster).map(placeOf),
      sentinelPlaces: plan.sentinels.filter((each) => each !== member).map(placeOf),
      otherSentinels: 2,
      quorum: 2,
      quorumCheck: 'OK 3 usable Sentinels',
    }));
    return { member, container, sentinel: { tilt: false, masters } };
  }
  if (member.role === 'monitor') return { member, container };
  return { member, container, redis: redisView(plan, member.shard, member.initialMaster) };
}

/** What a redis says of itself. */
export function redisView(plan: AnyPlan, shard: string, master: boolean): RedisView {
  const found = plan.shards.find(({ name }) => name === shard);
  assert.ok(found);
  const replicas = found.members.filter(({ initialMaster }) => !initialMaster);
  return {
    role: master ? 'master' : 'replica',
    version: '7.0.15',
    offset: 100,
    replId: 'r',
    masterAddress: master ? undefined : found.initialMaster.address,
    linkUp: master ? undefined : true,
    replicas: master
      ? replicas.map(({ address, port }) => ({ address, port, offset: 100, lagSeconds: 0, online: true }))
      : [],
    loading: false,
    keys: 0,
    usedMemory: 1_000_000,
  };
}

/** The whole stack; `change` alters single members. */
export function wellStatus(
  plan: AnyPlan,
  change: (member: Member) => Partial<MemberStatus> | undefined = () => undefined,
): StackStatus {
  return {
    members: plan.members.map((member) => ({ ...wellMember(plan, member), ...change(member) })),
    pools: [{ name: 'alpha', port: 6379, answers: true }],
  };
}

export const WELL_VITALS: Vitals = {
  ahead: 0,
  exactTo: 1,
  usedMemory: 1e6,
  maxMemory: 64e6,
  maxMemoryPolicy: 'noeviction',
  evictedKeys: 0,
  clients: 20,
  maxClients: 1000,
  aofWrites: true,
  aofRewrites: true,
  saves: true,
};

/** Facts of a stack that is well, a minute and more after it was started. */
export function wellFacts(plan: AnyPlan): Facts {
  const redises = plan.shards.flatMap(({ members }) => members);
  const term = (shard: string) => ({ counter: 1, owner: `alpha-${shard}-a`, run: 0 });
  const guard = ({ name, shard, initialMaster }: (typeof redises)[number]): GuardState => ({
    member: name,
    promised: term(shard),
    ...(initialMaster ? { lead: { term: term(shard), histories: [] } } : {}),
    role: initialMaster ? 'master' : 'replica',
    offset: 100,
    waiting: '',
  });
  return {
    plan,
    now: 3_600_000,
    engine: { kind: 'answers', address: 'unix:///x', ahead: 0 },
    away: new Map(),
    files: { credentialsPath: '/x/credentials.json', credentials: 'good', damaged: [] },
    containers: new Map(plan.members.map((member) => [member.name, wellContainer(plan, member)])),
    status: wellStatus(plan),
    problems: [],
    guards: new Map(redises.map((member) => [member.name, guard(member)])),
    vitals: new Map([...redises, ...plan.sentinels].map(({ name }) => [name, WELL_VITALS])),
    vrrp: new Map(
      plan.edges.map(({ name, domain }) => [
        name,
        new Map([[plan.vip, domain === 'a' ? 'MASTER' : 'BACKUP']]),
      ]),
    ),
    lastLines: new Map(),
    memory: new Map(plan.members.map(({ name }) => [name, { used: 10, limit: 100 }])),
    hosts: new Map(
      plan.domains.map(({ name }) => [name, { diskFree: 50e9, diskSize: 100e9, overcommit: 1 }]),
    ),
    drift: new Map(),
    conflicts: [],
    backups: {},
    leftFaults: [],
    unseen: [],
  };
}
