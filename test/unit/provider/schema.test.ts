import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dockerProvider } from '../../../provider/docker/provider.ts';
import type { Block, NestedBlock, TypeSpec } from '../../../provider/protocol/schema.ts';
import { bindingsShape, type Shape } from './bindings.ts';

function typeWord(type: TypeSpec): string {
  if (typeof type === 'string') {
    return type === 'bool' ? 'boolean' : type;
  }
  if (type[0] === 'object') {
    return `{${Object.keys(type[1]).sort().join(', ')}}`;
  }
  return `${type[0]} of ${typeWord(type[1])}`;
}

function nestingWord({ nesting, maxItems }: NestedBlock): string {
  return maxItems === 1 ? `${nesting} max 1` : nesting;
}

/** Our schema in the words of bindings.ts. */
function ownShape(block: Block): Shape {
  return {
    attributes: Object.fromEntries(
      Object.entries(block.attributes).map(([name, { type, required, optional }]) => {
        const who = required ? 'required ' : optional ? '' : 'computed ';
        return [name, `${who}${typeWord(type)}`];
      }),
    ),
    blocks: Object.fromEntries(
      Object.entries(block.blocks).map(([name, nested]) => [
        name,
        { nesting: nestingWord(nested), inside: ownShape(nested.block) },
      ]),
    ),
  };
}

describe('the schema is the one the bindings were made from', () => {
  for (const resource of ['image', 'network', 'volume', 'container']) {
    test(`docker_${resource}`, () => {
      const own = ownShape(dockerProvider.resources[`docker_${resource}`].schema.block);
      assert.deepEqual(own, bindingsShape(resource));
    });
  }

  test('the provider block', () => {
    const bindings = bindingsShape('provider');
    delete bindings.attributes.alias; // Terraform's own, not the provider's.
    assert.deepEqual(ownShape(dockerProvider.schema.block), bindings);
  });
});

test('every refused option says what to do instead', () => {
  const reasons: string[] = [];
  const collect = (block: Block): void => {
    for (const { refused } of [...Object.values(block.attributes), ...Object.values(block.blocks)]) {
      if (refused !== undefined) {
        reasons.push(refused);
      }
    }
    for (const nested of Object.values(block.blocks)) {
      collect(nested.block);
    }
  };
  for (const { schema } of Object.values(dockerProvider.resources)) {
    collect(schema.block);
  }
  assert.ok(reasons.length > 20);
  for (const reason of reasons) {
    assert.match(reason, /^[A-Z].*\.$/);
  }
});
