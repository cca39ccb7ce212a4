import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { formatProblems, loadTopology } from '../../../topology/index.ts';
import { type StackData, validStack } from '../../support/arbitrary-stack.ts';
import { positionOf, problemsOf, unmark } from '../../support/marked-yaml.ts';

describe('mistakes in a stack file', () => {
  test('five mistakes give five located messages, in the order of the file', () => {
    const { text, marks } = unmark(`name: §Alpha_1
vip: §198.18.0.255
§shardz: 3
sentinel: { count: §4 }
pools:
  alpha: { listen: 6379, hash: §fnv1a64 }
`);
    const problems = problemsOf(text);
    assert.deepEqual(problems.map(positionOf), marks);
    assert.deepEqual(
      problems.map((problem) => problem.path),
      ['name', 'vip', 'shardz', 'sentinel.count', 'pools.alpha.hash'],
    );
    for (const problem of problems) {
      assert.equal(problem.file, 'stack.yaml');
      assert.notEqual(problem.remedy, '');
    }
  });

  test('a message reads file:line:column: path: value rule. remedy', () => {
    const text = 'name: alpha\nvip: 198.18.0.100\npools:\n  alpha: { hash: fnv1a64 }\n';
    assert.equal(
      formatProblems(problemsOf(text), text),
      `stack.yaml:4:18: pools.alpha.hash: "fnv1a64" is not a known hash: one_at_a_time, md5, crc16, crc32, crc32a, fnv1_64, fnv1a_64, fnv1_32, fnv1a_32, hsieh, murmur, jenkins. Did you mean fnv1a_64?
      alpha: { hash: fnv1a64 }
                     ^`,
    );
  });

  test('a key that is empty or strange is shown in quotes, and one that never ends, by its beginning', () => {
    const text = `name: alpha\nvip: 198.18.0.100\npools: { "": {}, "a b": { "": 1 }, "a.b": {}, "\\n": {}, ${'x'.repeat(999)}: {} }\n`;
    const problems = problemsOf(text);
    assert.deepEqual(
      problems.filter(({ rule }) => !rule.startsWith('is the port of')).map(({ path }) => path),
      ['pools.""', 'pools."a b"', 'pools."a b".""', 'pools."a.b"', 'pools."\\n"', `pools.${'x'.repeat(60)}…`],
    );
    assert.match(
      formatProblems(problems),
      /: pools\."" is not a name for a pool: .*: 6379 is the port of pool "" already\./s,
    );
  });

  test('a byte order mark, CRLF and tabs behind values do not shift positions', () => {
    const [problem] = problemsOf('\uFEFFname: alpha\r\nvip: 198.18.0.100\r\nreplicas: nine\t# why\r\n');
    assert.equal(positionOf(problem), '3:11');
    const [first] = problemsOf('\uFEFFname: Alpha\nvip: 198.18.0.100\n');
    assert.equal(positionOf(first), '1:7');
  });

  /** Every plain value of a stack, as a path. */
  function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
    if (typeof value !== 'object' || value === null) return [path];
    if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, [...path, index]));
    return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
  }

  function spoil(data: StackData, path: (string | number)[], token: string): unknown {
    const copy = structuredClone(data) as unknown as Record<string | number, unknown>;
    let parent = copy;
    for (const part of path.slice(0, -1)) parent = parent[part] as Record<string | number, unknown>;
    parent[path[path.length - 1]] = token;
    return copy;
  }

  test('whatever value is spoilt, some message points exactly at it (property)', () => {
    const token = '"!spoilt!"';
    fc.assert(
      fc.property(validStack, fc.nat(), fc.constantFrom('block', 'flow'), (data, pick, style) => {
        const paths = leaves(data);
        const path = paths[pick % paths.length];
        const spoilt = spoil(data, path, '!spoilt!');
        const text =
          style === 'flow'
            ? JSON.stringify(spoilt, undefined, 1)
            : stringify(spoilt, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
        const offset = text.indexOf(token);
        const before = text.slice(0, offset).split('\n');
        const expected = `${before.length}:${before[before.length - 1].length + 1}`;
        const found = problemsOf(text).map(positionOf);
        assert.ok(found.includes(expected), `${path.join('.')}: expected ${expected}, found ${found}`);
      }),
      { numRuns: 150 },
    );
  });

  test('no text whatever makes it throw, and every position lies inside the text (property)', () => {
    const valid =
      'name: alpha\nvip: 198.18.0.100\nshards:\n  - {name: s1, domains: [a, b, c]}\npools: {p: {hash_tag: "{}"}}\n';
    const damaged = fc
      .tuple(fc.nat({ max: valid.length }), fc.nat({ max: 6 }), fc.string({ maxLength: 6, unit: 'grapheme' }))
      .map(([at, cut, insert]) => valid.slice(0, at) + insert + valid.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary' })), (text) => {
        const loaded = loadTopology(text, 'stack.yaml');
        if (loaded.ok) return;
        const lines = text.replace(/^\uFEFF/, '').split('\n');
        assert.ok(loaded.problems.length > 0);
        for (const { line, column } of loaded.problems) {
          assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
          assert.ok(column >= 1 && column <= lines[line - 1].length + 1, `column ${column}`);
        }
      }),
      { numRuns: 400 },
    );
  });
});
