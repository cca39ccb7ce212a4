/**
 * What terraform will show: the state a resource is going to have, and which changes need a new object.
 * Pure; resource types only correct the result where a rule of Docker says so.
 */
import { sameAttribute, sameBlock, sameNested } from './compare.ts';
import type { Attribute, Block, NestedBlock } from './schema.ts';
import { isEmpty, isObject, isUnknown, type ObjectValue, UNKNOWN, type Value } from './values.ts';

export interface Plan {
  planned: ObjectValue;
  /** Top-level names whose change cannot be made on the living object. */
  replace: string[];
}

/**
 * Plans one resource. `prior` is null for a new one. Rule per attribute: what is configured; else its default; else, when
 * the provider computes it, what is in the state (unknown for a new object); else nothing.
 *
 * "Nothing" is false, 0 or "" as in the states kreuzwerker/docker writes; when the state spells it differently (null), its
 * spelling is kept. So neither writing `read_only = false` out nor a state of the other provider is a change.
 */
export function planChange(block: Block, prior: ObjectValue | null, config: ObjectValue): Plan {
  const planned = planBlock(block, prior, config);
  return { planned, replace: prior === null ? [] : replacements(block, prior, planned) };
}

/** Names of the attributes and blocks that differ between two states. */
export function changedNames(block: Block, prior: ObjectValue, planned: ObjectValue): string[] {
  return [
    ...Object.entries(block.attributes)
      .filter(([name, attribute]) => !sameAttribute(prior[name], planned[name], attribute.type))
      .map(([name]) => name),
    ...Object.entries(block.blocks)
      .filter(([name, nested]) => !sameNested(prior[name], planned[name], nested))
      .map(([name]) => name),
  ];
}

/**
 * Is an existing object what the plan asks for? Only what is configured counts; unknown and absent values fit anything.
 * @returns the names that do not fit.
 */
export function misfits(block: Block, planned: ObjectValue, existing: ObjectValue): string[] {
  return changedNames(block, existing, planned).filter(
    (name) => !isUnknown(planned[name]) && !isEmpty(planned[name]),
  );
}

function replacements(block: Block, prior: ObjectValue, planned: ObjectValue): string[] {
  return changedNames(block, prior, planned).filter((name) => {
    const attribute: Attribute | NestedBlock = block.attributes[name] ?? block.blocks[name];
    const onlyComputed = 'type' in attribute && attribute.computed && !attribute.optional;
    const bothNothing = isEmpty(prior[name]) && isEmpty(planned[name]);
    return !attribute.inPlace && !onlyComputed && !bothNothing;
  });
}

function planBlock(block: Block, prior: ObjectValue | null, config: ObjectValue): ObjectValue {
  const planned: ObjectValue = {};
  for (const [name, attribute] of Object.entries(block.attributes)) {
    planned[name] = planAttribute(attribute, prior?.[name], config[name] ?? null);
  }
  for (const [name, nested] of Object.entries(block.blocks)) {
    planned[name] = planNested(nested, prior?.[name], config[name]);
  }
  return planned;
}

function planAttribute(attribute: Attribute, prior: Value | undefined, config: Value): Value {
  if (config !== null) {
    return config;
  }
  if (attribute.default !== undefined) {
    return attribute.default;
  }
  if (attribute.computed) {
    return prior === undefined ? UNKNOWN : prior;
  }
  return prior !== undefined && isEmpty(prior) ? prior : nothing(attribute);
}

function nothing(attribute: Attribute): Value {
  switch (attribute.type) {
    case 'bool':
      return false;
    case 'number':
      return 0;
    case 'string':
      return '';
    default:
      return null;
  }
}

function planNested(nested: NestedBlock, prior: Value | undefined, config: Value | undefined): Value {
  if (config === undefined || config === null) {
    return nested.nesting === 'single' ? null : [];
  }
  if (isUnknown(config)) {
    return config;
  }
  if (isObject(config)) {
    return planBlock(nested.block, isObject(prior) ? prior : null, config);
  }
  const priorItems = Array.isArray(prior) ? prior.filter(isObject) : [];
  return (Array.isArray(config) ? config : []).map((item, index) => {
    if (!isObject(item)) {
      return item;
    }
    if (nested.nesting === 'list') {
      return planBlock(nested.block, priorItems[index] ?? null, item);
    }
    // A set's items have no place to be recognised by: one is the same as before when planning it on the other gives it back.
    const fits = (before: ObjectValue): boolean =>
      sameBlock(planBlock(nested.block, before, item), before, nested.block);
    return priorItems.find(fits) ?? planBlock(nested.block, null, item);
  });
}
