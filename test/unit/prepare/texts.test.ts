import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aptProgress } from '../../../scripts/prepare/apt.ts';
import { aptLines } from '../../../scripts/prepare/debian-base.ts';
import { requireDisk, requireLinux } from '../../../scripts/prepare/platform.ts';
import { describeWorld } from '../../../scripts/prepare/prepare.ts';

describe('apt', () => {
  test('its status channel becomes a progress line', () => {
    assert.equal(
      aptProgress('dlstatus:3:42.8571:Retrieving file 3 of 7'),
      'apt: downloading 43 %, Retrieving file 3 of 7',
    );
    assert.equal(
      aptProgress('pmstatus:tini:33.3333:Unpacking tini (amd64)'),
      'apt: installing 33 %, Unpacking tini (amd64)',
    );
    assert.equal(aptProgress('pmstatus:libc6:amd64:50.0:Configuring'), 'apt: installing 50 %, Configuring');
    assert.equal(aptProgress('something else'), undefined);
  });

  const targets = [
    'Debian|http://mirror.example/debian/|bookworm|main',
    'Debian|http://mirror.example/debian/|bookworm|contrib',
    'Debian|http://mirror.example/debian/|bookworm-updates|main',
    'Other|http://other.example/|bookworm|main',
    'Debian|http://mirror.example/debian/|trixie|main',
  ];
  test('the machine’s own Debian mirrors are taken, of this release and of Debian only', () => {
    assert.deepEqual(aptLines(targets.join('\n'), '/keys.gpg'), [
      'deb [signed-by="/keys.gpg"] http://mirror.example/debian bookworm main',
      'deb [signed-by="/keys.gpg"] http://mirror.example/debian bookworm-updates main',
    ]);
  });
  test('a machine of another release gives none', () => {
    assert.deepEqual(aptLines(targets.slice(4).join('\n'), '/keys.gpg'), []);
    assert.deepEqual(aptLines('', '/keys.gpg'), []);
  });
});

describe('the machine', () => {
  const platform = {
    os: 'linux',
    distribution: 'debian',
    codename: 'bookworm',
    root: true,
    apt: true,
    systemd: false,
  } as const;
  test('low disk is refused with the place, exit 3', () => {
    const check = (gigabytes: number) => () => requireDisk('/data', 'images', () => gigabytes * 1024 ** 3);
    assert.doesNotThrow(check(2));
    assert.throws(check(1.5), {
      exitCode: 3,
      where: '/data',
      message: /1\.5 GB are free for images, 2 GB are needed/,
    });
  });
  test('another system than Linux is refused', () => {
    assert.doesNotThrow(() => requireLinux(platform));
    assert.throws(() => requireLinux({ ...platform, os: 'darwin' }), {
      exitCode: 3,
      message: /this is darwin/,
    });
  });
});

test('the world is told in one sentence', () => {
  const provider = { source: 's', version: 'v', address: 'a', mirror: 'm' };
  const world = (base: string, mode: 'mirror' | 'registry' | 'bundled'): string =>
    describeWorld({ name: base, origin: 'kept' }, { ...provider, mode });
  assert.match(world('debian:bookworm-slim', 'registry'), /^online: /);
  assert.match(
    world('twemstack/base:bookworm-1', 'bundled'),
    /^offline: .*Debian’s packages.*bundled provider/,
  );
  assert.match(world('twemstack/base:bookworm-1', 'mirror'), /^partly offline: .*your plugin mirror/);
  assert.match(
    world('debian:bookworm-slim', 'bundled'),
    /^partly offline: images are built on debian.*bundled/,
  );
});
