/**
 * The schema that the installed bindings were generated from, read back out of them. They carry their TypeScript source in
 * a source map, with a remark on every attribute: `// name - computed: false, optional: true, required: false`.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Shape {
  /** name → "string", "set of string", … with "required" or "computed" in front where so. */
  attributes: Record<string, string>;
  /** name → nesting ("set", "list max 1", "single") and what is inside. */
  blocks: Record<string, { nesting: string; inside: Shape }>;
}

/** @param resource folder of the bindings: container, image, network, volume, provider */
export function bindingsShape(resource: string): Shape {
  const source = typescriptOf(resource);
  const root = /export class (\w+) extends cdktf\.Terraform(Resource|Provider)/.exec(source)?.[1];
  if (root === undefined) {
    throw new Error(`no class in the bindings of ${resource}`);
  }
  return shapeOf(source, root, bodyBetween(source, /synthesizeHclAttributes\(\)/));
}

function typescriptOf(resource: string): string {
  const home = dirname(createRequire(import.meta.url).resolve('@cdktf/provider-docker/package.json'));
  const code = readFileSync(join(home, 'lib', resource, 'index.js'), 'utf8');
  const encoded = /sourceMappingURL=data:application\/json;base64,(\S+)/.exec(code)?.[1] ?? '';
  const map = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as { sourcesContent: string[] };
  return map.sourcesContent[0];
}

/** From the match to the end of its list of attributes. */
function bodyBetween(source: string, start: RegExp): string {
  const from = source.search(start);
  const to = source.indexOf('// remove undefined attributes', from);
  return from < 0 ? '' : source.slice(from, to);
}

const ENTRY = /(\w+): \{\s*value: [^\n]*\n\s*isBlock: (\w+),\s*type: "(\w+)",\s*storageClassType: "(\w+)"/g;
const REMARK = /\/\/ (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n([^\n]*\n[^\n]*)/g;

function shapeOf(source: string, className: string, body: string): Shape {
  const shape: Shape = { attributes: {}, blocks: {} };
  const remarks = remarksOf(source, className);
  for (const [, name, isBlock, type, storage] of body.matchAll(ENTRY)) {
    if (isBlock === 'true') {
      shape.blocks[name] = blockOf(source, name, type, storage);
    } else {
      const word = type === 'simple' ? storage : `${type} of ${storage.replace(/(List|Map)$/, '')}`;
      shape.attributes[name] = remarks[name]?.required ? `required ${word}` : word;
    }
  }
  for (const [name, { only, text }] of Object.entries(remarks)) {
    if (only) {
      shape.attributes[name] =
        `computed ${/get(\w+)Attribute/.exec(text)?.[1].toLowerCase() ?? objectList(source, text)}`;
    }
  }
  return shape;
}

function blockOf(source: string, name: string, type: string, storage: string): Shape['blocks'][string] {
  const struct = storage.replace(/List$/, '');
  const single = new RegExp(`new ${struct}OutputReference\\(this, "${name}"\\)`).test(source);
  const functionName = `${struct[0].toLowerCase()}${struct.slice(1)}ToHclTerraform\\(`;
  const inside = shapeOf(
    source,
    `${struct}OutputReference`,
    bodyBetween(source, new RegExp(`function ${functionName}`)),
  );
  const nesting = type === 'struct' ? 'single' : type;
  return { nesting: single && nesting !== 'single' ? `${nesting} max 1` : nesting, inside };
}

interface Remark {
  required: boolean;
  /** Filled in by the provider only. */
  only: boolean;
  text: string;
}

function remarksOf(source: string, className: string): Record<string, Remark> {
  const from = source.indexOf(`export class ${className} extends`);
  const to = source.indexOf('\nexport ', from + 1);
  const text = source.slice(from, to < 0 ? undefined : to);
  return Object.fromEntries(
    [...text.matchAll(REMARK)].map(([, name, computed, optional, required, code]) => [
      name,
      { required: required === 'true', only: computed === 'true' && optional === 'false', text: code },
    ]),
  );
}

/** A computed list of objects: its fields in order. */
function objectList(source: string, text: string): string {
  const struct = /new (\w+)List\(/.exec(text)?.[1];
  const fields = Object.keys(remarksOf(source, `${struct}OutputReference`)).sort();
  return `list of {${fields.join(', ')}}`;
}
