import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isWaitedFor } from '../../../scripts/backup/held-up.ts';
import { type Clock, Pace } from '../../../scripts/backup/pace.ts';
import { NO_PORT } from '../../../scripts/backup/replica-lines.ts';
import { parseRedisView } from '../../../scripts/observe/redis-view.ts';
import { rateOf } from '../../../scripts/verbs/backup.ts';

const MB = 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024);

/** Time that passes only where somebody waits, each time later by so much than asked. */
class Standing implements Clock {
  #now = 5000;
  waits = 0;

  constructor(private readonly late = 0) {}

  now(): number {
    return this.#now;
  }

  async wait(ms: number): Promise<void> {
    this.waits += 1;
    this.#now += ms + this.late;
  }
}

async function* chunks(bytes: number, before: (at: number) => Promise<void> | void = () => undefined) {
  for (let at = 0; at < bytes; at += CHUNK.length) {
    await before(at);
    yield CHUNK;
  }
}

/** Milliseconds that the reading took. */
async function read(pace: Pace, clock: Clock, from: AsyncIterable<Buffer>, bytes: number): Promise<number> {
  const begun = clock.now();
  let seen = 0;
  for await (const chunk of pace.keep(from)) seen += chunk.length;
  assert.equal(seen, bytes);
  return clock.now() - begun;
}

const about = (is: number, should: number): void =>
  assert.ok(Math.abs(is - should) <= 100, `${is} instead of ${should} ms`);

describe('the pace of a backup', () => {
  test('is kept: 80 MB at 8 MB a second take ten seconds', async () => {
    const clock = new Standing();
    about(await read(new Pace(8, MB, clock), clock, chunks(80 * MB), 80 * MB), 10_000);
    assert.ok(clock.waits <= 200, `waited ${clock.waits} times: not for every chunk`);
  });

  test('is kept though every timer is late', async () => {
    const clock = new Standing(40);
    about(await read(new Pace(8, MB, clock), clock, chunks(80 * MB), 80 * MB), 10_000);
  });

  test('is no reason to rush after a store that was slow', async () => {
    const clock = new Standing();
    const slow = chunks(16 * MB, (at) => (at === 8 * MB ? clock.wait(60_000) : undefined));
    about(await read(new Pace(8, MB, clock), clock, slow, 16 * MB), 62_000 - 250);
  });

  test('is faster of a large redis, which else would have a child for hours', async () => {
    const pace = new Pace(1, 36 * 1024 * MB, new Standing());
    assert.equal(pace.bytesPerSecond, (36 * 1024 * MB) / 1800);
  });

  test('is none where none is asked for, and none any more once it is lifted', async () => {
    const clock = new Standing();
    assert.equal(await read(new Pace(0, MB, clock), clock, chunks(80 * MB), 80 * MB), 0);
    const pace = new Pace(8, MB, clock);
    const lifted = chunks(80 * MB, (at) => (at === 8 * MB ? pace.lift() : undefined));
    about(await read(pace, clock, lifted, 80 * MB), 1000);
    assert.equal(clock.waits > 0, true);
  });

  test('is what the option says, by the rule of backup.rate', () => {
    assert.equal(rateOf(undefined), undefined);
    assert.equal(rateOf('64mb'), 64);
    assert.equal(rateOf('unlimited'), 0);
    assert.throws(() => rateOf('20gb'), {
      message: '--rate 20gb: this is not a size from 1mb to 10gb',
      remedy: 'The nearest is 10gb. unlimited: as fast as it comes.',
    });
  });
});

test('a redis is waited for by a replica that has no data yet, not by who reads a snapshot', () => {
  const waiting = (...lines: string[]): boolean =>
    isWaitedFor(parseRedisView(['role:slave', ...lines].join('\r\n')));
  const reader = `slave0:ip=10.0.0.9,port=${NO_PORT},state=wait_bgsave,offset=0,lag=0`;
  assert.equal(waiting(), false);
  assert.equal(waiting(reader, 'slave1:ip=10.0.0.2,port=6379,state=online,offset=7,lag=1'), false);
  assert.equal(waiting(reader, 'slave1:ip=10.0.0.2,port=6379,state=wait_bgsave,offset=0,lag=0'), true);
});
