import { closeSync, openSync, writeSync } from 'node:fs';

/** Levels of the original: 5 (notice) is its default, 11 the most. */
export const LOG_ALWAYS = 0;
export const LOG_WARN = 4;
export const LOG_NOTICE = 5;
export const LOG_INFO = 6;
const MOST = 11;

/** The log: stderr or a file, one line an event, `[YYYY-MM-DD HH:MM:SS.mmm] text` in local time. */
export class Log {
  private fd: number;

  /** @throws an Error with `code` when the file cannot be opened */
  constructor(
    private readonly file: string | null,
    private level: number,
    /** Before every text, to tell processes apart that share a file. */
    private readonly prefix = '',
  ) {
    this.fd = file === null ? 2 : openSync(file, 'a', 0o644);
  }

  write(text: string, level = LOG_NOTICE): void {
    if (level <= this.level) this.line(`[${timestamp(new Date())}] ${this.prefix}${text}`);
  }

  /** Whatever the level, in the form of the original's signal handlers. */
  signal(text: string): void {
    this.line(`[.......................] ${this.prefix}${text}`);
  }

  /** After logrotate: a new file under the same name. The old one stays when there cannot be a new one. */
  reopen(): void {
    if (this.file === null) return;
    try {
      const fd = openSync(this.file, 'a', 0o644);
      closeSync(this.fd);
      this.fd = fd;
    } catch (error) {
      this.write(`log file '${this.file}' cannot be reopened: ${(error as Error).message}`, LOG_WARN);
    }
  }

  get verbosity(): number {
    return this.level;
  }

  /** Raises or lowers the level by one; false when it cannot go further. */
  turn(step: 1 | -1): boolean {
    const next = this.level + step;
    if (next < 0 || next > MOST) return false;
    this.level = next;
    return true;
  }

  private line(text: string): void {
    try {
      writeSync(this.fd, `${text}\n`);
    } catch {
      // a full disk or a closed terminal must not stop the proxy
    }
  }
}

function timestamp(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
