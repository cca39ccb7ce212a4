/** Telling drift from the engine's way of writing the same thing. */
import { isEmpty, type Value } from '../protocol/values.ts';

/**
 * The value to keep in the state for an attribute: the engine's, except that "nothing" has many spellings (null, "", 0,
 * false, []) and the one already in the state is kept.
 */
export function settle(before: Value, observed: Value): Value {
  return isEmpty(before) && isEmpty(observed) ? before : observed;
}

/**
 * For attributes that an image may set: an empty value in the configuration means "as the image says", so whatever the
 * engine then reports is no drift.
 */
export function settleInherited(before: Value, observed: Value): Value {
  return before !== null && isEmpty(before) ? before : observed;
}
