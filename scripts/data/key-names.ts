import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { InputError } from '../errors.ts';

/** How many names a pattern stands for. */
const NAMES = 10_000;

/**
 * The keys that somebody means: a file with one key a line, or a pattern in which a number from 0 on stands for each `*`.
 * @throws InputError when it is neither
 */
export function keyNames(given: string): AsyncIterable<string> | Iterable<string> {
  if (existsSync(given)) return linesOf(given);
  if (given.includes('*')) return numbered(given);
  throw new InputError(`there is no file ${given}`, {
    where: '--keys',
    remedy: 'name a file with one key a line, or a pattern such as "user:*"',
  });
}

function* numbered(pattern: string): Iterable<string> {
  for (let i = 0; i < NAMES; i++) yield pattern.replaceAll('*', String(i));
}

async function* linesOf(file: string): AsyncIterable<string> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity }))
    if (line !== '') yield line;
}
