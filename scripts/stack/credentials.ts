import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ACCOUNTS, type Account, type Credentials, type FurtherPasswords } from '../../topology/types.ts';
import { InputError, NotSoError } from '../errors.ts';
import type { Home } from './home.ts';
import { readIfPresent, writePrivate } from './private-file.ts';

/**
 * How far the change of a password has come. `accept`: the old one is used, the new one good as well. `use`: the new one
 * is used, the old one good as well. `forget`: the new one alone, which not every member may have heard yet.
 */
export const ROTATION_PHASES = ['accept', 'use', 'forget'] as const;
export type RotationPhase = (typeof ROTATION_PHASES)[number];

export interface Rotation {
  readonly phase: RotationPhase;
  /** The password that is good besides the account's own. */
  readonly other?: string;
}
export type Rotations = Readonly<Partial<Record<Account, Rotation>>>;

/** All that the credentials file holds. */
export interface StoredCredentials {
  readonly passwords: Credentials;
  readonly rotating: Rotations;
}

/** Path of the file that holds a stack's passwords, mode 0600. */
export function credentialsFile(home: Home, stack: string): string {
  return join(home.stack(stack), 'credentials.json');
}

/** The passwords of a stack, or undefined when none were generated yet. */
export function readCredentials(home: Home, stack: string): Credentials | undefined {
  return readStored(home, stack)?.passwords;
}

/** The passwords of a stack, or undefined when there are none or their file is damaged: for what goes without them. */
export function usableCredentials(home: Home, stack: string): Credentials | undefined {
  try {
    return readCredentials(home, stack);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The passwords of a stack that is to be running. @throws NotSoError when it was never deployed from this folder */
export function deployedCredentials(home: Home, stack: string): Credentials {
  const credentials = readCredentials(home, stack);
  if (credentials !== undefined) return credentials;
  throw new NotSoError(`stack ${stack} is not deployed from here: it has no credentials`, {
    where: home.stack(stack),
    remedy: 'run `twemstack up` first',
  });
}

/** The passwords that are good besides, while some are being changed. */
export function furtherPasswords(home: Home, stack: string): FurtherPasswords {
  const rotating = Object.entries(readStored(home, stack)?.rotating ?? {});
  return Object.fromEntries(rotating.flatMap(([account, { other }]) => (other ? [[account, other]] : [])));
}

/** The passwords of a stack and what of them is being changed; undefined when none were generated yet. */
export function readStored(home: Home, stack: string): StoredCredentials | undefined {
  const path = credentialsFile(home, stack);
  const text = readIfPresent(path);
  return text === undefined ? undefined : parseStored(withLaterAccounts(home, stack, text), path);
}

/** What a credentials file holds. @throws InputError naming `path` and what is wrong with it */
export function parseStored(text: string, path: string): StoredCredentials {
  const { rotating = {}, ...found } = parse(text, path);
  for (const account of ACCOUNTS) demandPassword(account, found[account], path);
  for (const [account, rotation] of Object.entries(Object(rotating))) {
    if (!isRotation(account, rotation)) {
      throw new InputError(`what it says of the change of "${account}" makes no sense`, {
        where: path,
        remedy: RESTORE,
      });
    }
    if (rotation.other !== undefined) demandPassword(account, rotation.other, path);
  }
  return { passwords: found as Credentials, rotating: Object(rotating) as Rotations };
}

function isRotation(account: string, value: unknown): value is Rotation {
  const { phase, other } = Object(value) as Partial<Rotation>;
  return (
    ACCOUNTS.some((known) => known === account) &&
    phase !== undefined &&
    ROTATION_PHASES.includes(phase) &&
    (phase === 'forget') === (other === undefined)
  );
}

const RESTORE =
  '`twemstack secret adopt` takes the passwords from what runs, `twemstack secret adopt --from FILE` from a backup of the file';

/** Accounts that stacks of earlier versions did not have. */
const LATER_ACCOUNTS: readonly Account[] = ['guard', 'monitor'];

/** Gives the file of an earlier version the passwords that it lacks, and writes them down at once. */
function withLaterAccounts(home: Home, stack: string, text: string): string {
  const found = parse(text, credentialsFile(home, stack));
  const missing = LATER_ACCOUNTS.filter((account) => found[account] === undefined);
  // What lacks others, too, is no file of an earlier version.
  if (missing.length === 0 || ACCOUNTS.some((each) => !missing.includes(each) && found[each] === undefined))
    return text;
  const added = Object.fromEntries(missing.map((account) => [account, newPassword()]));
  const whole = `${JSON.stringify({ ...found, ...added }, null, 2)}\n`;
  writePrivate(credentialsFile(home, stack), whole);
  return whole;
}

/** What `readStored` finds. @throws InputError when no passwords were generated yet */
export function demandStored(home: Home, stack: string): StoredCredentials {
  const stored = readStored(home, stack);
  if (stored !== undefined) return stored;
  throw new InputError(`stack ${stack} has no credentials yet`, {
    where: credentialsFile(home, stack),
    remedy: 'run `twemstack up`: it generates them once',
  });
}

/** Writes all passwords at once, so that no crash leaves half a change. */
export function writeStored(home: Home, stack: string, { passwords, rotating }: StoredCredentials): void {
  home.privateDir(home.stack(stack));
  const content = Object.keys(rotating).length === 0 ? passwords : { ...passwords, rotating };
  writePrivate(credentialsFile(home, stack), `${JSON.stringify(content, null, 2)}\n`);
}

/** 256 bits in 43 characters that need no quoting anywhere. */
export const newPassword = (): string => randomBytes(32).toString('base64url');

function demandPassword(account: string, password: unknown, path: string): void {
  if (typeof password === 'string' && /^[A-Za-z0-9_-]{20,}$/.test(password)) return;
  throw new InputError(`the password of "${account}" is missing or not 20 or more of A-Z a-z 0-9 _ -`, {
    where: path,
    remedy: RESTORE,
  });
}

/** The passwords of a stack, generated at the first call. */
export function ensureCredentials(home: Home, stack: string): Credentials {
  const existing = readCredentials(home, stack);
  if (existing !== undefined) return existing;
  const passwords = Object.fromEntries(ACCOUNTS.map((account) => [account, newPassword()])) as Record<
    Account,
    string
  >;
  writeStored(home, stack, { passwords, rotating: {} });
  return passwords;
}

function parse(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (cause) {
    throw new InputError('the credentials file is not JSON', { where: path, remedy: RESTORE, cause });
  }
  throw new InputError('the credentials file holds no object', { where: path, remedy: RESTORE });
}
