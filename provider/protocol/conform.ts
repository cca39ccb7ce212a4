/** Gives a value exactly the shape of its schema: every attribute present, empty blocks as [], nothing else. */
import type { Block, TypeSpec } from './schema.ts';
import { isObject, isUnknown, type ObjectValue, type Value } from './values.ts';

/**
 * Shapes `source` to the block: what the schema does not know is dropped (state of the real provider has more
 * attributes), what is missing becomes null, and absent blocks become [] (terraform rejects null there).
 */
export function conform(source: ObjectValue, block: Block): ObjectValue {
  const shaped: ObjectValue = {};
  for (const [name, attribute] of Object.entries(block.attributes)) {
    shaped[name] = conformAttribute(source[name] ?? null, attribute.type);
  }
  for (const [name, nested] of Object.entries(block.blocks)) {
    const value = source[name];
    if (isUnknown(value)) {
      shaped[name] = value;
    } else if (nested.nesting === 'single') {
      shaped[name] = isObject(value) ? conform(value, nested.block) : null;
    } else {
      const items = Array.isArray(value) ? value : [];
      shaped[name] = items.map((item) => (isObject(item) ? conform(item, nested.block) : item));
    }
  }
  return shaped;
}

function conformAttribute(value: Value, type: TypeSpec): Value {
  if (value === null || isUnknown(value) || typeof type === 'string') {
    return value;
  }
  if (type[0] === 'object') {
    const fields = isObject(value) ? value : {};
    return Object.fromEntries(
      Object.entries(type[1]).map(([name, inner]) => [name, conformAttribute(fields[name] ?? null, inner)]),
    );
  }
  if (type[0] === 'map') {
    return isObject(value) ? value : null;
  }
  return Array.isArray(value) ? value.map((item) => conformAttribute(item, type[1])) : null;
}
