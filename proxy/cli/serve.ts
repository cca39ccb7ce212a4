import { arch, release, type } from 'node:os';
import { LOG_WARN, Log } from '../admin/log.ts';
import { metricsDocument } from '../admin/metrics.ts';
import { Service } from '../admin/service.ts';
import { statsDocument, VERSION } from '../admin/stats.ts';
import { listenStats } from '../admin/stats-server.ts';
import { loadConfig } from '../config/nutcracker-yml.ts';
import { ConfigError } from '../config/pool.ts';
import type { Transport } from '../transport/link.ts';
import { isDaemon, reportReady } from './daemon.ts';
import type { Options } from './options.ts';
import { removePidFile, writePidFile } from './pid-file.ts';

/**
 * Starts everything in the original's order and installs the signal handlers; returns when it serves. What was
 * begun is undone when a step fails. @throws ConfigError, or an Error that says what could not be had
 */
export async function serve(options: Options, transport: Transport): Promise<void> {
  if (isDaemon()) process.umask(0);
  const log = openLog(options);
  const startedAt = Date.now();
  let pidFile: string | null = null;
  try {
    if (options.pidFile !== null) {
      writePid(options.pidFile);
      pidFile = options.pidFile;
    }
    log.write(
      `nutcracker-${VERSION} built for ${type()} ${release()} ${arch()} started on pid ${process.pid}`,
    );
    const configs = await loadConfig(options.confFile);
    const { mbufSize, slowLog } = options;
    const bufferLimit = options.bufferLimit * 1024 * 1024;
    const service = new Service({ transport, log, mbufSize, slowLog, bufferLimit });
    await openStats(options, service, startedAt);
    await service.start(configs);
    handleSignals(options, service, log);
    reportReady();
  } catch (error) {
    const text =
      error instanceof ConfigError ? `conf: ${error.describe(options.confFile)}` : (error as Error).message;
    log.write(text, LOG_WARN);
    log.write('done, nothing was started');
    if (pidFile !== null) removePidFile(pidFile);
    throw error;
  }
}

function openLog(options: Options): Log {
  try {
    return new Log(options.output, options.verbose);
  } catch (error) {
    throw new Error(`opening log file '${options.output}' failed: ${(error as Error).message}`);
  }
}

function writePid(file: string): void {
  try {
    writePidFile(file);
  } catch (error) {
    throw new Error(`opening pid file '${file}' failed: ${(error as Error).message}`);
  }
}

async function openStats(options: Options, service: Service, startedAt: number): Promise<void> {
  try {
    await listenStats(options.statsAddr, options.statsPort, {
      stats: () => statsDocument(service.pools, startedAt),
      metrics: () => metricsDocument(service.pools, startedAt),
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`stats cannot listen on ${options.statsAddr}:${options.statsPort}: ${code ?? message}`);
  }
}

function handleSignals(options: Options, service: Service, log: Log): void {
  let ending = false;
  const end = async (name: string, number: number): Promise<void> => {
    if (ending) return;
    ending = true;
    log.signal(`signal ${number} (${name}) received, draining`);
    await service.drain(options.drainTimeout);
    if (options.pidFile !== null) removePidFile(options.pidFile);
    log.write('done');
    process.exit(0);
  };
  process.on('SIGTERM', () => void end('SIGTERM', 15));
  process.on('SIGINT', () => void end('SIGINT', 2));
  process.on('SIGHUP', () => {
    log.signal('signal 1 (SIGHUP) received, reopening log file');
    log.reopen();
  });
  process.on('SIGUSR1', () => void reload(options, service, log));
  process.on('SIGUSR2', () => {
    log.signal('signal 12 (SIGUSR2) received, letting every client go behind its next reply');
    service.letGo();
  });
  process.on('SIGTTIN', () => {
    log.signal('signal 21 (SIGTTIN) received, up logging level');
    log.signal(`up log level to ${log.turn(1)}`);
  });
  process.on('SIGTTOU', () => {
    log.signal('signal 22 (SIGTTOU) received, down logging level');
    log.signal(`down log level to ${log.turn(-1)}`);
  });
}

/** A file that cannot be used changes nothing. */
async function reload(options: Options, service: Service, log: Log): Promise<void> {
  log.signal('signal 10 (SIGUSR1) received, reading the configuration again');
  try {
    await service.reload(await loadConfig(options.confFile));
    log.write(`'${options.confFile}' is in force`);
  } catch (error) {
    const text = error instanceof ConfigError ? error.describe(options.confFile) : (error as Error).message;
    log.write(`reload refused, the old configuration goes on: ${text}`, LOG_WARN);
  }
}
