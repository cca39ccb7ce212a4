import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { credentialsFile } from '../../../scripts/stack/credentials.ts';
import { CHECKOUT, Home } from '../../../scripts/stack/home.ts';
import { createNetns, type NetworkNamespace, type Ran } from '../../support/netns.ts';
import { type Daemon, spawnDaemon } from '../../support/spawn-daemon.ts';
import { planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const STACK = 'name: moved\nvip: 198.18.61.100\nshards: 1\nreplicas: 0\n';
const SOURCE = '127.0.0.1:7399';

/** The command line, beside the one redis of a stack at its own address; the stack's containers are not there. */
describe('twemstack import', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-import-verb-'));
  const daemons: Daemon[] = [];
  const plan = planOf(STACK);
  let network: NetworkNamespace;

  const redis = async (...settings: string[]): Promise<void> => {
    const [enter, ...args] = [
      ...network.enter,
      'redis-server',
      '--save',
      '',
      '--appendonly',
      'no',
      ...settings,
    ];
    const ready = (output: string): boolean => output.includes('Ready to accept connections');
    daemons.push(await spawnDaemon(enter, args, { cwd: folder, ready }));
  };
  const cli = (port: string, ...words: string[]): Promise<Ran> =>
    network.run(['redis-cli', '-p', port, ...words], { REDISCLI_AUTH: 'old secret' });
  const twemstack = (...args: string[]): Promise<Ran> =>
    network.run([process.execPath, join(CHECKOUT, 'scripts/twemstack.mjs'), ...args], {
      TWEMSTACK_HOME: folder,
      TWEMSTACK_FILE: join(folder, 'stack.yaml'),
      DOCKER_HOST: `unix://${join(folder, 'none.sock')}`,
    });

  before(async () => {
    network = await createNetns('tw-import');
    const [{ address, port }] = plan.shards[0].members;
    await network.run(['ip', 'address', 'add', `${address}/32`, 'dev', 'lo']);
    const operator = ['--user', 'operator', 'on', `>${TEST_CREDENTIALS.operator}`, '~*', '&*', '+@all'];
    await redis('--bind', address, '--port', String(port), '--protected-mode', 'no', ...operator);
    await redis('--port', '7399', '--repl-diskless-sync-delay', '0', '--requirepass', 'old secret');
    const home = new Home(folder);
    home.privateDir(home.stack(plan.name));
    writeFileSync(credentialsFile(home, plan.name), JSON.stringify(TEST_CREDENTIALS), { mode: 0o600 });
    writeFileSync(join(folder, 'stack.yaml'), STACK);
    writeFileSync(join(folder, 'password'), 'old secret\n');
    await cli('7399', 'MSET', 'a', 'one', 'b', 'two');
  });
  after(async () => {
    for (const daemon of daemons) await daemon.stop();
    await network?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('tells what it does on stderr and what to use now on stdout; a password is nowhere in it', async () => {
    const from = ['import', '--from', `redis://${SOURCE}`];
    const unasked = await twemstack(...from, '--cut-over');
    assert.equal(unasked.exitCode, 2, unasked.stderr);
    assert.match(
      unasked.stderr,
      /^error: redis:\/\/127\.0\.0\.1:7399 asks for a password, .*\n {2}where: --from\n/m,
    );
    const done = await twemstack(...from, '--cut-over', '--password-file', join(folder, 'password'));
    assert.equal(done.exitCode, 0, done.stderr);
    assert.match(
      done.stderr,
      /✓ copy all keys: 2 keys .*\n✓ follow what changes .*\n✓ cut over: nobody could write for \d+ ms/,
    );
    assert.match(
      done.stdout,
      /^redis:\/\/127\.0\.0\.1:7399: 2 keys, 2 values written\ncut over: nobody could write for \d+ ms; 2 keys without an expiry on both sides, 2 values compared\n\napplications use from now on: 198\.18\.61\.100:6379\n/,
    );
    assert.match(done.stdout, /takes no more writes .* redis-cli CONFIG SET min-replicas-to-write 0/);
    assert.doesNotMatch(done.stdout + done.stderr, /old secret/);
    assert.match((await cli('7399', 'SET', 'a', 'late')).stdout, /NOREPLICAS/);
  });

  test('refuses what does not fit, with exit code 2', async () => {
    const both = await twemstack('import', '--from', `redis://${SOURCE}`, '--cut-over', '--writers-stopped');
    assert.equal(both.exitCode, 2, both.stderr);
    const twice = await twemstack(
      ...['import', '--from', `redis://:old%20secret@${SOURCE}`, '--cut-over', '--json'],
    );
    assert.equal(twice.exitCode, 2, twice.stderr);
    assert.match(
      twice.stderr,
      /the pool is not empty; nothing was changed\n {2}where: shard-1, database 0: 2 keys/,
    );
    assert.equal(twice.stdout, '');
  });
});
