import { readFileSync } from 'node:fs';

/**
 * The routes of a container's network (text of `/proc/<pid>/net/fib_trie`), when its first process runs on this machine. Reading
 * them costs microseconds; a command in the container costs its engine a tenth of a second.
 *
 * @param pid as the engine tells it: the engine of another machine tells one that may be anybody's here …
 * @param address … so the process must have this address, the member's
 * @returns undefined when it is elsewhere, gone, or may not be read
 */
export function routesHere(pid: number, address: string, proc = '/proc'): string | undefined {
  if (pid === 0) return undefined;
  try {
    const routes = readFileSync(`${proc}/${pid}/net/fib_trie`, 'utf8');
    return hasLocalAddress(routes, address) ? routes : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an address is a local one according to the text of /proc/<pid>/net/fib_trie. */
export function hasLocalAddress(trie: string, address: string): boolean {
  const lines = trie.split('\n');
  return lines.some(
    (line, index) => line.trim() === `|-- ${address}` && /\/32 host LOCAL/.test(lines[index + 1] ?? ''),
  );
}
