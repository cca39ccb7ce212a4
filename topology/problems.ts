/** What is wrong with a stack file, said so that its author can mend it without reading our source. */

const LONGEST_EXCERPT = 200;

/** Where a value lives inside the file: `['pools', 'alpha', 'hash']`. Numbers index lists. */
export type Path = readonly (string | number)[];

/** Why a value cannot stand, and what to do about it. */
export interface Refusal {
  /** A predicate about the value: `is not a known hash: …`. */
  readonly rule: string;
  /** Whole sentences. */
  readonly remedy: string;
}

/** One mistake. Reads as `file:line:column: path: value rule. remedy`. */
export interface Problem extends Refusal {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units as editors count. */
  readonly column: number;
  /** Dotted, e.g. `shards[1].domains[0]`; empty for the document itself. */
  readonly path: string;
  /** The offending value as shown to people; undefined when something is missing. */
  readonly value: string | undefined;
}

/** Keys that can be told from what stands around them in a path. */
const PLAIN_KEY = /^[^\s"'`.,:[\]\p{C}]+$/u;
const LONGEST_KEY = 60;

/** `['shards', 1, 'domains']` as people write it: `shards[1].domains`. A key that is empty or strange stands in quotes. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${formatKey(part)}`,
    )
    .join('');
}

function formatKey(key: string): string {
  const shown = key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key;
  return PLAIN_KEY.test(key) ? shown : JSON.stringify(shown);
}

/**
 * One problem as a block of text without trailing newline. With the file's `text` the offending line follows,
 * with a mark under the token.
 */
export function formatProblem(problem: Problem, text?: string): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: `;
  return head + formatRefusal(problem) + (text === undefined ? '' : excerpt(text, problem));
}

/** One problem without its place in a file: `path: value rule. remedy`. */
export function formatRefusal({ path, value, rule, remedy }: Problem): string {
  const subject = [path, value].filter((part) => part !== undefined && part !== '');
  return `${subject.join(': ')} ${rule}. ${remedy}`.trimStart();
}

/** The offending line with a mark under the token; nothing for an empty or an absurdly long line. */
function excerpt(text: string, { line, column }: Problem): string {
  const source = text.replace(/^\uFEFF/, '').split(/\r?\n/)[line - 1] ?? '';
  if (source.trim() === '' || source.length > LONGEST_EXCERPT) return '';
  const indent = source.slice(0, column - 1).replace(/[^\t]/g, ' ');
  return `\n    ${source}\n    ${indent}^`;
}

/** All problems, one block each, separated by newlines. */
export function formatProblems(problems: readonly Problem[], text?: string): string {
  return problems.map((problem) => formatProblem(problem, text)).join('\n');
}

/** Order of appearance in the file. */
export function byPosition(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}
