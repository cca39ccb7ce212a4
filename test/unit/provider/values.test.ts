import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sameAttribute, sameBlock } from '../../../provider/protocol/compare.ts';
import { conform } from '../../../provider/protocol/conform.ts';
import { decoder, encoder } from '../../../provider/protocol/messages.ts';
import { block, computed, optional, required, setOf } from '../../../provider/protocol/schema.ts';
import {
  containsUnknown,
  decodeValue,
  encodeValue,
  isUnknown,
  UNKNOWN,
  type Value,
  withoutUnknown,
} from '../../../provider/protocol/values.ts';

describe('values on the wire', () => {
  const leaf = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.constant(UNKNOWN),
  );
  const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('value')),
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        tie('value'),
        { noNullPrototype: true },
      ),
    ),
  }));

  test('come back as they were', () => {
    fc.assert(fc.property(anyValue, (value) => assert.deepEqual(decodeValue(encodeValue(value)), value)));
  });

  test('an unknown value is extension 0 with one byte, as terraform writes it', () => {
    assert.deepEqual([...(encodeValue(UNKNOWN).msgpack ?? [])], [0xd4, 0, 0]);
  });

  test('an unknown value with hints (extension 12) is unknown', () => {
    // fixext of one byte, and ext8 with a map {1: false} ("not null") inside.
    assert.ok(isUnknown(decodeValue({ msgpack: new Uint8Array([0xd4, 12, 0x80]) })));
    assert.ok(isUnknown(decodeValue({ msgpack: new Uint8Array([0xc7, 3, 12, 0x81, 1, 0xc2]) })));
  });

  test('JSON is read too, and nothing at all is null', () => {
    assert.deepEqual(decodeValue({ json: Buffer.from('{"a":[1]}') }), { a: [1] });
    assert.equal(decodeValue(undefined), null);
    assert.equal(decodeValue({}), null);
  });

  test('unknown parts are found at any depth, and taken out for storing', () => {
    const value: Value = { a: [{ b: UNKNOWN }], c: 1 };
    assert.ok(containsUnknown(value));
    assert.deepEqual(withoutUnknown(value), { a: [{ b: null }], c: 1 });
    assert.equal(containsUnknown(withoutUnknown(value)), false);
  });
});

describe('messages', () => {
  test('have terraform’s field numbers', () => {
    const wire = encoder('Diagnostic')({
      severity: 1,
      summary: 's',
      detail: 'd',
      attribute: { steps: [{ attributeName: 'a' }, { elementKeyInt: 2 }] },
    });
    const path = [0x22, 9, 0x0a, 3, 0x0a, 1, 0x61, 0x0a, 2, 0x18, 2];
    assert.deepEqual([...wire], [8, 1, 0x12, 1, 0x73, 0x1a, 1, 0x64, ...path]);
  });

  test('fields that are not listed are skipped', () => {
    const wire = Buffer.from([0x0a, 1, 0x78, 0xfa, 0x07, 2, 1, 2]);
    assert.equal(decoder('ReadRequest')(wire).typeName, 'x');
  });
});

describe('shape', () => {
  const shape = block(
    { name: required('string'), tags: optional(['set', 'string']), id: computed('string') },
    { item: setOf(block({ a: optional('number') })) },
  );

  test('every attribute is present, absent blocks are empty, what is not known is dropped', () => {
    assert.deepEqual(conform({ name: 'x', platform: 'linux' }, shape), {
      name: 'x',
      tags: null,
      id: null,
      item: [],
    });
    assert.deepEqual(conform({ name: 'x', item: [{ b: 1 }] }, shape).item, [{ a: null }]);
    assert.equal(conform({ name: 'x', item: UNKNOWN }, shape).item, UNKNOWN);
  });

  test('sets are equal in any order, lists are not', () => {
    assert.ok(sameAttribute(['a', 'b'], ['b', 'a'], ['set', 'string']));
    assert.equal(sameAttribute(['a', 'b'], ['b', 'a'], ['list', 'string']), false);
    assert.equal(sameAttribute(['a', 'a'], ['a', 'b'], ['set', 'string']), false);
    const of = (...items: number[]): Value => items.map((a) => ({ a }));
    const object = (item: Value): Parameters<typeof sameBlock>[0] => ({
      name: 'x',
      tags: null,
      id: null,
      item,
    });
    assert.ok(sameBlock(object(of(1, 2)), object(of(2, 1)), shape));
    assert.equal(sameBlock(object(of(1, 2)), object(of(2, 2)), shape), false);
  });

  test('an unknown value equals nothing', () => {
    assert.equal(sameAttribute(UNKNOWN, UNKNOWN, 'string'), false);
  });
});
