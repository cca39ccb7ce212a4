import assert from 'node:assert/strict';
import type { Problem } from '../../topology/index.ts';
import { loadAnyTopology, loadTopology } from '../../topology/index.ts';

/** Stands in front of every token that a mistake is expected at. */
const MARK = '§';

/** Text without its marks, and where each stood as `line:column`. */
export function unmark(marked: string): { text: string; marks: string[] } {
  const marks = marked.split('\n').flatMap((line, index) => {
    const parts = line.split(MARK).slice(0, -1);
    let column = 1;
    return parts.map((part) => {
      column += part.length;
      return `${index + 1}:${column}`;
    });
  });
  return { text: marked.replaceAll(MARK, ''), marks };
}

/** Mistakes of a stack file's text. */
export function problemsOf(text: string): readonly Problem[] {
  const loaded = loadTopology(text, 'stack.yaml');
  return loaded.ok ? [] : loaded.problems;
}

export function positionOf(problem: Problem): string {
  return `${problem.line}:${problem.column}`;
}

/** A stack file, on hosts or not, whose mistakes stand at its marks and nowhere else, the first of them told as `said`. */
export function assertRefused(marked: string, said: RegExp): void {
  const { text, marks } = unmark(marked);
  const loaded = loadAnyTopology(text, 'stack.yaml');
  const problems = loaded.ok ? [] : loaded.problems;
  assert.deepEqual(problems.map(positionOf), marks, JSON.stringify(problems));
  const [{ path, rule, remedy }] = problems;
  assert.match(`${path} ${rule}. ${remedy}`, said);
}
