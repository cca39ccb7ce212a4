/** Which files a package needs: those that its entries import, whether at once or on demand. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What a file names as `from './x.js'`, `import('./x.js')` or `import './x.js'`. */
const RELATIVE_IMPORT = /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)['"](\.[^'"]+)['"]/g;
/** The file that a declaration stands for → the declaration. */
const DECLARATION = /\.(m?)(?:js|ts)$/;

/**
 * @param entries absolute paths
 * @param form `code`: what runs; `types`: the declarations beside it
 * @returns absolute paths, the entries among them
 * @throws Error when an import leads nowhere
 */
export function reachableFrom(entries: readonly string[], form: 'code' | 'types'): Set<string> {
  const found = new Set<string>();
  const ahead = [...entries];
  for (let file = ahead.pop(); file !== undefined; file = ahead.pop()) {
    if (found.has(file)) continue;
    if (!existsSync(file)) throw new Error(`${file} is imported, and is not there`);
    found.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(RELATIVE_IMPORT)) {
      const name = form === 'code' ? target : target.replace(DECLARATION, '.d.$1ts');
      ahead.push(path.resolve(path.dirname(file), name));
    }
  }
  return found;
}
