import type { Level, LineFormat } from '../record.ts';
import { monthOf } from './months.ts';

/** `Www Mon DD HH:MM:SS YYYY: text` (--log-console); it tells no level. */
const LINE = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4}): (.*)$/;

export const keepalivedLine: LineFormat = (line, role) => {
  const match = role === 'edge' ? LINE.exec(line) : null;
  if (match === null) return undefined;
  const [, month, day, hour, minute, second, year, text] = match;
  const time = [day, hour, minute, second].map(Number);
  return {
    program: 'keepalived',
    level: levelOf(text),
    text,
    ownTime: Date.UTC(Number(year), monthOf(month), time[0], time[1], time[2], time[3]),
  };
};

function levelOf(text: string): Level {
  if (/FAULT|[Ee]rror|cannot|[Uu]nable|unexpectedly|bogus|received an? invalid/.test(text)) return 'warning';
  return /Entering \w+ STATE|[Ss]topp/.test(text) ? 'notice' : 'info';
}
