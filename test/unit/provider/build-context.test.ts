import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { extract } from 'tar-stream';
import { packContext } from '../../../provider/docker/build-context.ts';
import { ignoreRules } from '../../../provider/docker/dockerignore.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tw-context-'));
  mkdirSync(join(folder, 'c/sub'), { recursive: true });
  writeFileSync(join(folder, 'c/Dockerfile'), 'FROM x\n');
  writeFileSync(join(folder, 'c/sub/file'), 'content');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function namesIn(archive: NodeJS.ReadableStream): Promise<string[]> {
  const names: string[] = [];
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    names.push(`${header.name}${header.linkname ? `>${header.linkname}` : ''} ${header.uid}`);
    stream.resume();
    next();
  });
  archive.pipe(reader);
  await new Promise<void>((resolve) => reader.on('finish', () => resolve()));
  return names;
}

const contextOf = (dockerfile = 'Dockerfile') => packContext(join(folder, 'c'), dockerfile);

describe('build context', () => {
  test('holds folders, files and links, all of them root’s', async () => {
    symlinkSync('sub/file', join(folder, 'c/link'));
    const context = await contextOf();
    assert.equal(context.dockerfile, 'Dockerfile');
    const archive = context.archive() as unknown as NodeJS.ReadableStream;
    assert.deepEqual(await namesIn(archive), ['Dockerfile 0', 'link>sub/file 0', 'sub 0', 'sub/file 0']);
  });

  test('its digest follows content, names and modes, not times or places', async () => {
    const { digest } = await contextOf();
    utimesSync(join(folder, 'c/sub/file'), 1, 1);
    assert.equal((await contextOf()).digest, digest);
    renameSync(join(folder, 'c'), join(folder, 'd'));
    assert.equal((await packContext(join(folder, 'd'), 'Dockerfile')).digest, digest);
    chmodSync(join(folder, 'd/sub/file'), 0o755);
    const afterMode = (await packContext(join(folder, 'd'), 'Dockerfile')).digest;
    assert.notEqual(afterMode, digest);
    writeFileSync(join(folder, 'd/sub/file'), 'other');
    assert.notEqual((await packContext(join(folder, 'd'), 'Dockerfile')).digest, afterMode);
  });

  test('a Dockerfile outside the context travels along', async () => {
    writeFileSync(join(folder, 'Other'), 'FROM y\n');
    const context = await contextOf('../Other');
    const archive = context.archive() as unknown as NodeJS.ReadableStream;
    assert.ok((await namesIn(archive)).includes(`${context.dockerfile} 0`));
  });

  test('what is missing is named', async () => {
    await assert.rejects(packContext(join(folder, 'none'), 'Dockerfile'), /build context not found: .*none/);
    await assert.rejects(contextOf('Nofile'), /dockerfile not found at path: .*Nofile/);
  });

  test('.dockerignore leaves files out, but never the Dockerfile', async () => {
    writeFileSync(join(folder, 'c/.dockerignore'), '*\n!sub\n');
    const archive = (await contextOf()).archive() as unknown as NodeJS.ReadableStream;
    const names = await namesIn(archive);
    assert.deepEqual(names, ['.dockerignore 0', 'Dockerfile 0', 'sub 0', 'sub/file 0']);
  });
});

test('.dockerignore patterns', () => {
  const ignored = ignoreRules('# remark\n*.log\n/build/\n**/tmp\ndoc?\n!keep.log\n');
  for (const [name, expected] of [
    ['a.log', true],
    ['keep.log', false],
    ['sub/a.log', false],
    ['build', true],
    ['build/x/y', true],
    ['rebuild', false],
    ['a/b/tmp/c', true],
    ['tmp', true],
    ['docs', true],
    ['doc', false],
  ] as const) {
    assert.equal(ignored(name), expected, name);
  }
});
