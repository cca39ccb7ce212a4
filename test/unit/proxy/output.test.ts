import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { chunkMemory, lease } from '../../../proxy/core/base/chunk-memory.ts';
import { Output } from '../../../proxy/core/client/output.ts';
import type { Link } from '../../../proxy/transport/link.ts';

/** A link that takes what the test says, write by write: so many bytes at most, or -1 for a connection that is gone. */
function linkTaking(takes: readonly number[]): { link: Link; written: Buffer[] } {
  const written: Buffer[] = [];
  const left = [...takes];
  const write = (bytes: Uint8Array, from: number, to: number): number => {
    const most = left.shift() ?? Number.POSITIVE_INFINITY;
    if (most < 0) return -1;
    const taken = Math.min(most, to - from);
    written.push(Buffer.from(bytes.slice(from, from + taken)));
    return taken;
  };
  const link: Link = {
    remote: 'test',
    write,
    pause() {},
    watchPeer() {},
    resume() {},
    leadTo() {},
    finish() {},
    close() {},
  };
  return { link, written };
}

const large = (letter: string): Uint8Array => new Uint8Array(20_000).fill(letter.charCodeAt(0));
const small = (text: string): Uint8Array => new Uint8Array(Buffer.from(`${text}, and a little more of it`));

describe('output', () => {
  test('a connection that turns out to be gone between two writes can be written to again', () => {
    const output = new Output();
    const { link } = linkTaking([20_000, -1]);
    output.append(large('a'), 0, 20_000);
    output.append(large('b'), 0, 20_000);
    output.append(small('c'), 0, 10);
    assert.equal(output.flush(link), -1);
    // its owner hears of the end later; until then replies go on coming
    output.append(small('d'), 0, 10);
    output.append(small('e'), 0, 10);
    assert.equal(output.flush(linkTaking([-1]).link), -1);
    assert.equal(output.bytes, 0);
  });

  test('whatever is taken at a time, the bytes arrive in order and once', () => {
    for (let most = 1; most < 50_000; most = Math.ceil(most * 3.7)) {
      const output = new Output();
      const { link, written } = linkTaking(Array.from({ length: 60_000 / most + 10 }, () => most));
      const runs = [small('one'), large('x'), small('two'), small('three'), large('y'), small('four')];
      for (const run of runs) output.append(run, 0, run.length);
      const expected = Buffer.concat(runs.map((run) => Buffer.from(run)));
      for (let i = 0; output.bytes > 0 && i < 100_000; i++) output.flush(link);
      assert.ok(Buffer.concat(written).equals(expected), `${most} bytes at a time`);
    }
  });
});

describe('the memory of large chunks', () => {
  const freed: ArrayBufferLike[] = [];
  const { free } = chunkMemory;
  before(() => {
    chunkMemory.free = (buffer) => void freed.push(buffer);
  });
  beforeEach(() => {
    freed.length = 0;
  });
  after(() => {
    chunkMemory.free = free;
  });

  test('is given back when the last of its bytes was written, whoever they were for', () => {
    const chunk = new Uint8Array(250_000);
    lease(chunk);
    const [one, other] = [new Output(), new Output()];
    one.append(chunk, 0, 150_000);
    other.append(chunk, 150_000, 250_000);
    assert.equal(one.flush(linkTaking([1000]).link), 149_000);
    assert.equal(other.flush(linkTaking([]).link), 0);
    assert.equal(freed.length, 0, 'some of it waits for a slow client');
    assert.equal(one.flush(linkTaking([100_000]).link), 49_000);
    assert.equal(freed.length, 1, 'the end of it was copied');
    assert.ok(freed[0] === chunk.buffer);
    assert.equal(one.flush(linkTaking([]).link), 0);
    assert.equal(freed.length, 1);
  });

  test('is not given back when some of its bytes are kept elsewhere, or lie in something larger, or are few', () => {
    const [kept, part, few] = [
      new Uint8Array(50_000),
      new Uint8Array(90_000).subarray(20_000),
      new Uint8Array(100),
    ];
    for (const chunk of [kept, part, few]) lease(chunk);
    const output = new Output();
    output.append(kept, 0, 40_000);
    output.append(part, 0, part.length);
    output.append(few, 0, 100);
    assert.equal(output.flush(linkTaking([]).link), 0);
    assert.equal(freed.length, 0);
  });
});
