/**
 * How a resource type describes its attributes: enough for terraform (types, nesting, who sets what) and for the
 * generic planner (defaults, which changes replace, what this provider refuses).
 */
import type { Value } from './values.ts';

/** A terraform type in its own JSON spelling: "string", ["set", "string"], ["list", ["object", {…}]] … */
export type TypeSpec =
  | 'string'
  | 'number'
  | 'bool'
  | readonly ['list', TypeSpec]
  | readonly ['set', TypeSpec]
  | readonly ['map', TypeSpec]
  | readonly ['object', Readonly<Record<string, TypeSpec>>];

export interface Attribute {
  readonly type: TypeSpec;
  readonly required?: boolean;
  readonly optional?: boolean;
  /** The provider fills it in when the configuration leaves it out. */
  readonly computed?: boolean;
  /** Used when the configuration leaves it out. Such an attribute is optional + computed for terraform. */
  readonly default?: Value;
  /** A change is made on the living object; without this a change replaces it. */
  readonly inPlace?: boolean;
  /** Known because the bindings know it, but setting it is an error; the text says what to do instead. */
  readonly refused?: string;
  readonly sensitive?: boolean;
  /** Returns what is wrong with a set, known value ("must be …"), or nothing. */
  readonly check?: (value: Value) => string | undefined;
}

export interface NestedBlock {
  readonly nesting: 'list' | 'set' | 'single';
  readonly maxItems?: number;
  readonly block: Block;
  readonly inPlace?: boolean;
  readonly refused?: string;
}

export interface Block {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly blocks: Readonly<Record<string, NestedBlock>>;
}

export interface Schema {
  /** The state format's number. Equal to kreuzwerker/docker's, so that a state can move between the two. */
  readonly version: number;
  readonly block: Block;
}

type Extra = Omit<Attribute, 'type' | 'required' | 'optional' | 'computed' | 'default'>;

/** Must be set in the configuration. */
export const required = (type: TypeSpec, extra: Extra = {}): Attribute => ({
  type,
  required: true,
  ...extra,
});

/** May be set; absent means absent. */
export const optional = (type: TypeSpec, extra: Extra = {}): Attribute => ({
  type,
  optional: true,
  ...extra,
});

/** May be set; otherwise the engine's (or the image's) value is taken over and kept. */
export const either = (type: TypeSpec, extra: Extra = {}): Attribute => ({
  type,
  optional: true,
  computed: true,
  ...extra,
});

/** May be set; otherwise the given value. */
export const defaulted = (type: TypeSpec, value: Value, extra: Extra = {}): Attribute => ({
  type,
  optional: true,
  computed: true,
  default: value,
  ...extra,
});

/** Only ever filled in by the provider. */
export const computed = (type: TypeSpec): Attribute => ({ type, computed: true });

/** Known to the bindings, refused when set. */
export const refused = (type: TypeSpec, reason: string): Attribute => ({
  type,
  optional: true,
  refused: reason,
});

export const block = (attributes: Block['attributes'], blocks: Block['blocks'] = {}): Block => ({
  attributes,
  blocks,
});

export const setOf = (inner: Block, extra: Omit<NestedBlock, 'nesting' | 'block'> = {}): NestedBlock => ({
  nesting: 'set',
  block: inner,
  ...extra,
});

export const listOf = (inner: Block, extra: Omit<NestedBlock, 'nesting' | 'block'> = {}): NestedBlock => ({
  nesting: 'list',
  block: inner,
  ...extra,
});

const NESTING = { single: 1, list: 2, set: 3 } as const;

/**
 * The block in the shape of the wire's `Schema.Block`.
 * @param resource in resources every optional attribute is also computed for terraform: the planner writes "nothing" out.
 */
export function blockToWire(source: Block, resource: boolean): object {
  return {
    attributes: Object.entries(source.attributes).map(([name, attribute]) => ({
      name,
      type: Buffer.from(JSON.stringify(attribute.type)),
      required: attribute.required ?? false,
      optional: attribute.optional ?? false,
      computed: attribute.computed ?? (resource && attribute.optional) ?? false,
      sensitive: attribute.sensitive ?? false,
    })),
    blockTypes: Object.entries(source.blocks).map(([name, nested]) => ({
      typeName: name,
      nesting: NESTING[nested.nesting],
      maxItems: nested.maxItems ?? 0,
      block: blockToWire(nested.block, resource),
    })),
  };
}

/** The schema in the shape of the wire's `Schema`. */
export function schemaToWire(schema: Schema, resource: boolean): object {
  return { version: schema.version, block: blockToWire(schema.block, resource) };
}
