import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { History, type Moment } from '../../../console/history.ts';

const moment = (at: number, change: Partial<Moment> = {}): Moment => ({
  at,
  holders: { VIP: ['edge-a'], 'shard-1': ['one-a'] },
  health: { 'one-a': 'healthy', 'one-b': 'healthy' },
  restarts: { 'one-a': 0 },
  problems: [],
  deeds: [],
  ...change,
});

describe('the history of a stack', () => {
  test('of a failover: who died, nobody, the heir; what it cost, and that it is over', () => {
    const history = new History();
    history.look(moment(0));
    const dead = { 'one-a': 'absent', 'one-b': 'healthy' };
    history.look(
      moment(10, {
        holders: { VIP: ['edge-a'], 'shard-1': [] },
        health: dead,
        problems: ['shard-1 no master'],
      }),
    );
    history.look(
      moment(20, {
        holders: { VIP: ['edge-a'], 'shard-1': ['one-b'] },
        health: dead,
        problems: ['one-a absent'],
      }),
    );
    history.look(moment(30, { holders: { VIP: ['edge-a'], 'shard-1': ['one-b'] } }));
    const told = [...history.events]
      .reverse()
      .map(({ subject, what, tone }) => `${subject} ${what} (${tone})`);
    assert.deepEqual(told, [
      'shard-1 master is nobody (bad)',
      'one-a absent (bad)',
      'stack degraded: shard-1 no master (bad)',
      'shard-1 master is one-b (plain)',
      'one-a healthy (good)',
      'stack whole again (good)',
    ]);
    assert.deepEqual(history.lanes.find(({ name }) => name === 'shard-1')?.spans, [
      { from: 0, to: 10, holders: ['one-a'] },
      { from: 10, to: 20, holders: [] },
      { from: 20, holders: ['one-b'] },
    ]);
  });

  test('two holders of the VIP are one event, and a bad one', () => {
    const history = new History();
    history.look(moment(0));
    history.look(moment(10, { holders: { VIP: ['edge-a', 'edge-b'], 'shard-1': ['one-a'] } }));
    assert.deepEqual(history.events, [
      { at: 10, subject: 'VIP', what: 'held by edge-a and edge-b', tone: 'bad' },
    ]);
  });

  test('a member that came back by itself between two looks is told of', () => {
    const history = new History();
    history.look(moment(0));
    history.look(moment(10, { restarts: { 'one-a': 2 } }));
    assert.deepEqual(
      history.events.map(({ subject, what }) => `${subject} ${what}`),
      ['one-a came back by itself'],
    );
  });

  test('what somebody does to it is told of as it begins and when it is over', () => {
    const history = new History();
    history.look(moment(0, { deeds: ['a backup or restore'] }));
    history.look(moment(10, { deeds: ['a drill', 'a backup or restore'] }));
    history.look(moment(20, { deeds: ['a drill'] }));
    history.look(moment(30));
    assert.deepEqual(
      history.events.map(({ at, what }) => `${at} ${what}`),
      ['30 a drill is over', '20 a backup or restore is over', '10 a drill has begun'],
    );
  });

  test('keeps a bounded number of events, the newest', () => {
    const history = new History();
    for (let at = 0; at < 2000; at++) history.look(moment(at, { problems: at % 2 === 0 ? ['x'] : [] }));
    assert.equal(history.events.length, 300);
    assert.equal(history.events[0].at, 1999);
  });
});
