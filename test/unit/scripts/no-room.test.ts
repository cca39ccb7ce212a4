import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';

/** Bytes that a process may write to one file: there is room for no more, as on a disk that is nearly full. */
const ROOM = 1024;

/** Who writes what the service must not forget, in the words of a module that has `path`: what is there first, and then anew. */
const WRITERS = {
  'a file of the operator’s machine': `
    import { writePrivate } from '${resolve('scripts/stack/private-file.ts')}';
    const first = () => writePrivate(path, 'o'.repeat(4000));
    const anew = () => writePrivate(path, 'n'.repeat(4000));`,
  'what a guard remembers': `
    import { BLANK } from '${resolve('sentinel/guard/core/memory.ts')}';
    import { MemoryFile } from '${resolve('sentinel/guard/memory-file.ts')}';
    const file = new MemoryFile(path, console.error);
    const write = (counter) => {
      const term = { counter, owner: 'm1', run: 0 };
      const histories = Array.from({ length: 24 }, (_, i) => ({ replid: String(i).repeat(40), term, start: i, parent: null }));
      file.write({ ...BLANK, promised: term, histories });
    };
    const first = () => write(1);
    const anew = () => write(2);`,
};

/** Writes at first, and anew once it is told to; says what came of it. */
const program = (writer: string, path: string): string => `
  const path = ${JSON.stringify(path)};
  ${writer}
  first();
  process.stdin.once('data', () => {
    try {
      anew();
      console.log('written');
    } catch (error) {
      console.log(error.code);
    }
    process.exit();
  });
  console.log('ready');
`;

describe('written anew while there is no room for it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-no-room-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [number, [what, writer]] of Object.entries(WRITERS).entries()) {
    test(`${what} keeps what was in it, and no half of the new one is left`, async () => {
      const path = join(folder, `${number}.json`);
      const child = spawn(process.execPath, [
        '--import=tsx',
        '--input-type=module',
        '-e',
        program(writer, path),
      ]);
      child.stderr.pipe(process.stderr);
      const ended = once(child, 'close');
      let [before, said] = ['', ''];
      for await (const chunk of child.stdout) {
        said += chunk;
        if (said !== 'ready\n' || child.pid === undefined) continue;
        before = readFileSync(path, 'utf8');
        execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${ROOM}`]);
        child.stdin.write('now');
      }
      await ended;
      assert.equal(said, 'ready\nEFBIG\n');
      assert.ok(before.length > 2 * ROOM);
      assert.equal(readFileSync(path, 'utf8'), before);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith(String(number))),
        [`${number}.json`],
      );
    });
  }
});
