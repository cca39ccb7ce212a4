import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decide, type MasterState, nextState, type SentinelView } from '../../../proxy/topology/decide.ts';

const OLD = { host: '10.0.0.1', port: 6379 };
const NEW = { host: '10.0.0.2', port: 6379 };
const serving: MasterState = { ...OLD, epoch: 3, waiting: false };
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
      { ...OLD, epoch: 0, waiting: true },
      [view(OLD, 0), view(OLD, 0)],
      'release',
    ],
    [
      'first word, another address',
      { ...OLD, epoch: 0, waiting: true },
      [view(NEW, 1), view(NEW, 1)],
      'move',
    ],
  ];
  for (const [what, current, views, kind] of cases) {
    test(`${what}: ${kind}`, () => assert.equal(decide(current, views, 3, NOW).kind, kind));
  }

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

test('whatever the order of events, an address that a majority has demoted is never served', () => {
  const event = fc.record({ sentinel: fc.nat({ max: 4 }), epoch: fc.integer({ min: 1, max: 6 }) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      // every epoch has one master, as Sentinel's elections guarantee; a sentinel's epoch never falls
      const epochs = [1, 1, 1, 1, 1];
      let state: MasterState = { host: 'm1', port: 1, epoch: 1, waiting: false };
      for (const { sentinel, epoch } of events) {
        epochs[sentinel] = Math.max(epochs[sentinel], epoch);
        const views = epochs.map((each) => view({ host: `m${each}`, port: 1 }, each));
        state = nextState(state, decide(state, views, 5, NOW));
        for (const each of new Set(epochs)) {
          const agreed = epochs.filter((other) => other === each).length;
          if (agreed >= 3) assert.equal(state.host, `m${each}`);
        }
        assert.ok(state.epoch >= 1);
      }
    }),
  );
});
