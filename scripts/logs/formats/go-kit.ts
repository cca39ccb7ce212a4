import type { Level, LineFormat } from '../record.ts';

/** `ts=2026-11-27T23:03:02.123Z caller=main.go:510 level=warn component=… msg="…" …` (go-kit/log, logfmt). */
const LINE = /^ts=(\S+) caller=(\S+) level=(\w+) (.*)$/;
/** `time="2026-11-27T23:03:02Z" level=error msg="…"` (logrus): the exporter. */
const LOGRUS = /^time="([^"]+)" level=(\w+) msg="(.*)"$/;
const LEVELS: Readonly<Record<string, Level>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
};
/** What Alertmanager calls its parts; of all else that a monitor says, Prometheus says it. */
const ALERTMANAGER =
  /^component=(?:dispatcher|cluster|configuration|inhibit|notify|silences|nflog|provider|api)\b/;

/** Prometheus, Alertmanager, and the exporter beside them. */
export const goKitLine: LineFormat = (line, role) => {
  if (role !== 'monitor') return undefined;
  const match = LINE.exec(line);
  if (match === null) return logrusLine(line);
  const [, time, , level, text] = match;
  const ownTime = Date.parse(time);
  return {
    program: ALERTMANAGER.test(text) ? 'alertmanager' : 'prometheus',
    level: LEVELS[level] ?? 'notice',
    text,
    ...(Number.isNaN(ownTime) ? {} : { ownTime }),
  };
};

/** That a member does not answer is said at every try, and is what alerts are for: it is no error of the exporter. */
const SILENT_MEMBER = /^Couldn't connect to redis instance/;

function logrusLine(line: string): ReturnType<LineFormat> {
  const [, time, level, text] = LOGRUS.exec(line) ?? [];
  if (text === undefined) return undefined;
  return {
    program: 'exporter',
    level: SILENT_MEMBER.test(text) ? 'info' : (LEVELS[level] ?? 'notice'),
    text,
    ownTime: Date.parse(time),
  };
}
