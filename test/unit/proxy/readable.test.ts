import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mayRead, parseReplication, type ReplicationView } from '../../../proxy/topology/readable.ts';

const NOW = 100_000;
const MAX_LAG = 2000;

function view(
  role: string,
  ago: number,
  offset: number,
  more: Partial<ReplicationView> = {},
): ReplicationView {
  return { at: NOW - ago, role, history: 'abc', offset, linked: role === 'slave', replicas: [], ...more };
}

/** A master that writes 1000 bytes every half second. */
const master = [4, 3, 2, 1, 0].map((n) => view('master', 50 + n * 500, 10_000 - n * 1000));

describe('which replica may be read from', () => {
  const cases: [what: string, replica: ReplicationView | undefined, may: boolean][] = [
    ['one that has everything', view('slave', 50, 10_000), true],
    ['one that is a moment behind', view('slave', 50, 9500), true],
    ['one that is as far behind as it may be', view('slave', 50, 6000), true],
    ['one that is further behind', view('slave', 50, 5999), false],
    ['one that was well a while ago, and is silent since', view('slave', 1500, 10_000), false],
    ['one that has not answered yet', undefined, false],
    ['one whose link is down', view('slave', 50, 10_000, { linked: false }), false],
    ['one that follows another history', view('slave', 50, 10_000, { history: 'xyz' }), false],
    ['one that became a master', view('master', 50, 10_000), false],
  ];
  for (const [what, replica, may] of cases)
    test(`${what}: ${may}`, () => assert.equal(mayRead(master, replica, NOW, MAX_LAG), may));

  test('none of a master that is silent, of one that says it is none, of one never heard', () => {
    const good = view('slave', 50, 10_000);
    assert.equal(mayRead([view('master', 1500, 10_000)], good, NOW, MAX_LAG), false);
    assert.equal(mayRead([view('slave', 50, 10_000)], good, NOW, MAX_LAG), false);
    assert.equal(mayRead([], good, NOW, MAX_LAG), false);
  });

  test('what the master wrote before it began another history does not count', () => {
    const promoted = [view('master', 550, 9000, { history: 'old' }), view('master', 50, 10_000)];
    assert.equal(mayRead(promoted, view('slave', 50, 9500), NOW, MAX_LAG), false);
  });
});

describe('INFO replication', () => {
  test('of a master: its replicas that are online', () => {
    const text = [
      '# Replication',
      'role:master',
      'connected_slaves:2',
      'slave0:ip=10.0.0.2,port=6379,state=online,offset=1400,lag=0',
      'slave1:ip=10.0.0.3,port=6380,state=wait_bgsave,offset=0,lag=0',
      'master_replid:8c57',
      'master_repl_offset:1400',
      '',
    ].join('\r\n');
    assert.deepEqual(parseReplication(text, 7), {
      at: 7,
      role: 'master',
      history: '8c57',
      offset: 1400,
      linked: false,
      replicas: [{ host: '10.0.0.2', port: 6379 }],
    });
  });

  test('of a replica: linked only when it is up and nothing is missing', () => {
    const text = (link: string, sync: number): string =>
      [
        'role:slave',
        `master_link_status:${link}`,
        `master_sync_in_progress:${sync}`,
        'slave_repl_offset:1386',
        'master_replid:8c57',
        'master_repl_offset:1386',
        '',
      ].join('\r\n');
    assert.deepEqual(
      [
        parseReplication(text('up', 0), 0),
        parseReplication(text('up', 1), 0),
        parseReplication(text('down', 0), 0),
      ].map(({ linked, offset }) => [linked, offset]),
      [
        [true, 1386],
        [false, 1386],
        [false, 1386],
      ],
    );
  });
});
