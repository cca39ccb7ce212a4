import { commandFacts } from './command-description.ts';
import { COMMANDS } from './command-table.ts';

/** Elements that Redis 7.2 and newer take, where 7.0 takes fewer: an older server says itself that they are too many. */
const NEWER: Readonly<Record<string, number>> = { zrank: -3, zrevrank: -3 };

let arities: Int16Array | null = null;

/** True when a request of `count` elements, its name included, may be one of this command. By the facts that Redis gives. */
export function arityFits(command: number, count: number): boolean {
  arities ??= readArities();
  const arity = arities[command];
  return arity >= 0 ? count === arity : count >= -arity;
}

function readArities(): Int16Array {
  // of what is not known, anything fits
  const found = new Int16Array(COMMANDS.length).fill(-1);
  for (const { arity, command } of commandFacts()) found[command.id] = NEWER[command.name] ?? arity;
  return found;
}
