/** stack.yaml as text → a document whose every path can be located. Knows YAML, knows no rule about stacks. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { tooDeepAt } from './nesting.ts';
import { formatPath, type Path, type Problem, type Refusal } from './problems.ts';

/** Longest rendering of a value in a message. */
const SHOWN_LENGTH = 60;

/** What stands at a path: nothing, an empty value, a mapping, a list or a plain value. */
export type Content =
  | { readonly kind: 'absent' | 'empty' | 'mapping' | 'list' }
  | { readonly kind: 'scalar'; readonly value: string | number | boolean };

/** A mistake without its position, which the path gives. */
export interface Finding extends Refusal {
  readonly path: Path;
  /** Shown instead of the file's own value, e.g. a default that does not fit. */
  readonly value?: string;
  /** Where to point when the path itself is not in the file, first that exists. */
  readonly near?: readonly Path[];
  /** Point at the key instead of the value, e.g. for an unknown key. */
  readonly atKey?: boolean;
}

export class StackFile {
  readonly file: string;
  /** False when the text is no tree to speak of, so that further checks would only make noise. */
  readable = true;
  readonly #root: Node | null;
  readonly #lines: LineCounter;
  readonly #problems: Problem[] = [];
  readonly #textLength: number;

  /** Syntax is checked here: see `problems`, and `readable` for whether reading on makes sense. */
  constructor(text: string, file: string) {
    this.file = file;
    this.#lines = new LineCounter();
    // A byte order mark is no character of the first line.
    const source = text.replace(/^\uFEFF/, '');
    this.#textLength = source.length;
    const tooDeep = tooDeepAt(source);
    const document = parseDocument(source.slice(0, tooDeep), {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      version: '1.2',
    });
    this.#root = document.contents;
    if (tooDeep === undefined) this.#collectSyntax(document, source);
    else {
      this.readable = false;
      this.#reportAt(tooDeep, 'is nested too deeply', 'A stack file has four levels at most.');
    }
  }

  /** Problems so far, in the order they were found. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** What stands at a path. */
  content(path: Path): Content {
    const found = this.#find(path);
    if (found === undefined) return { kind: 'absent' };
    const node = found.value;
    if (isMap(node)) return { kind: 'mapping' };
    if (isSeq(node)) return { kind: 'list' };
    if (!isScalar(node) || node.value === null || node.value === undefined) return { kind: 'empty' };
    const value = node.value;
    if (typeof value === 'number' || typeof value === 'boolean') return { kind: 'scalar', value };
    return { kind: 'scalar', value: String(value) };
  }

  has(path: Path): boolean {
    return this.#find(path) !== undefined;
  }

  /** Keys of the mapping at a path, in the file's order; empty when there is none. A repeated key appears once. */
  keys(path: Path): string[] {
    const node = this.#find(path)?.value;
    return isMap(node) ? [...new Set(node.items.map((pair) => keyText(pair)))] : [];
  }

  /** Length of the list at a path; 0 when there is none. */
  length(path: Path): number {
    const node = this.#find(path)?.value;
    return isSeq(node) ? node.items.length : 0;
  }

  /** 1-based position of the value at a path; of its key when it is empty; of the nearest ancestor when it is absent. */
  locate(path: Path, atKey = false): { line: number; column: number } {
    for (let length = path.length; length > 0; length--) {
      const found = this.#find(path.slice(0, length));
      if (found === undefined) continue;
      const useKey = atKey || length < path.length || this.content(path).kind === 'empty';
      return this.#position((useKey ? found.key?.range?.[0] : undefined) ?? startOf(found.value) ?? 0);
    }
    return this.#position(this.#root?.range?.[0] ?? 0);
  }

  /** The value at a path as people would write it, shortened; undefined when absent. */
  show(path: Path): string | undefined {
    const node = this.#find(path)?.value;
    if (node === undefined) return undefined;
    // As written: 0x10 stays 0x10, and .inf has no JSON.
    const asWritten = isScalar(node) && typeof node.value === 'number' ? node.source : undefined;
    const text = asWritten ?? (isNode(node) ? JSON.stringify(node.toJSON()) : 'null');
    return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
  }

  /** Records a mistake at its position. */
  report(finding: Finding): void {
    const anchor = this.has(finding.path) ? finding.path : finding.near?.find((path) => this.has(path));
    this.#problems.push({
      file: this.file,
      ...this.locate(anchor ?? finding.path, finding.atKey),
      path: formatPath(finding.path),
      value: finding.value ?? (finding.atKey ? undefined : this.show(finding.path)),
      rule: finding.rule,
      remedy: finding.remedy,
    });
  }

  #find(path: Path): Found | undefined {
    let found: Found | undefined = this.#root === null ? undefined : { value: this.#root };
    for (const part of path) found = found && child(found.value, part);
    return found;
  }

  #position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.#textLength));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #reportAt(offset: number, rule: string, remedy: string): void {
    const position = this.#position(offset);
    this.#problems.push({ file: this.file, ...position, path: '', value: undefined, rule, remedy });
  }

  #collectSyntax(document: Document.Parsed, source: string): void {
    const linesSeen = new Set<number>();
    for (const error of [...document.errors, ...document.warnings]) {
      // A repeated key leaves a tree that can be read on; after any other error the rest is guesswork, and further
      // errors of the same line are its echoes.
      const echo = error.code !== 'DUPLICATE_KEY' && linesSeen.has(this.#position(error.pos[0]).line);
      if (error.code !== 'DUPLICATE_KEY') this.readable = false;
      if (echo) continue;
      linesSeen.add(this.#position(error.pos[0]).line);
      const word = /^[^\s:,{}[\]]+/.exec(source.slice(error.pos[0]))?.[0];
      this.#reportAt(error.pos[0], ...syntaxMessage(error, word));
    }
    this.#refuseIndirection(document);
  }

  /** Anchors and aliases make one token stand in several places, so that no message could say which is meant. */
  #refuseIndirection(document: Document.Parsed): void {
    const refuse = (node: Node | null, what: string, remedy: string) => {
      this.readable = false;
      this.#reportAt(node?.range?.[0] ?? 0, `${what} is not supported in a stack file`, remedy);
    };
    visit(document, (_, node) => {
      if (isAlias(node)) refuse(node, `the alias *${node.source}`, 'Write the value out where it is used.');
      else if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined)
        refuse(node, `the anchor &${node.anchor}`, 'Remove it and write the value out where it is used.');
    });
  }
}

interface Found {
  readonly key?: Node;
  /** null for a key without a value. */
  readonly value: unknown;
}

function child(parent: unknown, part: string | number): Found | undefined {
  if (typeof part === 'number') {
    if (!isSeq(parent) || part >= parent.items.length) return undefined;
    return { value: parent.items[part] };
  }
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item) => keyText(item) === part);
  return pair === undefined ? undefined : { key: isNode(pair.key) ? pair.key : undefined, value: pair.value };
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function startOf(node: unknown): number | undefined {
  if (isPair(node)) return startOf(node.key);
  return isNode(node) ? node.range?.[0] : undefined;
}

/** What parser errors mean in a stack file; the parser's own words where these say nothing better. */
const SYNTAX: Partial<Record<YAMLError['code'], { readonly rule?: string; readonly remedy: string }>> = {
  TAB_AS_INDENT: { remedy: 'Indent with spaces.' },
  BAD_INDENT: { remedy: 'Indent the keys of one mapping alike, with spaces.' },
  MULTIPLE_DOCS: {
    rule: 'a second document begins here',
    remedy: 'One file describes one stack: remove the line `---` and what follows, or use a file of its own.',
  },
  NON_STRING_KEY: { rule: 'a key is not a plain word', remedy: 'Write `key: value`.' },
  TAG_RESOLVE_FAILED: { remedy: 'Remove the tag (the word that begins with `!`).' },
  MISSING_CHAR: { remedy: 'Close the quote or bracket, or quote the whole value.' },
  BLOCK_AS_IMPLICIT_KEY: {
    remedy: 'Put the nested mapping on lines of its own, or quote a value that contains `: `.',
  },
  BAD_SCALAR_START: { remedy: 'Quote a value that begins with a special character.' },
};

/** Rule and remedy of a parser error; `word` is the token it points at. */
function syntaxMessage(error: YAMLError, word = 'a key'): [rule: string, remedy: string] {
  if (error.code === 'DUPLICATE_KEY')
    return [`${word} appears a second time in this mapping`, 'Keep one of them.'];
  const known = SYNTAX[error.code];
  const rule = known?.rule ?? `not valid YAML: ${error.message.replace(/\.?\s*$/, '')}`;
  return [rule, known?.remedy ?? 'Mend the line, then check again.'];
}
