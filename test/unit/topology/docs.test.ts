import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { loadTopology } from '../../../topology/index.ts';
import { KNOWN_KEYS, REFUSED_POOL_KEYS } from '../../../topology/keys.ts';

const page = readFileSync(new URL('../../../docs/stack-yaml.md', import.meta.url), 'utf8');

/** Rows of the page's key tables: path → default column. */
const rows = new Map(
  page
    .split('\n')
    .map((line) => /^\| `([^`]+)` \|[^|]*\|([^|]*)\|/.exec(line))
    .filter((match) => match !== null)
    .map(([, key, fallback]) => [key, fallback.trim()]),
);

/** `pools.<pool>.hash` → `{pools: {alpha: {hash: value}}}` with two shards for `shards[]`. */
function stackWith(key: string, value: unknown): string {
  const data: Record<string, unknown> = { name: 'alpha', vip: '198.18.0.100' };
  const [section, ...rest] = key.replace('<pool>', 'alpha').split('.');
  if (section === 'shards[]') data.shards = [{ [rest[0]]: value }, {}];
  else data[section] = rest.reduceRight((inner: unknown, part) => ({ [part]: inner }), value);
  return JSON.stringify(data);
}

describe('docs/stack-yaml.md', () => {
  test('has a row for every key, and no row for a key that does not exist', () => {
    assert.deepEqual([...rows.keys()].sort(), [...KNOWN_KEYS].sort());
  });

  const literal = [...rows].filter(([, fallback]) => /^`[^`]+`$/.test(fallback));
  assert.ok(literal.length > 15);
  for (const [key, fallback] of literal)
    test(`the default of ${key} is ${fallback}`, () => {
      const written = loadTopology(stackWith(key, parse(fallback.slice(1, -1))), 'stack.yaml');
      const omitted = loadTopology('name: alpha\nvip: 198.18.0.100\n', 'stack.yaml');
      assert.deepEqual(written, omitted);
    });

  test('names every key that is refused with a reason', () => {
    for (const key of Object.keys(REFUSED_POOL_KEYS)) assert.ok(page.includes(`\`${key}\``), key);
  });
});
