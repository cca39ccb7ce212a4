import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { lock, tryLock } from '../../../scripts/process-lock.mjs';
import { CHECKOUT } from '../../../scripts/stack/home.ts';

describe('lock between processes', () => {
  const name = `test ${process.pid}`;

  test('one holds it, the next waits until it is given back', async () => {
    const first = await lock(name);
    assert.equal(await tryLock(name), undefined);
    let waited = false;
    const second = lock(name, () => {
      waited = true;
    });
    setTimeout(() => void first.release(), 50);
    await (await second).release();
    assert.ok(waited);
  });

  test('a holder that is killed does not hold it any longer', async () => {
    const module = pathToFileURL(join(CHECKOUT, 'scripts/process-lock.mjs')).href;
    const code = `import { lock } from '${module}'; await lock('${name}'); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    assert.equal(await tryLock(name), undefined);
    child.kill('SIGKILL');
    await (await lock(name)).release();
  });

  test('locks of different names do not meet', async () => {
    const [a, b] = [await lock(`${name} a`), await lock(`${name} b`)];
    await Promise.all([a.release(), b.release()]);
  });
});
