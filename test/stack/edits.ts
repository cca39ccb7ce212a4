import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { credentialsFile } from '../../scripts/stack/credentials.ts';
import type { StackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';
import { parse } from './json-output.ts';

const TWEMSTACK = `${process.execPath} scripts/twemstack.mjs`;

interface DataDocument {
  readonly removes: ReadonlyArray<{ volume: string; keys: number | null; bytes: number | null }>;
  readonly moves: ReadonlyArray<{ pool: string; share: number }>;
}

/**
 * Edits of the stack file that would cost data: what an operator meets on a stack that runs, and on one that is down.
 * Each test leaves the stack whole and as its file said before.
 */
export function editTests(stackOf: () => StackRun): void {
  const file = (): string => join(stackOf().home.root, 'stack.yaml');

  /** @param change lines to add, or what becomes of the text */
  async function edited<T>(change: string | ((text: string) => string), work: () => Promise<T>): Promise<T> {
    const before = readFileSync(file(), 'utf8');
    writeFileSync(file(), typeof change === 'string' ? `${before}${change}\n` : change(before));
    try {
      return await work();
    } finally {
      writeFileSync(file(), before);
    }
  }

  async function there(): Promise<{ containers: string[]; volumes: string[] }> {
    const { docker } = stackOf().engine;
    const { Volumes } = await docker.listVolumes();
    return {
      containers: (await docker.listContainers({ all: true })).map(({ Id }) => Id).sort(),
      volumes: Volumes.map(({ Name }) => Name).sort(),
    };
  }

  async function keysOn(shard: number): Promise<number> {
    const { operator } = stackOf().credentials();
    const { address } = stackOf().plan.shards[shard].members[0];
    const command = ['redis-cli', '-h', address, '--user', 'operator', 'DBSIZE'];
    return Number((await stackOf().run('env', `REDISCLI_AUTH=${operator}`, ...command)).stdout);
  }

  const volumesOf = (shard: string): string[] =>
    ['a', 'b', 'c'].map((domain) => `proof-${shard}-${domain}-data`);

  test('a shard less is refused while the stack runs: what it holds is shown, and nothing is touched', async () => {
    const stack = stackOf();
    const keys = await keysOn(1);
    assert.ok(keys > 0);
    const before = await there();
    await edited('shards: 1', async () => {
      for (const verb of ['up', 'upgrade']) {
        const result = await stack.twemstack(verb);
        assert.equal(result.exitCode, 2, result.stderr);
        for (const volume of volumesOf('shard-2')) {
          assert.match(result.stderr, new RegExp(`${volume} +${keys} +\\d.*B +20\\d\\d-`));
        }
        assert.match(result.stderr, /nothing was changed/);
        assert.match(result.stderr, /--remove-data proof-shard-2-a/);
        assert.match(result.stderr, /\d\d\.\d % of all keys change their shard/);
        assert.match(result.stderr, /--moves-keys/);
      }
      const half = await stack.twemstack('up', '--moves-keys');
      assert.equal(half.exitCode, 2, half.stderr);
      const shown = await stack.twemstack('upgrade', '--dry-run', '--json');
      const { data } = parse<{ data: DataDocument }>(shown.stdout);
      assert.deepEqual(
        data.removes.map(({ volume }) => volume),
        volumesOf('shard-2'),
      );
      assert.ok(data.moves[0].share > 0.3 && data.moves[0].share < 0.7, JSON.stringify(data.moves));
      assert.match((await stack.twemstack('plan')).stdout, /proof-shard-2-c-data[\s\S]*change their shard/);
    });
    assert.deepEqual(await there(), before);
  });

  test('plain cdktf deploy is refused what moves keys, and takes no volume away with a replica, were it the master', async () => {
    const stack = stackOf();
    const moved = await stack.twemstack('switchover', 'shard-2', '--to', 'proof-shard-2-c');
    if (moved.exitCode !== 0) assert.match(moved.stderr, /proof-shard-2-c is the master of shard-2 already/);
    const { volumes } = await there();
    const deploy = () =>
      stack.run('npx', 'cdktf', 'deploy', '--auto-approve', '--output', stack.home.outdir, '*');
    await edited('shards: 1', async () => {
      const refused = await deploy();
      assert.notEqual(refused.exitCode, 0);
      assert.match(refused.stdout + refused.stderr, /keys would be looked for on another shard/);
    });
    await edited('replicas: 1', async () => {
      const done = await deploy();
      assert.equal(done.exitCode, 0, done.stdout + done.stderr);
      assert.equal((await stack.engine.docker.listContainers()).length, 12);
      const kept = (await there()).volumes.filter((name) => name.endsWith('-data'));
      assert.deepEqual(
        kept,
        volumes.filter((name) => name.endsWith('-data')),
      );
      const up = await stack.twemstack('up');
      assert.equal(up.exitCode, 2, up.stderr);
      assert.match(up.stderr, /no place for 2 data volumes/);
    });
    const back = await stack.twemstack('up');
    assert.equal(back.exitCode, 0, back.stderr);
  });

  test('a shard less is refused while the stack is down, too; with the flags its data goes, and only that', async () => {
    const stack = stackOf();
    const keys = await keysOn(1);
    assert.equal((await stack.twemstack('down')).exitCode, 0);
    const before = await there();
    await edited('shards: 1', async () => {
      const refused = await stack.twemstack('up');
      assert.equal(refused.exitCode, 2, refused.stderr);
      assert.match(refused.stderr, new RegExp(`proof-shard-2-b-data +${keys} `));
      assert.match(refused.stderr, /of all keys change their shard/);
      assert.deepEqual(await there(), before);
      const wrong = await stack.twemstack('up', '--moves-keys', '--remove-data', 'shard-1');
      assert.equal(wrong.exitCode, 2, wrong.stderr);
      assert.match(wrong.stderr, /--remove-data shard-1: there is no data of that name/);
      const done = await stack.twemstack('up', '--moves-keys', '--remove-data', 'shard-2');
      assert.equal(done.exitCode, 0, done.stderr);
      const left = (await there()).volumes.filter((name) => name.endsWith('-data'));
      assert.deepEqual(
        left,
        before.volumes.filter((name) => !name.startsWith('proof-shard-2-')),
      );
      const again = await stack.twemstack('up', '--json');
      assert.equal(again.exitCode, 0, again.stderr);
      assert.deepEqual(parse<{ changes: unknown }>(again.stdout).changes, {
        added: 0,
        changed: 0,
        removed: 0,
      });
    });
    const refused = await stack.twemstack('up');
    assert.equal(refused.exitCode, 2, refused.stderr);
    assert.match(refused.stderr, /of those on shard-1/);
    const back = await stack.twemstack('up', '--moves-keys');
    assert.equal(back.exitCode, 0, back.stderr);
  });

  test('passwords that are lost: nothing is changed without them, and they come back from a backup or from the members', async () => {
    const stack = stackOf();
    const path = credentialsFile(stack.home, 'proof');
    const [before, written] = [await there(), readFileSync(path, 'utf8')];
    const backup = join(stack.home.root, 'backup.json');
    writeFileSync(backup, written);
    rmSync(path);
    for (const words of [['up'], ['upgrade'], ['synth'], ['secret', 'rotate', 'proxy']]) {
      const refused = await stack.twemstack(...words);
      assert.equal(refused.exitCode, 1, refused.stderr);
      assert.match(
        refused.stderr,
        /passwords of proof are not here, and 17 containers and 23 volumes of it exist/,
      );
      assert.match(refused.stderr, /twemstack secret adopt/);
    }
    assert.deepEqual(await there(), before);
    assert.ok(!existsSync(path));
    const adopted = await stack.twemstack('secret', 'adopt', '--json');
    assert.equal(adopted.exitCode, 0, adopted.stderr);
    assert.deepEqual(parse<{ drawn: string[] }>(adopted.stdout).drawn, ['operator']);
    // no member of a stack that is not monitored has the monitor's
    const { operator: _drawn, monitor: _other, ...found } = stack.credentials();
    const { operator: _lost, monitor: _unused, ...lost } = parse<Record<string, string>>(written);
    assert.deepEqual(found, lost);
    rmSync(path);
    writeFileSync(backup, written.replace(lost.proxy, 'x'.repeat(43)));
    const wrong = await stack.twemstack('secret', 'adopt', '--from', backup);
    assert.equal(wrong.exitCode, 1, wrong.stderr);
    assert.match(wrong.stderr, /know other passwords of proxy/);
    writeFileSync(backup, written);
    const back = await stack.twemstack('secret', 'adopt', '--from', backup);
    assert.equal(back.exitCode, 0, back.stderr);
    const up = await stack.twemstack('up', '--json');
    assert.equal(up.exitCode, 0, up.stderr);
    assert.deepEqual(parse<{ changes: unknown }>(up.stdout).changes, { added: 0, changed: 0, removed: 0 });
  });

  test('redis-cli inside the stack: arguments, stdin, exit code, accounts; the password is in no process list', async () => {
    const stack = stackOf();
    const cli = (...args: string[]) => stack.twemstack('cli', ...args);
    assert.equal((await cli('SET', 'by cli', '-1')).stdout, 'OK');
    assert.equal((await cli('--raw', 'GET', 'by cli')).stdout, '-1');
    const piped = await stack.run('sh', '-c', `printf 'GET "by cli"\nDEL "by cli"\n' | ${TWEMSTACK} cli`);
    assert.deepEqual([piped.exitCode, piped.stdout], [0, '-1\n1'], piped.stderr);
    const refused = await cli('-e', 'CONFIG', 'SET', 'maxmemory', '1');
    assert.notEqual(refused.exitCode, 0, refused.stdout);
    const { name } = stack.plan.shards[1].members[0];
    const role = await cli('--as', 'operator', '--member', name, 'CONFIG', 'GET', 'dir');
    assert.equal(role.stdout, 'dir\n/data/store', role.stderr);
    const watched = await cli(
      '--as',
      'operator',
      '--member',
      'proof-sentinel-b',
      'SENTINEL',
      'CKQUORUM',
      'shard-1',
    );
    assert.match(watched.stdout, /^OK/);
    for (const [words, complaint] of [
      [['--pool', 'x', 'PING'], /the pools are proof/],
      [['--as', 'operator', '--member', 'x', 'PING'], /there are proof-shard-1-a, /],
      [['--member', name, 'PING'], /--member is for --as operator/],
    ] as const) {
      const wrong = await cli(...words);
      assert.equal(wrong.exitCode, 2, wrong.stderr);
      assert.match(wrong.stderr, complaint);
    }
    const waiting = stack.start('cli', '-r', '-1', '-i', '1', 'PING');
    const { application } = stack.credentials();
    const runs = async () => /redis-cli .* -r -1 /.test((await stack.run('ps', 'axww')).stdout);
    await waitUntil('redis-cli to run', runs, { withinMs: 30_000 });
    const list = await stack.run('ps', 'axww');
    waiting.kill('SIGKILL');
    await waiting;
    assert.ok(!list.stdout.includes(application));
  });

  test('replicas and an edge less while the stack runs: a master hands over first, its data goes when it is named, and the sentinels forget it', async () => {
    const stack = stackOf();
    const moved = await stack.twemstack('switchover', 'shard-2', '--to', 'proof-shard-2-c');
    if (moved.exitCode !== 0) assert.match(moved.stderr, /proof-shard-2-c is the master of shard-2 already/);
    // settings of edges are there by now
    const fewer = (text: string): string => `${text.replace('edge: {', 'edge: { count: 1,')}replicas: 1\n`;
    await edited(fewer, async () => {
      const words = ['--remove-data', 'proof-shard-1-c', '--remove-data', 'shard-2'];
      const done = await stack.twemstack('up', ...words);
      assert.equal(done.exitCode, 0, done.stderr);
      assert.match(done.stderr, /hand shard-2 over: proof-shard-2-c leaves; proof-shard-2-[ab] is master/);
      assert.match(done.stderr, /let go proof-edge-b, proof-shard-1-c, proof-shard-2-c: gone/);
      assert.equal((await stack.twemstack('status')).exitCode, 0);
      const left = (await there()).volumes.filter((name) => name.endsWith('-data'));
      assert.equal(left.length, 7, left.join());
    });
    const back = await stack.twemstack('up');
    assert.equal(back.exitCode, 0, back.stderr);
    assert.ok((await keysOn(0)) > 0);
  });
}
