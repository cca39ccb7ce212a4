import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatSizeMb } from '../../../topology/index.ts';
import { formatAddress, formatSubnet, parseAddress, parseCidr, subnet } from '../../../topology/ipv4.ts';
import { editDistance, nearest } from '../../../topology/nearest.ts';
import { parseDuration, parseSizeMb } from '../../../topology/units.ts';

describe('durations and sizes', () => {
  test('what is printed is read back (property)', () => {
    fc.assert(fc.property(fc.nat(10_000_000), (ms) => parseDuration(formatDuration(ms)) === ms));
    fc.assert(fc.property(fc.nat(10_000_000), (mb) => parseSizeMb(formatSizeMb(mb)) === mb));
  });

  test('fractions of a second are exact', () => {
    for (const [text, ms] of [
      ['0.3s', 300],
      ['40.95s', 40_950],
      ['1.001s', 1001],
      ['1.5h', 5_400_000],
    ] as const)
      assert.equal(parseDuration(text), ms);
  });

  test('other spellings are not guessed at', () => {
    for (const text of ['', '1', '1d', '-1s', '1 s 2 ms', 's', '1e3ms', '1S'])
      assert.equal(parseDuration(text), undefined, text);
    for (const text of ['', '1', '1m', '1.5gb', '-1mb', '1kb', '1 tb'])
      assert.equal(parseSizeMb(text), undefined, text);
  });
});

describe('addresses', () => {
  test('what is printed is read back (property)', () => {
    fc.assert(fc.property(fc.nat(0xffffffff), (address) => parseAddress(formatAddress(address)) === address));
  });

  test('only strict dotted quads count', () => {
    for (const text of [
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.256',
      '1.2.3.-4',
      '1.2.3.4 ',
      '0x1.2.3.4',
      '',
    ])
      assert.equal(parseAddress(text), undefined, text);
    for (const text of ['1.2.3.4', '1.2.3.4/33', '1.2.3.4/08', '/8', '1.2.3/8'])
      assert.equal(parseCidr(text), undefined, text);
  });

  test('a subnet in the upper half of the address space stays positive', () => {
    assert.equal(formatSubnet(subnet('198.18.0.77/15')), '198.18.0.0/15');
    assert.throws(() => subnet('nonsense'), RangeError);
  });
});

describe('the nearest known word', () => {
  const known = ['down_after', 'failover_timeout', 'count', 'quorum', 'parallel_syncs'];
  for (const [asked, meant] of [
    ['downafter', 'down_after'],
    ['Down-After', 'down_after'],
    ['qourum', 'quorum'],
    ['cuont', 'count'],
    ['parallel_sync', 'parallel_syncs'],
    ['failover_timout', 'failover_timeout'],
    ['falover_timout', 'failover_timeout'],
    ['zookeeper', undefined],
    ['x', undefined],
    ['', undefined],
  ] as const)
    test(`${asked || 'nothing'} → ${meant ?? 'nothing'}`, () => assert.equal(nearest(asked, known), meant));

  test('edit distance is a metric on the cases that matter (property)', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.equal(editDistance(a, b) === 0, a === b);
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
      }),
    );
  });
});
