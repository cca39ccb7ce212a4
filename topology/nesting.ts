/**
 * A guard in front of the YAML parser, which recurses: deep nesting exhausts the stack, and V8 ends the whole process
 * when that happens while it compiles a regular expression (seen with 20000 open brackets).
 */

/** Far more than the four levels of a stack file, far less than the parser can take. */
const MAX_DEPTH = 50;
/** One block level costs at least one column of indentation. */
const MAX_INDENT = 4 * MAX_DEPTH;

/** Offset at which the text is nested deeper than any stack file, or undefined. Brackets in quotes count as well. */
export function tooDeepAt(text: string): number | undefined {
  let depth = 0;
  let indicators = 0;
  let lineStart = 0;
  for (let offset = 0; offset < text.length; offset++) {
    const character = text[offset];
    if (character === '\n') {
      indicators = 0;
      lineStart = offset + 1;
    } else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    else if ((character === '-' || character === '?') && /\s/.test(text[offset + 1] ?? ' ')) indicators++;
    if (depth > MAX_DEPTH || indicators > MAX_DEPTH) return offset;
    const indented = offset - lineStart === MAX_INDENT && text.slice(lineStart, offset).trim() === '';
    if (indented) return offset;
  }
  return undefined;
}
