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
