import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RequestScanner, SCAN_BAD, SCAN_DONE, SCAN_MORE } from '../../../proxy/protocol/request-scanner.ts';
import { request } from '../../support/raw-client.ts';

describe('the end of a request is found without its bytes', () => {
  const words = ['SET', 'key', '', 'va\r\nlue', 'x'.repeat(120)];
  const bytes = request(...words).subarray('*5\r\n'.length);

  test('at every split, and not a byte further', () => {
    const more = Buffer.concat([bytes, Buffer.from('*1\r\n')]);
    for (let split = 0; split < bytes.length; split++) {
      const scanner = new RequestScanner(words.length);
      assert.equal(scanner.scan(more.subarray(0, split), 0), split);
      assert.equal(scanner.status, SCAN_MORE);
      assert.equal(scanner.scan(more, split), bytes.length);
      assert.equal(scanner.status, SCAN_DONE);
    }
  });

  for (const [text, fault] of [
    ['x', /expected '\$', got 'x'/],
    ['$\r\n', /invalid bulk length/],
    ['$01\r\n', /invalid bulk length/],
    ['$-1\r\n', /invalid bulk length/],
    ['$1x', /invalid bulk length/],
    ['$1\rx', /invalid bulk length/],
    ['$536870913\r\n', /invalid bulk length/],
    ['$99999999999\r\n', /invalid bulk length/],
    ['$1\r\nabc', /expected CRLF/],
    ['$0\r\n\rx', /expected CRLF/],
  ] as const) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      const scanner = new RequestScanner(1);
      scanner.scan(Buffer.from(text), 0);
      assert.equal(scanner.status, SCAN_BAD);
      assert.match(scanner.fault, fault);
    });
  }
});
