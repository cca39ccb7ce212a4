import { bulkReply } from '../../../protocol/replies.ts';
import { type Answer, answered } from '../answered.ts';
import type { Family } from '../session.ts';
import { commandCommand } from './command-command.ts';
import { infoText } from './info.ts';

const time: Answer = () => {
  const now = Date.now();
  const seconds = bulkReply(String(Math.floor(now / 1000)));
  const microseconds = bulkReply(String((now % 1000) * 1000));
  return Buffer.concat([Buffer.from('*2\r\n'), seconds, microseconds]);
};

/** What clients ask about the server that they are connected to. */
export const INTROSPECTION: Family = {
  command: answered(1, Number.POSITIVE_INFINITY, commandCommand),
  info: answered(1, 32, ({ pool }) => bulkReply(infoText(pool))),
  time: answered(1, 1, time),
};
