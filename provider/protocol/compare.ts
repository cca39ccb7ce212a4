/** Equality of values as their schema means it: sets have no order. */
import type { Block, NestedBlock, TypeSpec } from './schema.ts';
import { isObject, isUnknown, type ObjectValue, type Value } from './values.ts';

/** Are two values of one attribute the same? An unknown value equals nothing, not even another unknown. */
export function sameAttribute(left: Value, right: Value, type: TypeSpec): boolean {
  if (left === null || right === null || typeof type === 'string') {
    return left === right && !isUnknown(left);
  }
  if (type[0] === 'map' || type[0] === 'object') {
    const fieldType = (name: string): TypeSpec => (type[0] === 'map' ? type[1] : type[1][name]);
    return sameKeys(left, right, (name, a, b) => sameAttribute(a, b, fieldType(name)));
  }
  const inner = type[1];
  return sameItems(left, right, type[0] === 'set', (a, b) => sameAttribute(a, b, inner));
}

/** Are two values of one nested block the same? */
export function sameNested(left: Value, right: Value, nested: NestedBlock): boolean {
  const sameItem = (a: Value, b: Value): boolean =>
    isObject(a) && isObject(b) && sameBlock(a, b, nested.block);
  if (nested.nesting === 'single') {
    return left === right || sameItem(left, right);
  }
  return sameItems(left, right, nested.nesting === 'set', sameItem);
}

/** Are two whole objects the same? */
export function sameBlock(left: ObjectValue, right: ObjectValue, block: Block): boolean {
  return (
    Object.entries(block.attributes).every(([name, { type }]) =>
      sameAttribute(left[name], right[name], type),
    ) && Object.entries(block.blocks).every(([name, nested]) => sameNested(left[name], right[name], nested))
  );
}

function sameItems(
  left: Value,
  right: Value,
  unordered: boolean,
  same: (a: Value, b: Value) => boolean,
): boolean {
  if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) {
    return false;
  }
  if (!unordered) {
    return left.every((item, index) => same(item, right[index]));
  }
  const unmatched = [...right];
  return left.every((item) => {
    const index = unmatched.findIndex((candidate) => same(item, candidate));
    if (index >= 0) {
      unmatched.splice(index, 1);
    }
    return index >= 0;
  });
}

function sameKeys(left: Value, right: Value, same: (name: string, a: Value, b: Value) => boolean): boolean {
  if (!isObject(left) || !isObject(right)) {
    return false;
  }
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => name in right && same(name, left[name], right[name]))
  );
}
