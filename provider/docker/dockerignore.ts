/** `.dockerignore`: which files of a context stay at home. */

/**
 * Reads the rules. Lines are patterns with *, ? and **; "!" brings back what an earlier line left out; the last match counts;
 * a pattern that matches a folder matches everything in it.
 * @returns a function that says whether a path (relative, with "/") is left out.
 */
export function ignoreRules(text: string): (name: string) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const keep = line.startsWith('!');
      const pattern = (keep ? line.slice(1) : line)
        .trim()
        .replace(/^(\.?\/)+/, '')
        .replace(/\/+$/, '');
      return { keep, pattern: new RegExp(`^${toExpression(pattern)}(/.*)?$`) };
    });
  return (name) => {
    let ignored = false;
    for (const rule of rules) {
      if (rule.pattern.test(name)) {
        ignored = !rule.keep;
      }
    }
    return ignored;
  };
}

function toExpression(pattern: string): string {
  return pattern
    .split(/(\*\*\/?|\*|\?)/)
    .map((part) => {
      switch (part) {
        case '**/':
          return '(.*/)?';
        case '**':
          return '.*';
        case '*':
          return '[^/]*';
        case '?':
          return '[^/]';
        default:
          return part.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
      }
    })
    .join('');
}
