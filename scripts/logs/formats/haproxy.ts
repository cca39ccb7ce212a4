import type { Level, LineFormat } from '../record.ts';

/** What it says while it starts and stops: `[LEVEL]  (PID) : text`. */
const CONSOLE = /^\[(NOTICE|WARNING|ALERT)\]\s+\(\d+\) : (.*)$/;
const CONSOLE_LEVELS: Readonly<Record<string, Level>> = {
  NOTICE: 'notice',
  WARNING: 'warning',
  ALERT: 'error',
};

/** What it says of its servers it says twice: to the log, and to its console. */
const REPEATED = /^Server \S+ is |^backend '/;

/** What it logs afterwards has neither time nor level (`log stdout format raw`). */
export const haproxyLine: LineFormat = (line, role) => {
  if (role !== 'edge') return undefined;
  const [, word, text] = CONSOLE.exec(line) ?? [];
  if (text !== undefined && REPEATED.test(text))
    return { program: 'haproxy', level: 'debug', text: `on its console as well: ${text}` };
  if (text !== undefined) return { program: 'haproxy', level: CONSOLE_LEVELS[word], text };
  return { program: 'haproxy', level: rawLevel(line), text: line };
};

function rawLevel(line: string): Level {
  if (/has no server available/.test(line)) return 'error';
  if (/ is (?:DOWN|going DOWN)|^Health check .* failed/.test(line)) return 'warning';
  return /^(?:Server|Proxy|backend|frontend) /i.test(line) ? 'notice' : 'info';
}
