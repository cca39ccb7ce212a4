import { LOG_ALWAYS, type Log } from './log.ts';

/**
 * An exception that nobody expected ends the process, its stack in the log: what it left half-done could give a client
 * the answer of another. Whoever supervises starts anew.
 */
export function endOnDefect(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.write(`a defect of the proxy ends it: ${error.stack}`, LOG_ALWAYS);
    process.exit(1);
  });
}
