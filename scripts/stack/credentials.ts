import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ACCOUNTS, type Account, type Credentials } from '../../topology/types.ts';
import { InputError } from '../errors.ts';
import type { Home } from './home.ts';
import { readIfPresent, writePrivate } from './private-file.ts';

/** Path of the file that holds a stack's passwords, mode 0600. */
export function credentialsFile(home: Home, stack: string): string {
  return join(home.stack(stack), 'credentials.json');
}

/** The passwords of a stack, or undefined when none were generated yet. */
export function readCredentials(home: Home, stack: string): Credentials | undefined {
  const path = credentialsFile(home, stack);
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  const found = parse(text, path);
  for (const account of ACCOUNTS) {
    const password = found[account];
    if (typeof password !== 'string' || !/^[A-Za-z0-9_-]{20,}$/.test(password)) {
      throw new InputError(`the password of "${account}" is missing or not 20 or more of A-Z a-z 0-9 _ -`, {
        where: path,
        remedy: 'restore the file from a backup, or write a password of that form and run `up`',
      });
    }
  }
  return found as Credentials;
}

/** The passwords of a stack, generated (256 bits each) at the first call. */
export function ensureCredentials(home: Home, stack: string): Credentials {
  const existing = readCredentials(home, stack);
  if (existing !== undefined) return existing;
  const generated = Object.fromEntries(
    ACCOUNTS.map((account) => [account, randomBytes(32).toString('base64url')]),
  ) as Record<Account, string>;
  home.privateDir(home.stack(stack));
  writePrivate(credentialsFile(home, stack), `${JSON.stringify(generated, null, 2)}\n`);
  return generated;
}

function parse(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw new InputError('the credentials file is not JSON', {
      where: path,
      remedy: 'restore it from a backup; `down --volumes` and a new `up` make a fresh one',
      cause,
    });
  }
  throw new InputError('the credentials file holds no object', {
    where: path,
    remedy: 'restore it from a backup',
  });
}
