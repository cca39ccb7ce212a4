import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

const UNDER_SCRIPTS = [
  'topology',
  'console',
  'proxy',
  'provider',
  'sentinel',
  'sentinel/guard',
  'haproxy',
  'monitoring',
  'stacks',
];

/** Lowest first: room → what it may import besides itself (docs/architecture.md). */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  topology: [],
  proxy: [],
  provider: [],
  'sentinel/guard': [],
  sentinel: ['topology', 'sentinel/guard'],
  haproxy: ['topology'],
  monitoring: ['topology', 'haproxy'],
  stacks: ['topology'],
  scripts: UNDER_SCRIPTS,
  console: ['topology', 'scripts'],
  tools: [...UNDER_SCRIPTS, 'scripts'],
};

/** Code that runs tests, or what tests run on, uses the tests' own engine. */
const WITH_TESTS = /^tools\//;

const roomOf = (file: string): string =>
  file.startsWith('sentinel/guard/') ? 'sentinel/guard' : file.split('/')[0];

/** Every file of a room, and the files that it imports, from the root. */
function* imports(): Generator<readonly [file: string, target: string]> {
  for (const room of Object.keys(ROOMS)) {
    for (const name of readdirSync(path.join(CHECKOUT, room), { recursive: true }) as string[]) {
      const file = path.posix.join(room, name);
      if (!/\.(ts|mjs)$/.test(file) || roomOf(file) !== room) continue;
      const source = readFileSync(path.join(CHECKOUT, file), 'utf8');
      for (const [, target] of source.matchAll(/(?:\bfrom |\bimport\()'(\.[^']+)'/g))
        yield [file, path.posix.join(path.posix.dirname(file), target)];
    }
  }
}

test('a room imports from those below it alone', () => {
  const all = [...imports()];
  assert.ok(all.length > 1000);
  const wrong = all.filter(([file, target]) => {
    const [from, to] = [roomOf(file), roomOf(target)];
    return from !== to && !ROOMS[from].includes(to) && !(to === 'test' && WITH_TESTS.test(file));
  });
  assert.deepEqual(wrong, []);
});

test('files do not import in a circle, types included', () => {
  const graph = new Map<string, string[]>();
  for (const [file, target] of imports()) graph.set(file, [...(graph.get(file) ?? []), target]);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
    if (done.has(file) || way.includes(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(circles, []);
});

test('one file imports CDKTF, so that it can be left', () => {
  const importing = Object.keys(ROOMS)
    .flatMap((room) =>
      (readdirSync(path.join(CHECKOUT, room), { recursive: true }) as string[]).map((name) =>
        path.join(room, name),
      ),
    )
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .filter((file) =>
      /(\bfrom |\bimport\()'(cdktf|constructs|@cdktf\/[^']*)'/.test(
        readFileSync(path.join(CHECKOUT, file), 'utf8'),
      ),
    );
  assert.deepEqual([...new Set(importing)], ['stacks/cdktf.ts']);
});
