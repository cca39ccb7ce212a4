/** Labels: terraform's set of {label, value} and Docker's map, and the label that says an object is ours. */
import { block, type NestedBlock, required, setOf } from '../protocol/schema.ts';
import { isObject, type ObjectValue, type Value } from '../protocol/values.ts';

/** Objects of one twemstack stack carry this label with the stack's name. */
export const OWNER_LABEL = 'twemstack.stack';
/** Tells apart two deployments of stacks of one name; compared only where the configuration sets it. */
const INSTANCE_LABEL = 'twemstack.instance';

export const labelBlock: NestedBlock = setOf(block({ label: required('string'), value: required('string') }));

/** [{label, value}] → {label: value}. */
export function toLabelMap(value: Value): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const item of Array.isArray(value) ? value : []) {
    if (isObject(item)) {
      labels[String(item.label)] = String(item.value);
    }
  }
  return labels;
}

/** {label: value} → [{label, value}], sorted by label. */
export function fromLabelMap(labels: Record<string, string> | null | undefined): ObjectValue[] {
  return Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
}

/**
 * Was an object left behind by an apply that was killed before terraform could write it down? It was if it carries the
 * same owner, and the same instance of it, as the object about to be made. Anything else is a stranger's.
 */
export function isOwnLeftover(
  found: Record<string, string> | null | undefined,
  wanted: Record<string, string>,
): boolean {
  const same = (label: string): boolean => found?.[label] === wanted[label];
  return OWNER_LABEL in wanted && same(OWNER_LABEL) && (!(INSTANCE_LABEL in wanted) || same(INSTANCE_LABEL));
}
