import type { Command } from '../../protocol/command-table.ts';
import { errorReply } from '../../protocol/replies.ts';
import type { Client } from '../client/client.ts';
import type { Pool } from '../pool.ts';

/** Answers the request at hand with an error; the connection goes on. */
export function refuse(client: Client, text: string): void {
  client.reply(client.tail++, errorReply(text), 0);
}

export function wrongArity(command: Command): string {
  return `wrong number of arguments for '${command.name}' command`;
}

export function keyTooLong(pool: Pool, length: number): string {
  return `key of ${length} bytes is too long, at most ${pool.keyLimit} (see -m)`;
}
