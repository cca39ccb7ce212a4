import type { Level, LineFormat } from '../record.ts';

/** `[YYYY-MM-DD HH:MM:SS.mmm] text`, as the original nutcracker; dots instead of the time where a signal is told of. */
const LINE = /^\[(?:\.+|(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})\.(\d{3}))\] (.*)$/;

export const proxyLine: LineFormat = (line, role) => {
  const match = role === 'proxy' ? LINE.exec(line) : null;
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second, millis] = match.slice(1, 8).map(Number);
  const ownTime = Number.isNaN(year)
    ? undefined
    : Date.UTC(year, month - 1, day, hour, minute, second, millis);
  return { program: 'proxy', level: levelOf(match[8]), text: match[8], ownTime };
};

/** The level is not in the line. */
function levelOf(text: string): Level {
  if (text.startsWith('a defect of the proxy')) return 'error';
  return /\brefused|\bcannot\b|\bfailed\b|for down|was not confirmed|wrong password|PROXY header/.test(text)
    ? 'warning'
    : 'notice';
}
