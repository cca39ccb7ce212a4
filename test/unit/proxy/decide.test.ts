import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  CONFIRM_WITHIN,
  decide,
  type MasterState,
  nextState,
  type SentinelView,
} from '../../../proxy/topology/decide.ts';
import { hasReplicas } from '../../../proxy/topology/master-probe.ts';

const OLD = { host: '10.0.0.1', port: 6379 };
const NEW = { host: '10.0.0.2', port: 6379 };
const serving: MasterState = { ...OLD, epoch: 3, waiting: false, provisional: null };
const NOW = 100_000;

function view(
  address: { host: string; port: number },
  epoch: number,
  more: Partial<SentinelView> = {},
): SentinelView {
  return { ...address, epoch, down: false, tilt: false, at: NOW - 100, ...more };
}

describe('who is master, three sentinels configured', () => {
  const cases: [what: string, current: MasterState, views: SentinelView[], kind: string][] = [
    ['all agree', serving, [view(OLD, 3), view(OLD, 3), view(OLD, 3)], 'keep'],
    ['one is ahead of the others', serving, [view(NEW, 4), view(OLD, 3), view(OLD, 3)], 'keep'],
    [
      'a majority has switched, the leader not yet',
      serving,
      [view(NEW, 4), view(NEW, 4), view(OLD, 3)],
      'move',
    ],
    ['a majority has switched, one is unreachable', serving, [view(NEW, 4), view(NEW, 4)], 'move'],
    ['a lone sentinel says so', serving, [view(NEW, 9)], 'keep'],
    ['nobody answers', serving, [], 'keep'],
    [
      'each says something else',
      serving,
      [view(NEW, 4), view(OLD, 3), view({ host: 'x', port: 1 }, 5)],
      'keep',
    ],
    [
      'two views are too old',
      serving,
      [view(NEW, 4, { at: 0 }), view(NEW, 4, { at: 0 }), view(OLD, 3)],
      'keep',
    ],
    ['one of two is in tilt', serving, [view(NEW, 4, { tilt: true }), view(NEW, 4), view(OLD, 3)], 'keep'],
    [
      'a majority with an older epoch, one defends',
      serving,
      [view(NEW, 2), view(NEW, 2), view(OLD, 3)],
      'keep',
    ],
    ['all begin anew with an older epoch', serving, [view(NEW, 1), view(NEW, 1), view(NEW, 1)], 'move'],
    ['one holds it for down', serving, [view(OLD, 3, { down: true }), view(OLD, 3), view(OLD, 3)], 'keep'],
    ['two hold it for down', serving, [view(OLD, 3, { down: true }), view(OLD, 3, { down: true })], 'wait'],
    ['it is back', { ...serving, waiting: true }, [view(OLD, 3), view(OLD, 3)], 'release'],
    [
      'first word after the start',
      { ...OLD, epoch: 0, waiting: true, provisional: null },
      [view(OLD, 0), view(OLD, 0)],
      'release',
    ],
    [
      'first word, another address',
      { ...OLD, epoch: 0, waiting: true, provisional: null },
      [view(NEW, 1), view(NEW, 1)],
      'move',
    ],
  ];
  for (const [what, current, views, kind] of cases) {
    test(`${what}: ${kind}`, () => assert.equal(decide(current, views, 3, NOW).kind, kind));
  }

  test('a master that serves is not waited for, whatever the sentinels hold; one that does not, is', () => {
    const down = [view(OLD, 3, { down: true }), view(OLD, 3, { down: true })];
    assert.equal(decide(serving, down, 3, NOW, null, true).kind, 'keep');
    assert.equal(decide({ ...serving, waiting: true }, down, 3, NOW, null, true).kind, 'release');
    assert.equal(decide(serving, down, 3, NOW, null, false).kind, 'wait');
    assert.equal(
      decide(serving, down, 3, NOW, NEW, true).kind,
      'anticipate',
      'a promotion that was seen counts more',
    );
    const moved = [view(NEW, 4), view(NEW, 4)];
    assert.equal(decide(serving, moved, 3, NOW, null, true).kind, 'move');
  });

  test('after a guarded promotion the old master is never gone back to while the new one serves', () => {
    const state: MasterState = {
      ...NEW,
      epoch: 3,
      waiting: false,
      provisional: { instead: OLD, since: NOW - 100 },
    };
    const upAgain = [view(OLD, 3, { at: NOW }), view(OLD, 3, { at: NOW }), view(OLD, 3, { at: NOW })];
    const kind = (now: number, serves: boolean, guarded: boolean): string => {
      const views = upAgain.map((each) => ({ ...each, at: now }));
      return decide(state, views, 3, now, null, serves, guarded).kind;
    };
    assert.equal(kind(NOW, false, false), 'undo', 'without guards: the sentinels have made nobody master');
    assert.equal(kind(NOW, false, true), 'keep', 'it has not been asked yet');
    const later = NOW + CONFIRM_WITHIN;
    assert.equal(kind(later, true, true), 'keep');
    assert.equal(kind(later, false, true), 'undo');
    const third = { host: '10.0.0.3', port: 6379 };
    const named = [view(third, 4), view(third, 4)];
    assert.equal(decide(state, named, 3, NOW, null, true, true).kind, 'move');
    const confirmed = [view(NEW, 4), view(NEW, 4)];
    assert.equal(decide(state, confirmed, 3, NOW, null, true, true).kind, 'confirm');
  });

  test('serving means: master, with so many replicas that answered lately', () => {
    const info = (role: string, ...lags: number[]): string =>
      [
        `role:${role}`,
        ...lags.map((lag, i) => `slave${i}:ip=10.0.0.${i},port=1,state=online,offset=9,lag=${lag}`),
      ].join('\r\n');
    assert.ok(hasReplicas(info('master', 0, 9), 1));
    assert.ok(!hasReplicas(info('master', 2, 9), 1));
    assert.ok(!hasReplicas(info('master', 0), 2));
    assert.ok(!hasReplicas(info('slave', 0), 1));
    assert.ok(!hasReplicas(info('master', 0).replace('online', 'wait_bgsave'), 1));
  });

  test('two failovers within a second end at the last one', () => {
    const third = { host: '10.0.0.3', port: 6379 };
    let state = serving;
    const said = [view(OLD, 3), view(OLD, 3), view(OLD, 3)];
    const steps: [sentinel: number, address: typeof OLD, epoch: number][] = [
      [0, NEW, 4],
      [1, NEW, 4],
      [0, third, 5],
      [2, NEW, 4],
      [2, third, 5],
      [1, third, 5],
    ];
    const path: string[] = [];
    for (const [sentinel, address, epoch] of steps) {
      said[sentinel] = view(address, epoch);
      const decision = decide(state, said, 3, NOW);
      state = nextState(state, decision);
      if (decision.kind === 'move') path.push(`${decision.host}@${decision.epoch}`);
    }
    assert.deepEqual(path, ['10.0.0.2@4', '10.0.0.3@5']);
  });
});

/** Something that happened: a sentinel's word, or a replica that was seen to become master. Milliseconds. */
type Happening = [at: number, sentinel: number, view: SentinelView] | [at: number, promoted: typeof OLD];

/**
 * Plays a recorded failover, deciding at every event and every 100 ms; returns what was decided, and when.
 * @param dead a sentinel that says nothing from the beginning; what it said before is remembered
 */
function replay(happenings: readonly Happening[], untilMs: number, dead?: number): string[] {
  const said = [view(OLD, 3), view(OLD, 3), view(OLD, 3)];
  const path: string[] = [];
  let promoted: typeof OLD | null = null;
  let state = serving;
  const left = [...happenings];
  for (let at = 0; at <= untilMs; at += 10) {
    const due = left.splice(0, left.findLastIndex((each) => each[0] <= at) + 1);
    for (const [, what, heard] of due) {
      if (typeof what === 'number') said[what] = heard as SentinelView;
      else promoted = what;
    }
    if (due.length === 0 && at % 100 !== 0) continue;
    const views = said.map((each, sentinel) => ({ ...each, at: sentinel === dead ? 0 : at }));
    const decision = decide(state, views, 3, at, promoted);
    state = nextState(state, decision);
    // what was chosen, confirmed or given up is not a candidate any more
    if (['move', 'confirm', 'undo'].includes(decision.kind)) promoted = null;
    if (decision.kind !== 'keep')
      path.push(`${at} ${decision.kind} ${state.host}${state.waiting ? ' waiting' : ''}`);
  }
  return path;
}

describe('recorded failovers, replayed', () => {
  const THIRD = { host: '10.0.0.3', port: 6379 };
  const down = (sentinel: number, at: number): Happening => [at, sentinel, view(OLD, 3, { down: true })];
  const allDown = [down(0, 1100), down(1, 1120), down(2, 1160)];

  test('killed: the promoted replica is used when it says master, 0.85 s before the sentinels name it', () => {
    const path = replay(
      [...allDown, [1470, NEW], [2320, 1, view(NEW, 4)], [2330, 2, view(NEW, 4)], [3330, 0, view(NEW, 4)]],
      5000,
    );
    assert.deepEqual(path, [
      '1120 wait 10.0.0.1 waiting',
      '1470 anticipate 10.0.0.2',
      '2330 confirm 10.0.0.2',
    ]);
  });

  test('killed with a sentinel: what that one said before does not undo what the leader has begun', () => {
    const path = replay(
      [down(2, 1070), down(0, 1090), [1400, NEW], [1410, 0, view(NEW, 4)], [1450, 2, view(NEW, 4)]],
      3000,
      1,
    );
    assert.deepEqual(path, [
      '1090 wait 10.0.0.1 waiting',
      '1400 anticipate 10.0.0.2',
      '1450 confirm 10.0.0.2',
    ]);
  });

  test('killed, the promotion was not seen: the sentinels are waited for', () => {
    const path = replay([...allDown, [2320, 1, view(NEW, 4)], [2330, 2, view(NEW, 4)]], 4000);
    assert.deepEqual(path, ['1120 wait 10.0.0.1 waiting', '2330 move 10.0.0.2']);
  });

  test('the leader dies right after the promotion: given up in time, and its successor is followed', () => {
    const path = replay(
      [...allDown, [1470, NEW], [9100, 1, view(THIRD, 5)], [9110, 2, view(THIRD, 5)]],
      10_000,
    );
    assert.deepEqual(path, [
      '1120 wait 10.0.0.1 waiting',
      '1470 anticipate 10.0.0.2',
      '4500 undo 10.0.0.1 waiting',
      '9110 move 10.0.0.3',
    ]);
  });

  test('the master is up again before anybody is named: back to it at once', () => {
    const path = replay([...allDown, [1470, NEW], [1600, 0, view(OLD, 3)], [1650, 2, view(OLD, 3)]], 3000);
    assert.deepEqual(path, [
      '1120 wait 10.0.0.1 waiting',
      '1470 anticipate 10.0.0.2',
      '1650 undo 10.0.0.1 waiting',
      '1700 release 10.0.0.1',
    ]);
  });

  test('split votes: nobody leads for seconds, then somebody does', () => {
    const path = replay([...allDown, [8300, 0, view(NEW, 6)], [8310, 1, view(NEW, 6)]], 9000);
    assert.deepEqual(path, ['1120 wait 10.0.0.1 waiting', '8310 move 10.0.0.2']);
  });

  test('a lone sentinel promotes a replica of a master that is well: nothing', () => {
    const alone: Happening[] = [down(0, 1100), [1470, NEW], [2320, 0, view(NEW, 4)]];
    assert.deepEqual(replay(alone, 5000), []);
  });

  test('two failovers within a second: the second one counts, also while the first is not confirmed', () => {
    const path = replay(
      [
        ...allDown,
        [1470, NEW],
        [2320, 1, view(NEW, 4)],
        [2400, 1, view(THIRD, 5)],
        [2410, 2, view(THIRD, 5)],
      ],
      4000,
    );
    assert.deepEqual(path, ['1120 wait 10.0.0.1 waiting', '1470 anticipate 10.0.0.2', '2410 move 10.0.0.3']);
  });
});

/** One step of five sentinels: one learns of an epoch, changes its mind on the master, or a replica is promoted. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('learns' as const),
    sentinel: fc.nat(4),
    epoch: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ kind: fc.constant('doubts' as const), sentinel: fc.nat(4), down: fc.boolean() }),
  fc.record({ kind: fc.constant('promotes' as const), epoch: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('waits' as const), ms: fc.integer({ min: 1, max: 4000 }) }),
);

test('whatever the order of events, an address that a majority has demoted is never served', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      // every epoch has one master, as Sentinel's elections guarantee; a sentinel's epoch never falls
      const epochs = [1, 1, 1, 1, 1];
      const down = [false, false, false, false, false];
      let state: MasterState = { host: 'm1', port: 1, epoch: 1, waiting: false, provisional: null };
      let promoted: { host: string; port: number } | null = null;
      let now = NOW;
      for (const each of steps) {
        if (each.kind === 'learns' && each.epoch > epochs[each.sentinel]) {
          epochs[each.sentinel] = each.epoch;
          down[each.sentinel] = false;
        } else if (each.kind === 'doubts') down[each.sentinel] = each.down;
        else if (each.kind === 'promotes') promoted = { host: `m${each.epoch}`, port: 1 };
        else if (each.kind === 'waits') now += each.ms;
        const views = epochs.map((epoch, i) =>
          view({ host: `m${epoch}`, port: 1 }, epoch, { down: down[i], at: now }),
        );
        const decision = decide(state, views, 5, now, promoted);
        state = nextState(state, decision);
        if (['move', 'confirm', 'undo'].includes(decision.kind)) promoted = null;
        const agreed = epochs.find((epoch) => epochs.filter((other) => other === epoch).length >= 3);
        if (agreed === undefined) continue;
        const isUp = epochs.filter((epoch, i) => epoch === agreed && !down[i]).length >= 3;
        if (state.waiting) continue;
        // the majority's master, or while that is down, and for a bounded time, one that took its place before our eyes
        if (state.provisional === null) assert.equal(state.host, `m${agreed}`);
        else {
          assert.equal(state.provisional.instead.host, `m${agreed}`);
          assert.ok(!isUp && now - state.provisional.since < CONFIRM_WITHIN);
        }
      }
    }),
    { numRuns: 1000 },
  );
});
