import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';

/** Tells the child that it is the daemon, and where it reports. */
export const DAEMON_MARKER = 'NUTCRACKER_DAEMON';
const REPORT_FD = 3;
const READY = 'ready';

/** True in the process that `daemonize` started. */
export function isDaemon(): boolean {
  return process.env[DAEMON_MARKER] === '1';
}

/**
 * Starts this program again as a daemon: new session, no terminal, same working directory. Waits until it serves or
 * has failed, where the original's parent leaves before it can know.
 * @returns exit code, and what the daemon said when it failed
 */
export function daemonize(): Promise<{ code: number; complaint: string }> {
  // in a compiled executable the script is inside it
  const compiled = process.argv[1]?.startsWith('/$bunfs/') ?? false;
  const script = compiled ? [] : [...process.execArgv, process.argv[1]];
  const { BUN_OPTIONS: _options, BUN_BE_BUN: _be, ...env } = process.env;
  const child = spawn(process.execPath, [...script, ...process.argv.slice(2)], {
    detached: true,
    // operators look for the line that they typed
    argv0: process.argv0,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...env, [DAEMON_MARKER]: '1' },
  });
  const report = child.stdio[REPORT_FD] as NodeJS.ReadableStream;
  let said = '';
  return new Promise((resolve) => {
    report.on('data', (chunk) => {
      said += String(chunk);
    });
    report.on('end', () => {
      child.unref();
      resolve(said === READY ? { code: 0, complaint: '' } : { code: 1, complaint: said });
    });
    child.on('error', (error) => resolve({ code: 1, complaint: error.message }));
  });
}

/** In the daemon: it serves now. */
export function reportReady(): void {
  report(READY);
}

/** In the daemon: it gives up, and why. */
export function reportFailure(text: string): void {
  report(text);
}

function report(text: string): void {
  if (!isDaemon()) return;
  try {
    writeSync(REPORT_FD, text);
    closeSync(REPORT_FD);
  } catch {
    // the parent is gone: nobody is left to tell
  }
}
