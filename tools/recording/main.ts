/** `npm run record`: the README's pictures of a terminal, from a real run on an engine of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CHECKOUT } from '../../scripts/stack/home.ts';
import { startStackRun } from '../../test/support/stack-run.ts';
import { type RecordedLine, terminalSvg } from './terminal-svg.ts';

const FOLDER = join(CHECKOUT, 'docs/recordings');
/** The stack file of a newcomer. */
const STACK = 'name: alpha\nvip: 198.18.0.100\n';

/** What is recorded: a name for the picture, what is typed, and the arguments of `twemstack` that it stands for. */
const SCENES = [
  { name: 'start', command: 'npm start', words: ['up'] },
  { name: 'drill', command: 'npx twemstack drill kill-master', words: ['drill', 'kill-master'] },
] as const;

const stack = await startStackRun(STACK);
try {
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, command, words } of SCENES) {
    process.stderr.write(`· ${command}\n`);
    const lines = await record(words);
    writeFileSync(join(FOLDER, `${name}.svg`), terminalSvg({ command, lines }));
    process.stderr.write(`✓ docs/recordings/${name}.svg: ${lines.length} lines\n`);
  }
} finally {
  await stack.end();
}

/** Runs it, and keeps what a person reads; progress of a step that is still going on is overwritten in a terminal. */
async function record(words: readonly string[]): Promise<RecordedLine[]> {
  const begin = performance.now();
  const child = stack.start(...words);
  const lines: RecordedLine[] = [];
  const read = async (stream: NodeJS.ReadableStream | null | undefined): Promise<void> => {
    if (stream == null) return;
    // where the stack file lies is where a user stands
    for await (const text of createInterface({ input: stream }))
      if (!text.startsWith('·'))
        lines.push({ text: text.replaceAll(`${stack.home.root}/`, ''), at: performance.now() - begin });
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  const { exitCode } = await child;
  if (exitCode !== 0) throw new Error(`${words.join(' ')} ended with ${exitCode}: ${lines.at(-1)?.text}`);
  return lines;
}
