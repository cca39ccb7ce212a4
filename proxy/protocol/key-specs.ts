import type { Command } from './command-table.ts';
import type { ReplyValue } from './encode-value.ts';

/**
 * Where the keys are, in the words of COMMAND INFO, from the rules by which the proxy itself finds them.
 * @param keyFlags what becomes of the first key, and of the others
 * @param places first key, last key, step
 */
export function keySpecs(
  command: Command,
  keyFlags: readonly (readonly string[])[],
  [first, last, step]: readonly [number, number, number],
): ReplyValue {
  const spec = (i: number, begin: ReplyValue, find: ReplyValue): ReplyValue =>
    new Map<string, ReplyValue>([
      ['flags', new Set(keyFlags[Math.min(i, keyFlags.length - 1)])],
      ['begin_search', begin],
      ['find_keys', find],
    ]);
  const at = (index: number): ReplyValue => search('index', ['index', index]);
  const rule = command.keys;
  if (rule?.kind === 'counted') {
    return rule.firstToo
      ? [spec(0, at(1), range(0, 1)), spec(1, at(rule.at), numbered())]
      : [spec(0, at(rule.at), numbered())];
  }
  if (command.name.startsWith('xread')) {
    const begin = search('keyword', ['keyword', 'STREAMS'], ['startfrom', 1]);
    return [spec(0, begin, range(-1, 1, 2))];
  }
  if (first === 0) return [];
  const end = (from: number): number => (last < 0 ? last : last - from);
  if (keyFlags.length === 1) return [spec(0, at(first), range(end(first), step))];
  if (last !== first) {
    return [spec(0, at(first), range(0, step)), spec(1, at(first + 1), range(end(first + 1), step))];
  }
  const others = keyFlags.slice(1).map((_, i) => spec(i + 1, search('unknown'), search('unknown')));
  return [spec(0, at(first), range(0, step)), ...others];
}

type Pair = readonly [name: string, value: ReplyValue];

function search(type: string, ...pairs: readonly Pair[]): ReplyValue {
  return new Map<string, ReplyValue>([
    ['type', type],
    ['spec', new Map<string, ReplyValue>(pairs)],
  ]);
}

function range(lastkey: number, keystep: number, limit = 0): ReplyValue {
  return search('range', ['lastkey', lastkey], ['keystep', keystep], ['limit', limit]);
}

function numbered(): ReplyValue {
  return search('keynum', ['keynumidx', 0], ['firstkey', 1], ['keystep', 1]);
}
