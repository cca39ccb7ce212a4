import { commandFacts } from './command-description.ts';
import { COMMANDS } from './command-table.ts';

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
  for (const { arity, command } of commandFacts()) found[command.id] = arity;
  return found;
}
