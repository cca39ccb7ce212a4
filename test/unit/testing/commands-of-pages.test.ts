import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import {
  ASKED,
  commandsOfPages,
  ELSEWHERE,
  FOR_HOSTS,
  GIVEN,
  NOT_TYPED,
  REPLACED,
  UNDEPLOYED,
} from '../../support/commands-of-pages.ts';

const read = (file: string): string => readFileSync(join(CHECKOUT, file), 'utf8');

describe('what pages tell people to type', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-pages-'));
  const shown = commandsOfPages();
  const typed = new Set<string>([...ASKED, ...REPLACED, ...UNDEPLOYED, ...FOR_HOSTS, ...GIVEN]);
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('is typed by a test, or it is written down why not', () => {
    assert.ok(shown.length > 60, `${shown.length} commands`);
    const unknown = shown.filter(
      ([, command]) =>
        !typed.has(command) && ELSEWHERE[command] === undefined && NOT_TYPED[command] === undefined,
    );
    assert.deepEqual(unknown, []);
  });

  test('is what the lists of those tests hold, and nothing else', () => {
    const commands = new Set(shown.map(([, command]) => command));
    const gone = [...typed, ...Object.keys(ELSEWHERE), ...Object.keys(NOT_TYPED)].filter(
      (command) => !commands.has(command),
    );
    assert.deepEqual(gone, []);
  });

  test('elsewhere is still there', () => {
    const lost = Object.entries(ELSEWHERE).filter(([, [file, words]]) => !read(file).includes(words));
    assert.deepEqual(lost, []);
  });

  async function answers(command: string, file: string): Promise<string> {
    const env = { TWEMSTACK_FILE: file, TWEMSTACK_HOME: folder };
    const { exitCode, stdout, stderr } = await execa('sh', ['-c', command], {
      cwd: CHECKOUT,
      env,
      reject: false,
      stdin: 'ignore',
    });
    assert.equal(exitCode, 0, `${command}\n${stderr}`);
    assert.ok((stdout + stderr).length > 20, command);
    return stdout + stderr;
  }

  test('without a stack it answers', async () => {
    await Promise.all(UNDEPLOYED.map((command) => answers(command, join(CHECKOUT, 'stack.yaml'))));
  });

  test('of several hosts it answers, with the stack file of their page', async () => {
    const [, yaml] = /^```yaml\n(.*?)^```/ms.exec(read('docs/several-hosts.md')) ?? [];
    const file = join(folder, 'stack.yaml');
    writeFileSync(file, yaml);
    await Promise.all(FOR_HOSTS.map((command) => answers(command, file)));
  });

  test('of what is given from outside it keeps it, for its owner alone', async () => {
    const path = join(folder, 'given');
    writeFileSync(path, 'open sesame\n');
    for (const command of GIVEN) {
      const shown = await answers(command.replace(/< .*/, `< ${path}`), join(CHECKOUT, 'stack.yaml'));
      assert.match(shown, /: kept/);
      assert.doesNotMatch(shown, /sesame/);
    }
    const kept = (readdirSync(join(folder, '.twemstack'), { recursive: true }) as string[])
      .map((name) => join(folder, '.twemstack', name))
      .filter((name) => statSync(name).isFile() && readFileSync(name, 'utf8').includes('sesame'));
    assert.ok(kept.length > 0);
    for (const name of kept) assert.equal(statSync(name).mode & 0o777, 0o600, name);
  });
});
