import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

const UNDER_SCRIPTS = [
  'topology',
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
  verbs: [...UNDER_SCRIPTS, 'scripts', 'console'],
  tools: [...UNDER_SCRIPTS, 'scripts', 'console', 'verbs'],
};

/** Code that runs tests, or what tests run on, uses the tests' own engine. */
const WITH_TESTS = /^tools\//;

/** Rooms that are a part of another one's folder: the command line is above all that it calls, the console included. */
const APART: ReadonlyArray<readonly [room: string, files: RegExp]> = [
  ['sentinel/guard', /^sentinel\/guard\//],
  ['verbs', /^scripts\/(verbs\/|command-line\/|twemstack\.ts$)/],
];

const roomOf = (file: string): string =>
  APART.find(([, files]) => files.test(file))?.[0] ?? file.split('/')[0];

const FOLDERS = Object.keys(ROOMS).filter((room) => !APART.some(([apart]) => apart === room));

/** Every source file of all rooms, from the root. */
const FILES = FOLDERS.flatMap((folder) =>
  (readdirSync(path.join(CHECKOUT, folder), { recursive: true }) as string[])
    .map((name) => path.posix.join(folder, name))
    .filter((file) => /\.(ts|tsx|mjs)$/.test(file)),
);

const sourceOf = (file: string): string => readFileSync(path.join(CHECKOUT, file), 'utf8');

/** Which file imports which, both from the root; types included. */
const IMPORTS: ReadonlyArray<readonly [file: string, target: string]> = FILES.flatMap((file) =>
  [...sourceOf(file).matchAll(/(?:\bfrom |\bimport\()'(\.[^']+)'/g)].map(
    ([, target]) => [file, path.posix.join(path.posix.dirname(file), target)] as const,
  ),
);

/** The circles among names that lead to one another, each as its way. */
function circles(edges: Iterable<readonly [from: string, to: string]>): string[] {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of edges) if (from !== to) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (name: string, way: readonly string[]): void => {
    if (way.includes(name)) found.push([...way.slice(way.indexOf(name)), name].join(' -> '));
    if (done.has(name) || way.includes(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...way, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return found;
}

test('a room imports from those below it alone', () => {
  assert.ok(IMPORTS.length > 1000);
  const wrong = IMPORTS.filter(([file, target]) => {
    const [from, to] = [roomOf(file), roomOf(target)];
    return from !== to && !ROOMS[from].includes(to) && !(to === 'test' && WITH_TESTS.test(file));
  });
  assert.deepEqual(wrong, []);
});

test('files do not import in a circle, types included', () => {
  assert.deepEqual(circles(IMPORTS), []);
});

test('the folders of a room do not either: one of them can be read without what builds on it', () => {
  const placeOf = (file: string): string => file.split('/').slice(0, 2).join('/');
  const within = IMPORTS.filter(([file, target]) => file.split('/')[0] === target.split('/')[0]);
  assert.deepEqual(circles(within.map(([file, target]) => [placeOf(file), placeOf(target)])), []);
});

test('one file imports CDKTF, so that it can be left', () => {
  const importing = FILES.filter((file) =>
    /(\bfrom |\bimport\()'(cdktf|constructs|@cdktf\/[^']*)'/.test(sourceOf(file)),
  );
  assert.deepEqual(importing, ['stacks/cdktf.ts']);
});

test('whoever asks how a stack is does not wait for code that deploys it, breaks it or makes a lab', () => {
  const reached = new Set(['scripts/verbs/status.ts']);
  for (const file of reached) for (const [from, target] of IMPORTS) if (from === file) reached.add(target);
  const heavy = [...reached].filter((file) => /^scripts\/(deploy|lab|prepare|drill\/faults)\//.test(file));
  assert.deepEqual(heavy, []);
});
