import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import { VERSION } from '../../../scripts/stack/version.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';

interface Said {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is said to somebody who types these words, in a folder with a stack file and no engine. */
async function type(folder: string, ...words: readonly string[]): Promise<Said> {
  const file = path.join(folder, 'stack.yaml');
  writeFileSync(file, 'name: alpha\nvip: 198.18.0.100\n');
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [path.join(CHECKOUT, 'scripts/twemstack.mjs'), ...words],
    {
      cwd: folder,
      env: { TWEMSTACK_FILE: file, TWEMSTACK_HOME: folder, DOCKER_HOST: 'unix:///nowhere.sock' },
      reject: false,
      stdin: 'ignore',
    },
  );
  return { exitCode, stdout, stderr };
}

/** Words typed wrongly → what is said. */
const MISTYPED: readonly (readonly [words: readonly string[], said: RegExp])[] = [
  [['plam'], /unknown command 'plam'\n\(Did you mean plan\?\)\n\(twemstack --help shows the verbs\)/],
  [['keys', 'locat', 'x'], /\(Did you mean locate\?\)\n\(twemstack keys --help explains it\)/],
  [['status', '--wach'], /\(Did you mean --watch\?\)\n\(twemstack status --help explains it\)/],
  [['switchover'], /missing required argument 'shard'\n\(twemstack switchover --help explains it\)/],
  [['secret', 'set'], /missing required argument 'name'\n\(twemstack secret set --help explains it\)/],
  [['secret', 'aplication'], /no account "aplication"\n {2}do: +did you mean "application"\?/],
  [['drill', 'kill-mater'], /no drill "kill-mater"\n {2}do: +did you mean "kill-master"\?/],
  [['render', '--out', ''], /--out has an empty value\n {2}where: --out <dir>\n {2}do: +write one behind it/],
  [['up', '--remove-data', ''], /--remove-data has an empty value/],
  [['cli', '--pool', '', 'PING'], /--pool has an empty value/],
];

describe('the command line', () => {
  test('typed wrongly says what was meant or where it is explained, exit 2, and does nothing', async () => {
    await inTemporaryFolder(async (folder) => {
      for (const [words, said] of MISTYPED) {
        const { exitCode, stdout, stderr } = await type(folder, ...words);
        assert.match(stderr, said, words.join(' '));
        assert.equal(exitCode, 2, words.join(' '));
        assert.equal(stdout, '');
      }
      assert.deepEqual(readdirSync(folder), ['stack.yaml']);
    });
  });

  test('says its version, and has every verb in its help', async () => {
    await inTemporaryFolder(async (folder) => {
      assert.deepEqual(await type(folder, '--version'), { exitCode: 0, stdout: VERSION, stderr: '' });
      const { exitCode, stdout } = await type(folder, '--help');
      assert.equal(exitCode, 0);
      const listed = [...stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, verb]) => verb);
      assert.ok(listed.length > 15);
      for (const verb of listed)
        assert.ok(
          ['keys', 'lab', 'cli'].includes(verb) ||
            existsSync(path.join(CHECKOUT, 'scripts/verbs', `${verb}.ts`)),
          verb,
        );
    });
  });
});
