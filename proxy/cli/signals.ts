import { LOG_ALWAYS, LOG_WARN, type Log } from '../admin/log.ts';
import type { Serving } from '../admin/serving.ts';
import { loadConfig } from '../config/nutcracker-yml.ts';
import { ConfigError } from '../config/pool.ts';
import type { Options } from './options.ts';
import { removePidFile } from './pid-file.ts';

/**
 * What each signal does from now on; each is logged as it comes, in the original's form.
 * @param started resolves when everything is served: only then is there something to be read again
 */
export function handleSignals(options: Options, serving: Serving, log: Log, started: Promise<void>): void {
  let ending = false;
  let reloading = started;
  const end = async (name: string, number: number): Promise<void> => {
    if (ending) return;
    ending = true;
    log.signal(`signal ${number} (${name}) received, draining`);
    await serving.drain(options.drainTimeout);
    if (options.pidFile !== null) removePidFile(options.pidFile);
    log.write('done', LOG_ALWAYS);
    process.exit(0);
  };
  process.on('SIGTERM', () => void end('SIGTERM', 15));
  process.on('SIGINT', () => void end('SIGINT', 2));
  process.on('SIGHUP', () => {
    log.signal('signal 1 (SIGHUP) received, reopening log file');
    log.reopen();
    serving.logChanged('reopen');
  });
  process.on('SIGUSR1', () => {
    log.signal('signal 10 (SIGUSR1) received, reading the configuration again');
    // one after the other: each begins with what the one before it left
    reloading = reloading.then(() => reload(options, serving, log));
  });
  process.on('SIGUSR2', () => {
    log.signal('signal 12 (SIGUSR2) received, letting every client go behind its next reply');
    serving.letGo();
  });
  process.on('SIGTTIN', () => {
    log.signal('signal 21 (SIGTTIN) received, up logging level');
    if (log.turn(1)) log.signal(`up log level to ${log.verbosity}`);
    serving.logChanged('more');
  });
  process.on('SIGTTOU', () => {
    log.signal('signal 22 (SIGTTOU) received, down logging level');
    if (log.turn(-1)) log.signal(`down log level to ${log.verbosity}`);
    serving.logChanged('less');
  });
}

/** A file that cannot be used changes nothing. */
async function reload(options: Options, serving: Serving, log: Log): Promise<void> {
  try {
    await serving.reload(await loadConfig(options.confFile));
    log.write(`'${options.confFile}' is in force`);
  } catch (error) {
    const text = error instanceof ConfigError ? error.describe(options.confFile) : (error as Error).message;
    log.write(`reload refused, the old configuration goes on: ${text}`, LOG_WARN);
  }
}
