import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { renderRedisUsers } from '../../../sentinel/users-acl.ts';
import { GROUPS } from '../../../tools/testing/groups.ts';
import { ACCOUNTS, type Credentials } from '../../../topology/types.ts';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(CHECKOUT, file), 'utf8');

/** What a clone holds at its top, without what is installed or made there. */
const TOP = readdirSync(CHECKOUT).filter(
  (name) => !name.startsWith('.') && !['node_modules', 'dist', 'cdktf.out'].includes(name),
);
const FOLDERS = TOP.filter((name) => statSync(path.join(CHECKOUT, name)).isDirectory());
const PAGES = [
  ...TOP,
  ...FOLDERS.flatMap((folder) =>
    (readdirSync(path.join(CHECKOUT, folder), { recursive: true }) as string[]).map((name) =>
      path.join(folder, name),
    ),
  ),
].filter((file) => file.endsWith('.md'));

/** A page without its blocks of code, fenced or indented: what is linked there is not a link. */
const prose = (text: string): string => text.replace(/^```.*?^```/gms, '').replace(/^ {4}.*$/gm, '');

/** Anchors of a page's headings, as the usual hosts make them. */
function anchorsOf(text: string): Set<string> {
  return new Set(
    [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Relative links of a page that lead nowhere. */
function brokenLinks(page: string): string[] {
  const links = [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file, anchor] = link.split('#');
    const target = file === '' ? page : path.join(path.dirname(page), file);
    if (!existsSync(path.join(CHECKOUT, target))) return true;
    return anchor !== undefined && !anchorsOf(read(target)).has(anchor);
  });
}

/** Files and folders that a page names from the root, as `folder/…`, and that do not exist. */
function missingPaths(page: string): string[] {
  const named = [...prose(read(page)).matchAll(/`([A-Za-z0-9_.-]+\/[^`\s]*)`/g)].map(([, name]) => name);
  return named.filter((name) => {
    if (!FOLDERS.includes(name.split('/')[0])) return false;
    // What stands for several: the folder above it is there.
    const certain = name.replace(/[^/]*[*<…{].*$/, '');
    return !existsSync(path.join(CHECKOUT, certain));
  });
}

/** The source of what says which verbs and options there are. */
const commandLine = (): string =>
  readdirSync(path.join(CHECKOUT, 'scripts/command-line'))
    .map((name) => read(path.join('scripts/command-line', name)))
    .join('\n');

describe('the documents', () => {
  test('are found', () => {
    for (const page of ['README.md', 'SECURITY.md', path.join('docs', 'architecture.md')])
      assert.ok(PAGES.includes(page), page);
  });

  for (const page of PAGES) {
    test(`${page}: its relative links and their anchors exist`, () => {
      assert.deepEqual(brokenLinks(page), []);
    });
    test(`${page}: the files it names exist`, () => {
      assert.deepEqual(missingPaths(page), []);
    });
  }

  test('name no verb, and no script of npm, that does not exist', () => {
    const program = commandLine();
    const verbs = new Set(
      [...program.matchAll(/\b(?:verb|ask|group)\(\s*\w+,\s*'([a-z]+)/g)].map(([, verb]) => verb),
    );
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const wrong = PAGES.flatMap((page) => [
      ...[...read(page).matchAll(/npx twemstack ([a-z]+)/g)]
        .filter(([, verb]) => !verbs.has(verb))
        .map(([text]) => `${page}: ${text}`),
      ...[...read(page).matchAll(/npm run ([a-z:]+)/g)]
        .filter(([, script]) => scripts[script] === undefined)
        .map(([text]) => `${page}: ${text}`),
    ]);
    assert.ok(verbs.size > 10);
    assert.deepEqual(wrong, []);
  });

  test('name no option of a verb that it has not', () => {
    const program = commandLine();
    const known = new Set([...program.matchAll(/'(?:-\w, )?(--[a-z-]+)/g)].map(([, option]) => option));
    known.add('--help');
    const wrong = PAGES.flatMap((page) =>
      [...read(page).matchAll(/npx twemstack ([a-z]+)([^`\n]*)/g)]
        // What follows is redis-cli's.
        .filter(([, verb]) => verb !== 'cli')
        .flatMap(([, verb, rest]) =>
          [...rest.replace(/#.*$/, '').matchAll(/(?<![\w-])--[a-z-]+/g)]
            .filter(([option]) => !known.has(option))
            .map(([option]) => `${page}: ${verb} ${option}`),
        ),
    );
    assert.ok(known.size > 20);
    assert.deepEqual(wrong, []);
  });

  test('SECURITY tells of every right that an account has beyond a whole category', () => {
    const pools = [{ dangerous: 'allow', shards: ['shard-1'] }] as const;
    const credentials = Object.fromEntries(ACCOUNTS.map((account) => [account, account])) as Credentials;
    const page = read('SECURITY.md');
    // What everybody does before anything else, or what is in the categories that the page names.
    const usual = ['@all', 'auth', 'wait', 'client|setname', 'ping', 'psubscribe'];
    const untold = renderRedisUsers(pools, credentials, {}, true)
      .split('\n')
      .map((line) => [/^user (\S+)/.exec(line)?.[1] ?? 'default', line])
      .filter(([account]) => account !== 'default')
      .flatMap(([account, line]) => {
        const [, row] = new RegExp(`^\\| \`${account}\` \\| redis[^|]*\\|([^|]*)\\|`, 'm').exec(page) ?? [];
        return [...line.matchAll(/ \+(\S+?)\)?(?= |$)/g)]
          .map(([, right]) => right)
          .filter((right) => !usual.includes(right))
          .filter((right) =>
            right.split('|').some((word) => !new RegExp(`\\b${word}\\b`, 'i').test(row ?? '')),
          )
          .map((right) => `${account}: ${right}`);
      });
    assert.deepEqual(untold, []);
  });

  test('CONTRIBUTING tells of every group of tests, in their order', () => {
    const [, table] = read('CONTRIBUTING.md').split('| group | what | needs |');
    const [rows] = table.split('\n\n');
    assert.deepEqual(
      [...rows.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, name]) => name),
      GROUPS.map(({ name }) => name),
    );
  });

  test('README can be read in one go: fewer than 200 lines', () => {
    assert.ok(read('README.md').trimEnd().split('\n').length < 200);
  });

  test('the page of the architecture tells of every folder of the rooms that have some', () => {
    const page = read('docs/architecture.md');
    for (const room of ['scripts', 'proxy', 'topology', 'sentinel/guard', 'provider', 'console', 'tools'])
      for (const { name } of readdirSync(path.join(CHECKOUT, room), { withFileTypes: true }).filter((entry) =>
        entry.isDirectory(),
      ))
        assert.match(page, new RegExp(`^\\|.*\`${name}/\`.*\\|.*\\|$`, 'm'), `${room}/${name}/`);
  });

  test('README tells of every room', () => {
    const readme = read('README.md');
    for (const room of FOLDERS.filter((name) => !['docs', 'examples'].includes(name)))
      assert.match(readme, new RegExp(`^\\|.*\`${room}/\`.*\\|.*\\|$`, 'm'), room);
  });
});
