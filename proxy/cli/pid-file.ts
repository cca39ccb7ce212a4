import { rmSync, writeFileSync } from 'node:fs';

/** Writes the process id, no newline, as the original does. @throws an Error with `code` */
export function writePidFile(file: string): void {
  writeFileSync(file, String(process.pid), { mode: 0o644 });
}

export function removePidFile(file: string): void {
  rmSync(file, { force: true });
}
