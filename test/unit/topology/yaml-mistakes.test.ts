import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { positionOf, problemsOf, unmark } from '../../support/marked-yaml.ts';

/** title, text with a mark at the expected position, what the message must say */
const CASES: readonly [title: string, marked: string, said: RegExp][] = [
  ['nothing at all', '§', /the file is empty/],
  ['comments only', '§# later', /the file is empty/],
  ['a list', '§- a', /is no mapping/],
  ['a plain word', '§alpha', /is no mapping/],
  ['an open quote', 'name: "alpha§', /Missing closing/],
  ['a tab as indentation', 'name: alpha\nedge:\n§\tcount: 2', /Indent with spaces/],
  ['an unindented mapping', 'name: §a: b', /Nested mappings/],
  ['a repeated key', 'name: a\nvip: 10.0.0.9\n§name: b', /name appears a second time/],
  [
    'a repeated key in a flow mapping',
    'name: a\nvip: 10.0.0.9\nedge: {count: 2, §count: 3}',
    /count appears a second/,
  ],
  ['an anchor', 'name: &x §a\nvip: 10.0.0.9', /anchor &x/],
  ['an alias of nothing', 'name: §*x\nvip: 10.0.0.9', /alias \*x/],
  ['a second document', 'name: a\nvip: 10.0.0.9\n§---\nname: b', /second document/],
  ['a tag', 'name: §!secret a\nvip: 10.0.0.9', /Unresolved tag/],
  ['a mapping as key', '? §[a]\n: b', /plain word/],
  ['a merge key', 'name: a\nvip: 10.0.0.9\n§<<: {replicas: 1}', /<< is an unknown key/],
];

describe('YAML that cannot be read', () => {
  for (const [title, marked, said] of CASES)
    test(title, () => {
      const { text, marks } = unmark(marked);
      const problems = problemsOf(text);
      assert.deepEqual(problems.map(positionOf), marks);
      assert.match(`${problems[0].path} ${problems[0].rule}. ${problems[0].remedy}`, said);
    });

  test('a repeated key does not hide other mistakes', () => {
    const { text, marks } = unmark('name: a\nvip: 10.0.0.9\n§name: b\nreplicas: §x');
    assert.deepEqual(problemsOf(text).map(positionOf), marks);
  });

  // A parser that recurses into this takes the whole process down, not only itself.
  for (const [title, text] of [
    ['brackets', '['.repeat(20_000)],
    ['braces', '{a: '.repeat(20_000)],
    ['list indicators', '- '.repeat(20_000)],
    ['indentation', Array.from({ length: 5000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])
    test(`thousands of nested ${title} give one message`, () => {
      const problems = problemsOf(text);
      assert.equal(problems.length, 1);
      assert.match(problems[0].rule, /nested too deeply/);
    });
});
