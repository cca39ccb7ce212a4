import type { Level, LineFormat } from '../record.ts';
import { monthOf } from './months.ts';

/** `PID:ROLE DD Mon YYYY HH:MM:SS.mmm LEVEL text` (redis server.c, serverLogRaw): one letter tells the role, one sign the level. */
const LINE = /^\d+:([XCSM]) (\d{2}) (\w{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2})\.(\d{3}) ([.\-*#]) (.*)$/;
const LEVEL_SIGNS: Readonly<Record<string, Level>> = {
  '.': 'debug',
  '-': 'info',
  '*': 'notice',
  '#': 'warning',
};

/** What Redis 7.0 calls a warning, and later versions a notice: nobody needs to be warned of it. */
const CHATTER =
  /^(?:oO0OoO0OoO0Oo |Redis version=|Configuration loaded|Server initialized|Sentinel ID is|\+monitor |-sdown |-odown |\+reboot |User requested shutdown|Redis is now ready to exit|Sentinel is now ready to exit|Setting secondary replication ID|Diskless rdb transfer, done|\+vote-for-leader |\+new-epoch )/;

/** redis-server and redis-sentinel. Containers keep UTC. */
export const redisLine: LineFormat = (line, role) => {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, letter, day, month, year, hour, minute, second, millis, sign, text] = match;
  const time = [day, hour, minute, second, millis].map(Number);
  return {
    program: letter === 'X' || role === 'sentinel' ? 'sentinel' : 'redis',
    level: sign === '#' && CHATTER.test(text) ? 'notice' : LEVEL_SIGNS[sign],
    text,
    ownTime: Date.UTC(Number(year), monthOf(month), time[0], time[1], time[2], time[3], time[4]),
  };
};
