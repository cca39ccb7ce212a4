import {
  type Command,
  FATE_ANY,
  FATE_CHANNEL,
  FATE_FAMILY,
  FATE_KEY,
  FATE_KEYS,
  FATE_SPLIT,
  MAY_REPEAT,
  MOST_DRAWN,
  MOST_GETS,
  MOST_NAMED,
  REPEATED_KEYS,
} from './command-table.ts';

/** What becomes of a command, in words: for docs/commands.md and for COMMAND DOCS. */
export function fateInWords(command: Command): string {
  switch (command.fate) {
    case FATE_KEY:
      return 'sent to the server of its key';
    case FATE_CHANNEL:
      return 'sent to the server of its channel';
    case FATE_SPLIT:
      return 'split by server, replies merged';
    case FATE_KEYS:
      return together(command);
    case FATE_ANY:
      return 'sent to one server, always the same';
    case FATE_FAMILY:
      return command.reason;
    default:
      return `refused: ${command.reason}`;
  }
}

function together(command: Command): string {
  const rule = command.keys;
  if (rule?.kind === 'subcommand') {
    const names = rule.names.map((name) => name.toUpperCase()).join(', ');
    const others =
      command.name === 'memory'
        ? 'STATS of all servers together, the others refused unless the pool has one server'
        : 'answered by any server';
    return `${names}: sent to the server of its key; without a key: ${others}`;
  }
  if (MAY_REPEAT.has(command.name))
    return `sent to the server of its key, refused when its count is below -${MOST_DRAWN.toLocaleString('en')}`;
  const refused = 'sent to the server of its keys, refused when they live on several';
  if (REPEATED_KEYS.test(command.name))
    return `${refused}, or when one is named more than ${MOST_NAMED} times`;
  if (command.name.startsWith('sort'))
    return `${refused}, or when BY or GET may name such, or with more than ${MOST_GETS} GET`;
  if (!/^(eval|fcall)/.test(command.name)) return refused;
  const brought = command.name.startsWith('evalsha') ? 'with the script where the server may lack it; ' : '';
  return `${refused}; ${brought}with 0 keys refused unless the pool has one server`;
}
