import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPLY_BAD, REPLY_DONE, ReplyFramer } from '../../../proxy/protocol/reply-framer.ts';
import {
  FRAME_BAD,
  FRAME_DONE,
  FRAME_EMPTY,
  FRAME_INLINE,
  FRAME_MORE,
  RequestFrame,
} from '../../../proxy/protocol/request-frame.ts';
import { request } from '../../support/raw-client.ts';

function elements(frame: RequestFrame, bytes: Uint8Array): string[] {
  return Array.from({ length: frame.argc }, (_, i) =>
    Buffer.from(bytes.subarray(frame.args[2 * i], frame.args[2 * i + 1])).toString('latin1'),
  );
}

describe('request framer', () => {
  const words = ['SET', 'key', '', 'va\r\nlue', 'x'.repeat(300)];

  test('finds the elements, also when the bytes trickle in at every split', () => {
    const bytes = request(...words);
    for (let split = 0; split <= bytes.length; split++) {
      const frame = new RequestFrame();
      frame.begin(0);
      if (split < bytes.length) {
        assert.equal(frame.parse(bytes, split), FRAME_MORE, `at ${split}`);
        assert.ok(frame.need > split && frame.need <= bytes.length, `need ${frame.need} at ${split}`);
      }
      assert.equal(frame.parse(bytes, bytes.length), FRAME_DONE);
      assert.equal(frame.end, bytes.length);
      assert.deepEqual(elements(frame, bytes), words);
    }
  });

  test('goes on after being moved to the front of another buffer', () => {
    const bytes = request(...words);
    const shifted = Buffer.concat([Buffer.from('12345'), bytes]);
    for (let split = 5; split < shifted.length; split++) {
      const frame = new RequestFrame();
      frame.begin(5);
      assert.equal(frame.parse(shifted, split), FRAME_MORE);
      frame.rebase(5);
      assert.equal(frame.parse(bytes, bytes.length), FRAME_DONE);
      assert.deepEqual(elements(frame, bytes), words);
    }
  });

  test('takes more elements than it has room for', () => {
    const many = Array.from({ length: 5000 }, (_, i) => String(i));
    const bytes = request(...many);
    const frame = new RequestFrame();
    frame.begin(0);
    assert.equal(frame.parse(bytes, bytes.length), FRAME_DONE);
    assert.deepEqual(elements(frame, bytes), many);
  });

  const bad: [text: string, fault: RegExp][] = [
    ['*-0\r\n', /invalid multibulk length/],
    ['*-01\r\n', /invalid multibulk length/],
    ['*02\r\n', /invalid multibulk length/],
    ['*x\r\n', /invalid multibulk length/],
    ['*\r\n', /invalid multibulk length/],
    ['*99999999999\r\n', /invalid multibulk length/],
    ['*9999999\r\n', /invalid multibulk length/],
    ['*1\n', /invalid multibulk length/],
    ['*1\r\nx', /expected '\$', got 'x'/],
    ['*1\r\n\x07', /expected '\$', got '\\x07'/],
    ['*1\r\n$-1\r\n', /invalid bulk length/],
    ['*1\r\n$536870913\r\n', /invalid bulk length/],
    ['*1\r\n$1\r\nabc', /expected CRLF/],
  ];
  for (const [text, fault] of bad) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      const frame = new RequestFrame();
      frame.begin(0);
      const bytes = Buffer.from(text, 'latin1');
      assert.equal(frame.parse(bytes, bytes.length), FRAME_BAD);
      assert.match(frame.fault, fault);
    });
  }

  for (const text of ['*0\r\n', '*-1\r\n', '*-10\r\n']) {
    test(`${JSON.stringify(text)} is no request, and ends where it ends`, () => {
      const frame = new RequestFrame();
      frame.begin(0);
      const bytes = Buffer.from(`${text}*1`);
      assert.equal(frame.parse(bytes, bytes.length), FRAME_EMPTY);
      assert.equal(frame.end, text.length);
    });
  }

  test('leaves what does not begin with * to the inline reader', () => {
    const frame = new RequestFrame();
    frame.begin(0);
    assert.equal(frame.parse(Buffer.from('PING\r\n'), 6), FRAME_INLINE);
  });
});

describe('reply framer', () => {
  const replies = [
    '+OK\r\n',
    '-ERR no\r\n',
    ':42\r\n',
    '$-1\r\n',
    '*-1\r\n',
    '*0\r\n',
    '$0\r\n\r\n',
    `$20\r\n${'a\r\n'.repeat(6)}xx\r\n`,
    '*3\r\n$1\r\na\r\n*2\r\n:1\r\n*1\r\n+x\r\n$-1\r\n',
    '%2\r\n+a\r\n:1\r\n+b\r\n~2\r\n#t\r\n_\r\n',
    '|1\r\n+ttl\r\n:3\r\n,1.5\r\n',
    '=7\r\ntxt:abc\r\n',
    '>2\r\n+message\r\n+x\r\n',
    `${'*1\r\n'.repeat(10_000)}:1\r\n`,
  ];

  /** Feeds chunks the way a connection does; returns the replies it found. */
  function frames(chunks: Buffer[]): string[] {
    const framer = new ReplyFramer();
    const found: string[] = [];
    let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
    let sofar = '';
    for (const chunk of chunks) {
      const bytes = Buffer.concat([rest, chunk]);
      rest = Buffer.alloc(0);
      let at = 0;
      while (at < bytes.length) {
        const end = framer.next(bytes, at, bytes.length);
        assert.notEqual(framer.status, REPLY_BAD);
        sofar += bytes.toString('latin1', at, end);
        at = end;
        if (framer.status !== REPLY_DONE) {
          rest = bytes.subarray(end);
          break;
        }
        found.push(sofar);
        sofar = '';
      }
    }
    return found;
  }

  test('cuts a stream into replies at every split', () => {
    const stream = Buffer.from(replies.slice(0, -1).join(''), 'latin1');
    for (let split = 0; split <= stream.length; split++) {
      assert.deepEqual(frames([stream.subarray(0, split), stream.subarray(split)]), replies.slice(0, -1));
    }
  });

  test('byte by byte, ten thousand levels deep', () => {
    const stream = Buffer.from(replies.join(''), 'latin1');
    assert.deepEqual(frames(Array.from(stream, (_, i) => stream.subarray(i, i + 1))), replies);
  });

  test('refuses a bulk that does not end in CRLF, at whatever byte it is split', () => {
    for (const text of ['$3\r\nabcXX', '$3\r\nabc\rX', '$3\r\nabcX\n', '$0\r\nab']) {
      const bytes = Buffer.from(text);
      for (let split = 5; split < bytes.length; split++) {
        const framer = new ReplyFramer();
        const at = framer.next(bytes, 0, split);
        if (framer.status !== REPLY_BAD) framer.next(bytes, at, bytes.length);
        assert.equal(framer.status, REPLY_BAD, `${JSON.stringify(text)} at ${split}`);
      }
    }
  });

  for (const text of [
    'x\r\n',
    '$x\r\n',
    '$-2\r\n',
    '*99999999999\r\n',
    '$1\r\nab\r\n',
    '+a\rb\r\n',
    `+${'x'.repeat(70_000)}`,
  ]) {
    test(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      const framer = new ReplyFramer();
      framer.next(Buffer.from(text), 0, text.length);
      assert.equal(framer.status, REPLY_BAD);
    });
  }
});
