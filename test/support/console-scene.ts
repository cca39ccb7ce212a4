import { allowedActions } from '../../console/actions.ts';
import type { ConsoleMember, ConsoleState, Sample } from '../../console/document.ts';
import { Board } from '../../console/feed.ts';
import type { Member } from '../../topology/types.ts';
import { planOf } from './stack-fixture.ts';

const PLAN = planOf(
  'name: alpha\nvip: 198.18.0.100\npools: { alpha: { listen: 6379 }, queue: { listen: 6380 } }\n',
);
const NOW = Date.parse('2026-11-27T03:00:00Z');

function memberOf(member: Member): ConsoleMember {
  const isRedis = member.role === 'redis';
  const master = isRedis && member.initialMaster;
  return {
    name: member.name,
    kind: member.role,
    domain: member.domain,
    address: member.address,
    shard: isRedis ? member.shard : undefined,
    role: isRedis ? (master ? 'master' : 'replica') : member.role,
    health: 'healthy',
    well: true,
    holdsVip: member.name === PLAN.edges[0].name,
    restarts: 0,
    oomKilled: false,
    version: isRedis ? '7.0.15' : undefined,
    keys: isRedis ? 120_034 : undefined,
    lagBytes: isRedis && !master ? 1536 : undefined,
  };
}

/** A default stack that is well. */
export function wholeState(actions: readonly string[] = []): ConsoleState {
  return {
    at: NOW,
    stack: PLAN.name,
    vip: PLAN.vip,
    domains: PLAN.domains.map(({ name }) => name),
    shards: PLAN.shards.map(({ name }) => name),
    pools: PLAN.pools.map(({ name, listen, shards }) => ({ name, port: listen, shards, answers: true })),
    members: PLAN.members.map(memberOf),
    opinions: PLAN.sentinels.flatMap(({ name }) =>
      PLAN.shards.map((shard) => ({
        sentinel: name,
        shard: shard.name,
        master: shard.initialMaster.name,
        flags: [],
        tilt: false,
      })),
    ),
    problems: [],
    events: [],
    lanes: [
      { name: 'VIP', spans: [{ from: NOW - 900_000, holders: [PLAN.edges[0].name] }] },
      ...PLAN.shards.map(({ name, initialMaster }) => ({
        name,
        spans: [{ from: NOW - 900_000, holders: [initialMaster.name] }],
      })),
    ],
    actions,
  };
}

/** The same some seconds after the first shard's master died. */
export function degradedState(): ConsoleState {
  const whole = wholeState(allowedActions(PLAN));
  const [{ name: shard, members }] = PLAN.shards;
  const [dead, heir] = members;
  return {
    ...whole,
    members: whole.members.map((member) => {
      if (member.name === dead.name)
        return {
          ...member,
          role: '?',
          health: 'absent',
          well: false,
          keys: undefined,
          error: 'no container',
        };
      return member.name === heir.name ? { ...member, role: 'master', lagBytes: undefined } : member;
    }),
    problems: [
      { subject: dead.name, what: 'no container' },
      { subject: heir.name, what: 'has 1 of 2 replicas online' },
    ],
    alerts: [
      {
        name: 'ReplicaMissing',
        severity: 'warning',
        since: NOW - 2000,
        summary: `${shard} has 1 of 2 replicas`,
        action: '`npx twemstack doctor` says why and what mends it.',
      },
    ],
    events: [
      { at: NOW - 3000, subject: shard, what: `master is ${heir.name}`, tone: 'plain' },
      { at: NOW - 4500, subject: dead.name, what: 'no container', tone: 'bad' },
      // More than are in sight at once.
      ...Array.from({ length: 20 }, (_, index) => ({
        at: NOW - (index + 10) * 60_000,
        subject: 'stack',
        what: `a backup or restore ${index % 2 === 0 ? 'is over' : 'has begun'}`,
        tone: 'plain' as const,
      })),
    ],
    lanes: whole.lanes.map((lane) =>
      lane.name !== shard
        ? lane
        : {
            name: shard,
            spans: [
              { from: NOW - 900_000, to: NOW - 200_000, holders: [dead.name] },
              { from: NOW - 200_000, to: NOW - 198_500, holders: [] },
              { from: NOW - 198_500, holders: [heir.name] },
            ],
          },
    ),
  };
}

export function samples(count: number): Sample[] {
  return Array.from({ length: count }, (_, index) => {
    const requests = 20_000 + 4000 * Math.sin(index / 8);
    const shards = Object.fromEntries(
      PLAN.shards.map(({ name }, at) => [name, { requests: requests / (at + 2), p50: 0.31, p99: 1.7 + at }]),
    );
    return {
      at: NOW - (count - index) * 1000,
      pools: Object.fromEntries(
        PLAN.pools.map(({ name }) => [
          name,
          { requests, p50: 0.31, p99: 1.2 + index / 100, clients: 50, shards },
        ]),
      ),
      redis: Object.fromEntries(
        PLAN.shards
          .flatMap(({ members }) => members)
          .map(({ name }) => [
            name,
            { commands: requests / 2, usedMemory: 61_000_000, maxMemory: 134_217_728, clients: 12 },
          ]),
      ),
    };
  });
}

/** A board on which all of that stands. */
export function boardOf(state: ConsoleState, count = 120): Board {
  const board = new Board();
  board.tell({ kind: 'state', body: state });
  for (const body of samples(count)) board.tell({ kind: 'sample', body });
  return board;
}
