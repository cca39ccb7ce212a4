import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chooseBaseImage } from '../../../scripts/prepare/base-image.ts';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { recordingStep } from '../../support/recording-step.ts';

/** A Debian container with nothing but this Node and this checkout: no package lists, no service manager. */
describe('Debian packages on a bare machine', () => {
  let engine: TestEngine;
  let image: string;

  before(async () => {
    engine = await startTestEngine();
    image = (await chooseBaseImage(engine.docker, recordingStep())).name;
  });
  after(() => engine.stop());

  function bare(script: string, ...options: string[]) {
    const mounts = [
      `${realpathSync(process.execPath)}:/usr/local/bin/node:ro`,
      `${CHECKOUT}:${CHECKOUT}:ro`,
      `${realpathSync(join(CHECKOUT, 'node_modules'))}:${CHECKOUT}/node_modules:ro`,
    ].flatMap((mount) => ['-v', mount]);
    return engine.run(['docker', 'run', '--rm', ...mounts, ...options, image, 'sh', '-ec', script]);
  }
  const install = `node --import=${CHECKOUT}/node_modules/tsx/dist/loader.mjs ${join(import.meta.dirname, 'bare-debian.ts')}`;

  test('are installed once, progress is told, and no service is started or forbidden afterwards', async () => {
    const policy = '/usr/sbin/policy-rc.d';
    // This machine allows services and keeps a list of who asked: nobody may while the packages are installed.
    const script = [
      `printf '#!/bin/sh\\necho "$@" >> /tmp/asked\\nexit 0\\n' > ${policy}; chmod 755 ${policy}`,
      `${install} redis-server busybox-static`,
      `echo; echo running: $(cat /proc/[0-9]*/comm | grep -c redis || true)`,
      `echo asked: $(grep -c redis /tmp/asked || true)`,
      `rm /tmp/asked; ${policy} later start; cat /tmp/asked; ls /usr/sbin | grep twemstack || true`,
    ].join('\n');
    const ran = await bare(script);
    assert.equal(ran.exitCode, 0, ran.stderr);
    const [json, running, asked, ...left] = ran.stdout.split('\n');
    const told = JSON.parse(json) as Record<'before' | 'installed' | 'again' | 'lines', string[]>;
    assert.deepEqual(told.before, ['redis-server', 'busybox-static']);
    assert.deepEqual(told.installed, told.before);
    assert.deepEqual(told.again, []);
    assert.ok(
      told.lines.some((line) => /^apt: downloading \d+ %/.test(line)),
      told.lines.join('\n'),
    );
    assert.ok(told.lines.some((line) => /^apt: installing \d+ %/.test(line)));
    assert.equal(running, 'running: 0');
    assert.equal(asked, 'asked: 0');
    assert.deepEqual(left, ['later start'], 'its own policy is back');
  });

  test('without root the command to run is named, exit 3', async () => {
    const ran = await bare(`${install} redis-server tini`, '--user=1000');
    assert.equal(ran.exitCode, 3, ran.stderr);
    assert.match(ran.stdout, /not installed: redis-server tini/);
    assert.match(
      ran.stdout,
      /sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-server tini/,
    );
  });

  test('a package that does not exist is reported with apt’s own words, exit 3', async () => {
    const ran = await bare(`${install} no-such-package-at-all`);
    assert.equal(ran.exitCode, 3, ran.stderr);
    assert.match(ran.stdout, /could not install no-such-package-at-all[\s\S]*Unable to locate package/);
  });
});
