import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LONGEST_LINE, linesOf } from '../../../scripts/logs/frames.ts';
import { LIVE, mergeByTime, type Source } from '../../../scripts/logs/merge.ts';
import type { LogRecord } from '../../../scripts/logs/record.ts';
import { selectMembers } from '../../../scripts/logs/select-members.ts';
import { LineShow, printable } from '../../../scripts/logs/show.ts';
import { logFrame } from '../../support/log-engine.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

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
