import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { InputError } from '../errors.ts';

/** Where a source's password may be, so that it stands in no list of processes and no shell's history. */
export const PASSWORD_VARIABLE = 'TWEMSTACK_IMPORT_PASSWORD';

export interface PasswordOptions {
  readonly passwordFile?: string;
  readonly askPassword?: boolean;
}

/** The password that was given beside the URL; undefined = none. @throws InputError when it cannot be had */
export async function sourcePassword({
  passwordFile,
  askPassword,
}: PasswordOptions): Promise<string | undefined> {
  if (passwordFile !== undefined) return readPassword(passwordFile);
  if (askPassword === true) return await askFor('password of the source: ');
  return process.env[PASSWORD_VARIABLE] || undefined;
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new InputError(`${file} cannot be read: ${(error as Error).message}`, {
      where: '--password-file',
      remedy: 'name a file with the password and nothing else',
    });
  }
}

/** A line of stdin; what is typed is not shown. */
async function askFor(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: process.stdin,
    output: nowhere,
    terminal: process.stdin.isTTY === true,
  });
  try {
    for await (const line of lines) return line;
    throw new InputError('no password came on stdin', {
      where: '--ask-password',
      remedy: `type it, or put it into ${PASSWORD_VARIABLE}`,
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
