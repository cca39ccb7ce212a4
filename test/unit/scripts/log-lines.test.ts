import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventOf } from '../../../scripts/logs/events.ts';
import { parseLine } from '../../../scripts/logs/formats/parse-line.ts';
import type { Role } from '../../../topology/types.ts';

const AT = Date.UTC(2026, 10, 27, 23, 3, 0, 123);

/** Lines as the daemons write them, and what is in them: program, level, text, event; each at `AT`, or in that second, or without a time. */
const LINES: ReadonlyArray<readonly [role: Role, line: string, ...parsed: Array<string | undefined>]> = [
  [
    'redis',
    '7:M 27 Nov 2026 23:03:00.123 * Background saving started by pid 30',
    'redis',
    'notice',
    'Background saving started by pid 30',
    undefined,
  ],
  [
    'redis',
    '7:M 27 Nov 2026 23:03:00.123 # Out Of Memory allocating 12 bytes!',
    'redis',
    'warning',
    'Out Of Memory allocating 12 bytes!',
    'crash',
  ],
  [
    'redis',
    '7:S 27 Nov 2026 23:03:00.123 - Accepted 1.2.3.4:5',
    'redis',
    'info',
    'Accepted 1.2.3.4:5',
    undefined,
  ],
  ['redis', '7:S 27 Nov 2026 23:03:00.123 . 0 clients', 'redis', 'debug', '0 clients', undefined],
  [
    'sentinel',
    '1:X 27 Nov 2026 23:03:00.123 # +switch-master shard-1 198.18.128.32 6379 198.18.128.33 6379',
    'sentinel',
    'warning',
    '+switch-master shard-1 198.18.128.32 6379 198.18.128.33 6379',
    'switch-master',
  ],
  [
    'sentinel',
    '1:X 27 Nov 2026 23:03:00.123 # +tilt #tilt mode entered',
    'sentinel',
    'warning',
    '+tilt #tilt mode entered',
    'tilt',
  ],
  [
    'redis',
    `twemstack-guard ${AT} alpha-shard-1-b: is master in term 2 of alpha-shard-1-b`,
    'guard',
    'notice',
    'is master in term 2 of alpha-shard-1-b',
    'promotion',
  ],
  [
    'redis',
    `twemstack-guard ${AT} alpha-shard-1-b: was selected to be master, but is not: 1 of 2 votes (3 members)`,
    'guard',
    'warning',
    'was selected to be master, but is not: 1 of 2 votes (3 members)',
    'waits',
  ],
  [
    'redis',
    `twemstack-redis ${AT} alpha-shard-1-b: refusing to start: I am to be master (why), but my store does not load`,
    'entrypoint',
    'error',
    'refusing to start: I am to be master (why), but my store does not load',
    'no start',
  ],
  [
    'sentinel',
    `twemstack-sentinel ${AT} alpha-sentinel-a: watching shard-1 at x`,
    'entrypoint',
    'notice',
    'watching shard-1 at x',
    'start',
  ],
  ['edge', `twemstack-vrrp ${AT} MASTER`, 'keepalived', 'notice', 'VRRP state is MASTER', 'VIP'],
  [
    'edge',
    `twemstack-vrrp ${AT} MASTER 10.0.0.101`,
    'keepalived',
    'notice',
    'VRRP state of 10.0.0.101 is MASTER',
    'VIP',
  ],
  ['edge', `twemstack-vrrp ${AT} FAULT`, 'keepalived', 'warning', 'VRRP state is FAULT', 'VIP'],
  [
    'edge',
    `twemstack-edge ${AT} alpha-edge-a: keepalived hangs; ending, so that a fresh one takes its place`,
    'supervisor',
    'warning',
    'keepalived hangs; ending, so that a fresh one takes its place',
    'edge fails',
  ],
  [
    'edge',
    'Fri Nov 27 23:03:00 2026: (alpha) Entering MASTER STATE',
    'keepalived',
    'notice',
    '(alpha) Entering MASTER STATE',
    undefined,
  ],
  [
    'edge',
    '[ALERT]    (12) : config : parsing failed',
    'haproxy',
    'error',
    'config : parsing failed',
    undefined,
  ],
  [
    'edge',
    'Server proxies-alpha/alpha-proxy-a is DOWN, reason: Layer4 timeout, check duration: 500ms.',
    'haproxy',
    'warning',
    'Server proxies-alpha/alpha-proxy-a is DOWN, reason: Layer4 timeout, check duration: 500ms.',
    'proxy down',
  ],
  [
    'edge',
    'backend proxies-alpha has no server available!',
    'haproxy',
    'error',
    'backend proxies-alpha has no server available!',
    'no proxy',
  ],
  [
    'edge',
    '[WARNING]  (8) : Server proxies-alpha/alpha-proxy-a is UP, reason: Layer7 check passed',
    'haproxy',
    'debug',
    'on its console as well: Server proxies-alpha/alpha-proxy-a is UP, reason: Layer7 check passed',
    undefined,
  ],
  [
    'redis',
    '7:M 27 Nov 2026 23:03:00.123 # Server initialized',
    'redis',
    'notice',
    'Server initialized',
    undefined,
  ],
  [
    'proxy',
    "[2026-11-27 23:03:00.123] 'shard-1' is at 198.18.128.33:6379 now, was 198.18.128.32:6379 (epoch 3)",
    'proxy',
    'notice',
    "'shard-1' is at 198.18.128.33:6379 now, was 198.18.128.32:6379 (epoch 3)",
    'cutover',
  ],
  [
    'proxy',
    '[.......................] signal 15 received',
    'proxy',
    'notice',
    'signal 15 received',
    undefined,
  ],
  [
    'proxy',
    'panic: something that nobody formats',
    'proxy',
    'error',
    'panic: something that nobody formats',
    undefined,
  ],
  [
    'redis',
    '*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***',
    'redis',
    'error',
    '*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***',
    undefined,
  ],
];

describe('a line of a daemon', () => {
  for (const [role, line, ...expected] of LINES) {
    test(`of a ${role}: ${line.slice(0, 60)}`, () => {
      const parsed = parseLine(line, role);
      assert.deepEqual([parsed.program, parsed.level, parsed.text, eventOf(parsed)], expected);
      if (parsed.ownTime !== undefined)
        assert.equal(Math.floor(parsed.ownTime / 1000), Math.floor(AT / 1000));
      const timed = /2026|^twemstack-/.test(line);
      assert.equal(parsed.ownTime !== undefined, timed);
    });
  }

  test('what a client can bring into a log looks like nobody else’s line', () => {
    const forged = parseLine(
      `[2026-11-27 23:03:00.123] 'x' twemstack-guard ${AT} a: is master in term 1`,
      'proxy',
    );
    assert.equal(forged.program, 'proxy');
    assert.equal(eventOf(forged), undefined);
  });
});
