import type { Problem } from '../../topology/index.ts';
import { loadTopology } from '../../topology/index.ts';

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
