/** Exit codes of every verb: what a script may rely on. */
export const EXIT = { done: 0, notSo: 1, badInput: 2, environment: 3 } as const;

/** What an operator needs to act on a failure: what happened, where, and what to do about it. */
export interface Advice {
  /** Where: a file with line, a member, an address, a path. */
  readonly where?: string;
  /** What to do, as a sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Base of all errors that are shown as sentences, without a stack trace. */
export abstract class OperatorError extends Error {
  abstract readonly exitCode: number;
  readonly where?: string;
  readonly remedy?: string;

  constructor(what: string, advice: Advice = {}) {
    super(what, { cause: advice.cause });
    this.name = new.target.name;
    this.where = advice.where;
    this.remedy = advice.remedy;
  }

  /** The block shown on stderr. */
  format(): string {
    const lines = [`error: ${this.message}`];
    if (this.where !== undefined) lines.push(`  where: ${this.where}`);
    if (this.remedy !== undefined) lines.push(`  do:    ${this.remedy}`);
    return lines.join('\n');
  }
}

/** The thing asked for is not so: degraded, a gate or a drill missed its threshold. Exit 1. */
export class NotSoError extends OperatorError {
  readonly exitCode = EXIT.notSo;
}

/** Bad input: the stack file, an argument. Exit 2. */
export class InputError extends OperatorError {
  readonly exitCode = EXIT.badInput;
}

/** The environment lacks something: an engine, terraform, an address that is free. Exit 3. */
export class EnvironmentError extends OperatorError {
  readonly exitCode = EXIT.environment;
}

/**
 * Tells on stderr what an operator can act on.
 *
 * @returns the exit code that says so, too
 * @throws whatever else it is
 */
export function tellOperator(error: unknown): number {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${error.format()}\n`);
  return error.exitCode;
}

/** What the system says of a file → what that means. Whatever else it says is no trouble of the operator's. */
const FILE_TROUBLES: Readonly<Record<string, string>> = {
  EACCES: 'you may not; its owner or its mode says so',
  EISDIR: 'it is a folder, and a file is wanted',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'it is not there',
  EDQUOT: 'the quota of its owner is used up',
  ENOSPC: 'there is no room left on its disk',
  ENOTDIR: 'a part of its path is a file, and a folder is wanted',
  ENOTEMPTY: 'it is there already',
  ENOTSUP: 'its file system takes no new files',
  EPERM: 'you may not; its owner or its mode says so',
  EROFS: 'it is on a disk that can only be read',
};

/** @returns what the system said of a file, in words: `it is a folder, …`; undefined for what is said of other things */
export const fileMeaning = (error: unknown): string | undefined =>
  FILE_TROUBLES[(error as NodeJS.ErrnoException).code ?? ''];

/** @returns in words, why a file could not be read or written, with its path; undefined for an error of another kind */
export function fileTrouble(error: unknown): string | undefined {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  // A full disk, and a folder, are found out at a file that is open, which has no path any more; sockets and programs have one.
  const atFile = path !== undefined || code === 'ENOSPC' || code === 'EISDIR';
  const meaning = fileMeaning(error);
  if (!atFile || meaning === undefined || syscall === 'connect' || syscall?.startsWith('spawn') === true)
    return undefined;
  return path === undefined ? meaning : `${path}: ${meaning}`;
}

/** How a connection that failed, or ended before the answer, is told by the system; and by Node, which has one code for several. */
const LOST_CONNECTION = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);

/** @returns in the system's own words, why a connection failed; undefined for an error of another kind */
export function connectionTrouble(error: unknown): string | undefined {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  const isLost = code !== undefined && LOST_CONNECTION.has(code);
  return isLost || syscall === 'connect' ? message : undefined;
}

/** @returns what an engine answered instead of doing what it was asked; undefined for an error of another kind */
export function engineRefusal(error: unknown): string | undefined {
  const { statusCode, json, message } = error as {
    statusCode?: number;
    json?: { message?: string };
    message?: string;
  };
  return typeof statusCode === 'number' ? (json?.message ?? message) : undefined;
}

/** The first of several, and how many more there are: for the place of an error that has many. */
export const firstOf = ([first, ...others]: readonly string[]): string =>
  others.length === 0 ? first : `${first} (+${others.length} more)`;
