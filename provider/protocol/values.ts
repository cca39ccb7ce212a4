/**
 * Terraform values as this provider sees them, and their form on the wire (MessagePack, one DynamicValue a value).
 *
 * A value is plain data: null, string, number, boolean, an array (list and set alike) or an object (object and map alike).
 * "Not known yet" is the one thing plain data cannot say; it is the constant UNKNOWN.
 */
import { decode, ExtensionCodec, encode } from '@msgpack/msgpack';

/** The type of UNKNOWN: a value terraform or the engine will only know during apply. */
export class Unknown {
  readonly #brand = 'unknown';

  toString(): string {
    return `(${this.#brand}: known after apply)`;
  }
}

/** A value that is not known yet. There is only this one instance. */
export const UNKNOWN = new Unknown();

export type Value = null | boolean | number | string | Unknown | Value[] | ObjectValue;
export interface ObjectValue {
  [attribute: string]: Value;
}

/** Extension 0 is a plain unknown, 12 one with hints ("not null", a prefix …). Both are read; only the plain one is written. */
const UNKNOWN_PLAIN = 0;
const UNKNOWN_REFINED = 12;

const extensions = new ExtensionCodec();
extensions.register({
  type: UNKNOWN_PLAIN,
  encode: (value) => (value instanceof Unknown ? new Uint8Array([0]) : null),
  decode: () => UNKNOWN,
});
extensions.register({ type: UNKNOWN_REFINED, encode: () => null, decode: () => UNKNOWN });

/** A value as it travels; terraform sends MessagePack, and reads either. */
export interface DynamicValue {
  msgpack?: Uint8Array;
  json?: Uint8Array;
}

/** Reads a DynamicValue. An absent one (terraform leaves the field out for "nothing") is null. */
export function decodeValue(wire: DynamicValue | null | undefined): Value {
  if (wire?.msgpack && wire.msgpack.length > 0) {
    return decode(wire.msgpack, { extensionCodec: extensions }) as Value;
  }
  if (wire?.json && wire.json.length > 0) {
    return JSON.parse(Buffer.from(wire.json).toString('utf8')) as Value;
  }
  return null;
}

/** Writes a value as MessagePack. */
export function encodeValue(value: Value): DynamicValue {
  return { msgpack: encode(value, { extensionCodec: extensions }) };
}

export function isUnknown(value: Value | undefined): value is Unknown {
  return value instanceof Unknown;
}

export function isObject(value: Value | undefined): value is ObjectValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}

/** True when the value or anything inside it is not known yet. */
export function containsUnknown(value: Value): boolean {
  if (isUnknown(value)) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.some(containsUnknown);
  }
  return isObject(value) && Object.values(value).some(containsUnknown);
}

/** The same value with every unknown part replaced by null: what may be stored when an apply fails half way. */
export function withoutUnknown(value: Value): Value {
  if (isUnknown(value)) {
    return null;
  }
  if (Array.isArray(value)) {
    return value.map(withoutUnknown);
  }
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutUnknown(part)]));
  }
  return value;
}

/** True for what an engine answers when nothing was set: null, "", 0, false, an empty list or map. */
export function isEmpty(value: Value | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.length === 0;
  }
  return isObject(value) && Object.keys(value).length === 0;
}
