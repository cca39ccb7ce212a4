import { machine, release, type } from 'node:os';
import { endOnDefect } from '../admin/defects.ts';
import { LOG_ALWAYS, LOG_WARN, Log } from '../admin/log.ts';
import { metricsDocument } from '../admin/metrics.ts';
import { Service } from '../admin/service.ts';
import type { Serving } from '../admin/serving.ts';
import { statsDocument, VERSION } from '../admin/stats.ts';
import { listenStats } from '../admin/stats-server.ts';
import { loadConfig } from '../config/nutcracker-yml.ts';
import { ConfigError } from '../config/pool.ts';
import type { Transport } from '../transport/link.ts';
import { isDaemon, reportReady } from '../workers/daemon.ts';
import type { Options } from './options.ts';
import { removePidFile, writePidFile } from './pid-file.ts';
import { handleSignals } from './signals.ts';

const MIB = 1024 * 1024;

/**
 * Starts everything in the original's order and installs the signal handlers; returns when it serves. What was
 * begun is undone when a step fails. @throws ConfigError, or an Error that says what could not be had
 */
export async function serve(options: Options, transport: Transport): Promise<void> {
  if (isDaemon()) process.umask(0);
  const log = openLog(options);
  endOnDefect(log);
  const startedAt = Date.now();
  let pidFile: string | null = null;
  try {
    if (options.pidFile !== null) {
      writePid(options.pidFile);
      pidFile = options.pidFile;
    }
    log.write(
      `nutcracker-${VERSION} built for ${type()} ${release()} ${machine()} started on pid ${process.pid}`,
      LOG_ALWAYS,
    );
    const configs = await loadConfig(options.confFile);
    const serving = await servingFor(options, transport, log);
    await openStats(options, serving, startedAt);
    // Whoever finds that it listens may send a signal; unhandled, most of them end the process, and SIGTTIN stops it. So
    // they are handled before the start, which comes with the next microtask.
    const started = Promise.resolve().then(() => serving.start(configs));
    handleSignals(options, serving, log, started);
    await started;
    reportReady();
  } catch (error) {
    const text =
      error instanceof ConfigError ? `conf: ${error.describe(options.confFile)}` : (error as Error).message;
    log.write(text, LOG_WARN);
    log.write('done, nothing was started', LOG_ALWAYS);
    if (pidFile !== null) removePidFile(pidFile);
    throw error;
  }
}

/** This process alone, or workers. What supervises them is loaded only where it is needed. */
async function servingFor(options: Options, transport: Transport, log: Log): Promise<Serving> {
  const { mbufSize, slowLog, output, verbose, workers } = options;
  const bufferLimit = Math.floor((options.bufferLimit * MIB) / workers);
  if (workers === 1) return new Service({ transport, log, mbufSize, slowLog, bufferLimit });
  const { Supervisor } = await import('../workers/supervisor.ts');
  return new Supervisor({ mbufSize, slowLog, output, verbose, bufferLimit, workers }, log);
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

async function openStats(options: Options, serving: Serving, startedAt: number): Promise<void> {
  try {
    await listenStats(options.statsAddr, options.statsPort, {
      stats: async () => statsDocument(await serving.snapshot(), startedAt),
      metrics: async () => metricsDocument(await serving.snapshot(), startedAt),
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`stats cannot listen on ${options.statsAddr}:${options.statsPort}: ${code ?? message}`);
  }
}
