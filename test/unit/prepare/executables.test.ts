import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { NoBunError } from '../../../proxy/build.ts';
import { EnvironmentError } from '../../../scripts/errors.ts';
import type { PreparedImages } from '../../../scripts/images/prepared-image.ts';
import { prepareImages } from '../../../scripts/prepare/executables.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { recordingStep } from '../../support/recording-step.ts';

describe('image contexts', () => {
  const root = mkdtempSync(join(tmpdir(), 'tw-images-'));
  const checkout = join(root, 'checkout');
  const build = (target: string): void => {
    mkdirSync(join(target, '..'), { recursive: true });
    writeFileSync(target, `executable of ${readFileSync(join(checkout, 'proxy/nutcracker.ts'), 'utf8')}`);
  };
  const buildGuard = (target: string): void => {
    mkdirSync(join(target, '..'), { recursive: true });
    writeFileSync(target, readFileSync(join(checkout, 'sentinel/guard/main.ts'), 'utf8'));
  };
  const write = (path: string, text: string, mode = 0o644): void => {
    const file = join(checkout, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  const prepare = (folder = 'home', base = 'debian:bookworm-slim'): Promise<PreparedImages> =>
    prepareImages(new Home(join(root, folder)), base, recordingStep(), { checkout, build, buildGuard });

  beforeEach(() => {
    rmSync(root, { recursive: true, force: true });
    for (const folder of ['sentinel', 'proxy', 'haproxy', 'monitoring'])
      write(`${folder}/image/Dockerfile`, `FROM x # ${folder}\n`);
    write('sentinel/image/lib/ask.sh', 'ask\n');
    write('sentinel/image/entrypoint', 'start\n', 0o755);
    write('sentinel/guard/main.ts', 'guard');
    write('proxy/nutcracker.ts', 'one');
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  test('without Bun nothing can be compiled: what to install is said, exit 3', async () => {
    const noBun = (): never => {
      throw new NoBunError();
    };
    const home = new Home(join(root, 'home'));
    await assert.rejects(
      prepareImages(home, 'debian:bookworm-slim', recordingStep(), { checkout, build: noBun, buildGuard }),
      (error) =>
        error instanceof EnvironmentError &&
        /Bun, which compiles the proxy and the guard, is not installed/.test(error.message) &&
        /npm install --include=optional/.test(error.remedy ?? ''),
    );
  });

  test('hold the sources with fixed modes, whatever the umask, and the proxy its executable', async () => {
    const before = process.umask(0o077);
    try {
      const images = await prepare();
      const mode = (kind: 'redis' | 'proxy', name: string): number =>
        statSync(join(images[kind].contextDir, name)).mode & 0o777;
      assert.equal(mode('redis', 'entrypoint'), 0o755);
      assert.equal(mode('redis', 'lib'), 0o755);
      assert.equal(mode('redis', 'lib/ask.sh'), 0o644);
      assert.equal(mode('redis', 'guard'), 0o755);
      assert.equal(mode('proxy', 'nutcracker'), 0o755);
      assert.equal(readFileSync(join(images.proxy.contextDir, 'nutcracker'), 'utf8'), 'executable of one');
      assert.match(images.redis.name, /^twemstack\/redis:[0-9a-f]{12}$/);
      assert.equal(
        images.redis.contextDir,
        join(root, 'home/.twemstack/images', images.redis.name.slice(10).replace(':', '-')),
      );
    } finally {
      process.umask(before);
    }
  });

  test('have the same names the next time and in another folder', async () => {
    const first = await prepare('one');
    const again = await prepare('one');
    const elsewhere = await prepare('two');
    assert.deepEqual(again, first);
    for (const kind of ['redis', 'proxy', 'edge'] as const)
      assert.equal(elsewhere[kind].name, first[kind].name);
  });

  const changes: ReadonlyArray<[string, () => void, 'redis' | 'proxy' | 'edge']> = [
    ['a changed byte', () => write('sentinel/image/lib/ask.sh', 'asK\n'), 'redis'],
    ['a changed name', () => write('sentinel/image/lib/ask2.sh', 'ask\n'), 'redis'],
    ['a changed mode', () => chmodSync(join(checkout, 'haproxy/image/Dockerfile'), 0o755), 'edge'],
    ['a changed source of the proxy', () => write('proxy/nutcracker.ts', 'two'), 'proxy'],
  ];
  for (const [what, change, kind] of changes) {
    test(`${what} gives ${kind} a new name and no other image`, async () => {
      const before = await prepare();
      change();
      const now = await prepare();
      for (const each of ['redis', 'proxy', 'edge'] as const) {
        assert.equal(now[each].name !== before[each].name, each === kind, each);
      }
      assert.ok(!existsSync(before[kind].contextDir), 'the old context is removed');
      assert.equal(readdirSync(join(root, 'home/.twemstack/images')).length, 4);
    });
  }

  test('another base gives all of them new names', async () => {
    const before = await prepare();
    const now = await prepare('home', 'twemstack/base:bookworm-0123');
    for (const each of ['redis', 'proxy', 'edge'] as const)
      assert.notEqual(now[each].name, before[each].name);
    assert.equal(now.edge.base, 'twemstack/base:bookworm-0123');
  });

  test('the proxy goes by the stamp of its build, not by bytes that differ each time', async () => {
    let run = 0;
    const stamping = (target: string): void => {
      mkdirSync(join(target, '..'), { recursive: true });
      rmSync(target, { force: true });
      writeFileSync(target, `compilation ${run++}`, { mode: 0o755 });
      writeFileSync(`${target}.stamp`, readFileSync(join(checkout, 'proxy/nutcracker.ts'), 'utf8'));
    };
    const names: string[] = [];
    for (const source of ['one', 'one', 'two']) {
      write('proxy/nutcracker.ts', source);
      const home = new Home(join(root, 'home'));
      names.push(
        (await prepareImages(home, 'b', recordingStep(), { checkout, build: stamping, buildGuard })).proxy
          .name,
      );
    }
    assert.equal(names[0], names[1]);
    assert.notEqual(names[1], names[2]);
  });

  test('a folder left half-written by a crash is not taken for a context', async () => {
    const images = await prepare();
    cpSync(images.edge.contextDir, `${images.edge.contextDir}.1.part`, { recursive: true });
    rmSync(images.edge.contextDir, { recursive: true });
    const again = await prepare();
    assert.ok(existsSync(join(again.edge.contextDir, 'Dockerfile')));
    assert.equal(readdirSync(join(root, 'home/.twemstack/images')).length, 4);
  });
});
