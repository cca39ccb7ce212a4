import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventOf } from '../../../scripts/logs/events.ts';
import { parseLine } from '../../../scripts/logs/formats/parse-line.ts';
import { LONGEST_LINE, linesOf } from '../../../scripts/logs/frames.ts';
import { LIVE, mergeByTime, type Source } from '../../../scripts/logs/merge.ts';
import type { LogRecord } from '../../../scripts/logs/record.ts';
import { selectMembers } from '../../../scripts/logs/select-members.ts';
import { LineShow, printable } from '../../../scripts/logs/show.ts';
import type { Role } from '../../../topology/types.ts';
import { logFrame } from '../../support/log-engine.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

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

describe('who is meant', () => {
  const plan = defaultPlan();
  const names = (...words: string[]): string[] => selectMembers(plan, words).map(({ name }) => name);

  test('nobody named: everybody', () => assert.equal(names().length, 14));
  test('a member, a role, a shard, a domain', () => {
    assert.deepEqual(names('alpha-edge-b'), ['alpha-edge-b']);
    assert.deepEqual(names('edge'), ['alpha-edge-a', 'alpha-edge-b']);
    assert.deepEqual(names('shard-2'), ['alpha-shard-2-a', 'alpha-shard-2-b', 'alpha-shard-2-c']);
    assert.equal(names('c').length, 4);
  });
  test('members, roles and shards add to each other, domains narrow', () => {
    assert.deepEqual(names('shard-1', 'sentinel', 'a', 'b'), [
      'alpha-sentinel-a',
      'alpha-shard-1-a',
      'alpha-sentinel-b',
      'alpha-shard-1-b',
    ]);
    assert.deepEqual(names('redis', 'c'), ['alpha-shard-1-c', 'alpha-shard-2-c']);
  });
  test('nobody of that name: the nearest, and what there is', () => {
    assert.throws(() => names('shard-3'), {
      message: /"shard-3"/,
      remedy: /did you mean "shard-1"\?.*domains a, b, c/,
    });
    assert.throws(() => names('edge', 'c'), { message: /nobody of edge/, where: 'domain c' });
  });
});

/** All lines in chunks of so many bytes. */
async function cut(bytes: Buffer, size: number): Promise<string[]> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const lines: string[] = [];
  for await (const { stamp, text } of linesOf(chunks())) lines.push(`${stamp} ${text}`);
  return lines;
}

describe('a log as the engine sends it', () => {
  const stamp = '2026-11-27T23:03:00.123456789Z';

  test('is the same lines however it is cut into chunks', async () => {
    const bytes = Buffer.concat([
      logFrame(`${stamp} one\n`),
      logFrame(`${stamp} zwei ü\n`, 2),
      logFrame(`${stamp} the last, unfinished`),
    ]);
    for (const size of [1, 2, 7, 8, 9, 40, 1000])
      assert.deepEqual(await cut(bytes, size), [
        `${stamp} one`,
        `${stamp} zwei ü`,
        `${stamp} the last, unfinished`,
      ]);
  });

  test('pieces of a long line are one line again, also when the other stream speaks between', async () => {
    const piece = 'x'.repeat(16_384);
    const bytes = Buffer.concat([
      logFrame(`${stamp} ${piece}`),
      logFrame(`${stamp} other\n`, 2),
      logFrame(`${stamp} end\n`),
    ]);
    assert.deepEqual(await cut(bytes, 5000), [`${stamp} other`, `${stamp} ${piece}end`]);
  });

  test('a line of any length costs no more than the limit, and says that it was cut', async () => {
    const piece = 'x'.repeat(1_000_000);
    const bytes = Buffer.concat([logFrame(`${stamp} ${piece}`), logFrame(`${stamp} ${piece}\n`)]);
    const [line] = await cut(bytes, 65_536);
    assert.ok(line.length < LONGEST_LINE + 100, `${line.length}`);
    assert.match(line, /… \(cut here, \d+ more\)$/);
  });
});

interface Item {
  readonly stamp: string;
  readonly from: string;
}

describe('many logs as one', () => {
  async function* listed(from: string, ...stamps: string[]): AsyncGenerator<Item> {
    for (const stamp of stamps) yield { stamp, from };
  }
  const shown = async (sources: ReadonlyArray<Source<Item>>, graceMs = 0, most = 1e6): Promise<string[]> => {
    const lines: string[] = [];
    for await (const { stamp, from } of mergeByTime(sources, graceMs)) {
      lines.push(from + stamp);
      if (lines.length === most) break;
    }
    return lines;
  };

  test('is in the order of time, and of the sources where that is the same', async () => {
    assert.deepEqual(await shown([listed('a', '1', '4', '4'), listed('b'), listed('c', '1', '2', '4')]), [
      'a1',
      'c1',
      'c2',
      'a4',
      'a4',
      'c4',
    ]);
  });

  test('everybody waits for a source that is behind, nobody for one that is up to date', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slow(): AsyncGenerator<Item | typeof LIVE> {
      yield { stamp: '1', from: 's' };
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield { stamp: '2', from: 's' };
      yield LIVE;
      await held;
      yield { stamp: '9', from: 's' };
    }
    async function* quick(): AsyncGenerator<Item | typeof LIVE> {
      yield* listed('q', '1', '3');
      yield LIVE;
      yield* listed('q', '4');
      release();
    }
    assert.deepEqual(await shown([quick(), slow()], 10), ['q1', 's1', 's2', 'q3', 'q4', 's9']);
  });

  test('what others wrote before and comes in a little later is still before it', async () => {
    async function* late(): AsyncGenerator<Item | typeof LIVE> {
      yield LIVE;
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield { stamp: '1', from: 'late' };
    }
    async function* first(): AsyncGenerator<Item | typeof LIVE> {
      yield LIVE;
      yield { stamp: '2', from: 'first' };
    }
    assert.deepEqual(await shown([first(), late()], 5000), ['late1', 'first2']);
  });

  test('a burst of one source is not held up line by line while the others are silent', async () => {
    const at = (ms: number): string => new Date(ms).toISOString();
    const end = new AbortController();
    async function* burst(): AsyncGenerator<Item | typeof LIVE> {
      yield LIVE;
      const now = Date.now();
      for (let line = 0; line < 100; line++) yield { stamp: at(now), from: 'burst' };
    }
    async function* silent(): AsyncGenerator<Item | typeof LIVE> {
      yield LIVE;
      await new Promise((resolve) => end.signal.addEventListener('abort', resolve));
    }
    const started = performance.now();
    assert.equal((await shown([silent(), burst()], 200, 100)).length, 100);
    end.abort();
    // Line by line it would be 20 s.
    assert.ok(performance.now() - started < 10_000);
  });

  test('of an endless log no more is read than is taken', async () => {
    let given = 0;
    async function* endless(from: string): AsyncGenerator<Item> {
      for (;;) yield { stamp: String(given++).padStart(9, '0'), from };
    }
    await shown([endless('a'), endless('b')], 0, 1000);
    assert.ok(given <= 1004, `${given}`);
  });
});

describe('as text', () => {
  const plan = defaultPlan();
  const names = plan.members.map(({ name }) => name);
  const record: LogRecord = {
    stamp: '2026-11-27T23:03:00.123456789Z',
    member: 'alpha-edge-a',
    domain: 'a',
    role: 'edge',
    program: 'keepalived',
    level: 'notice',
    text: 'VRRP state is MASTER',
    event: 'VIP',
  };

  test('time, member, program, level, text in columns; what matters is marked', () => {
    const show = new LineShow(names, false);
    assert.equal(
      show.line(record),
      '2026-11-27T23:03:00.123Z alpha-edge-a     keepalived notice  ▸ VIP: VRRP state is MASTER\n',
    );
    const { event: _, ...plain } = record;
    assert.match(show.line(plain), / notice {4}VRRP state is MASTER\n$/);
  });

  test('a member keeps its colour whoever else is shown; without a terminal there are none', () => {
    const show = new LineShow(names, true);
    const colour = (member: string): string | undefined =>
      /38;5;(\d+)m/.exec(show.line({ ...record, member }))?.[1];
    assert.notEqual(colour('alpha-edge-a'), colour('alpha-edge-b'));
    assert.equal(colour('alpha-edge-a'), colour('alpha-edge-a'));
    assert.ok(!new LineShow(names, false).line(record).includes('\x1b'));
  });

  test('a clock that is apart from the engine’s is told of', () => {
    const show = new LineShow(names, false);
    const at = Date.parse(record.stamp);
    assert.doesNotMatch(show.line({ ...record, ownTime: at - 900 }), /own clock/);
    assert.match(
      show.line({ ...record, ownTime: at - 5000 }),
      /written at 2026-11-27T23:02:55\.123Z by its own clock/,
    );
  });

  test('what was written into a log commands no terminal', () => {
    assert.equal(printable('a\x1b[2J\rb\tc\u202e'), 'a\\x1b[2J\\x0db\tc\\x202e');
  });
});
