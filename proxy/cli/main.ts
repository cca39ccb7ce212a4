import { loadConfig } from '../config/nutcracker-yml.ts';
import { ConfigError } from '../config/pool.ts';
import { certificateWarnings } from '../config/tls.ts';
import { bunTransport } from '../transport/bun.ts';
import { bunApi } from '../transport/bun-api.ts';
import type { Transport } from '../transport/link.ts';
import { nodeTransport } from '../transport/node.ts';
import { daemonize, isDaemon, reportFailure } from '../workers/daemon.ts';
import { isWorker } from '../workers/messages.ts';
import { type Options, parseOptions, UsageError } from './options.ts';
import { serve } from './serve.ts';
import { STATS_DESCRIPTION, USAGE, VERSION_BLOCK } from './texts.ts';

/**
 * The `nutcracker` command. Everything it says goes to stderr, as with the original.
 * @returns the exit code, or null when the proxy is up and serves
 */
export async function main(argv: readonly string[]): Promise<number | null> {
  if (isWorker()) {
    const { work } = await import('../workers/worker.ts');
    work(transportHere());
    return null;
  }
  let options: Options;
  try {
    options = parseOptions(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message}\n${USAGE}`);
    return 1;
  }
  if (options.version || options.help || options.describeStats) {
    say(VERSION_BLOCK);
    if (options.help) say(USAGE);
    if (options.describeStats) say(STATS_DESCRIPTION);
    return 0;
  }
  if (options.testConf) return testConfiguration(options.confFile);
  if (options.daemonize && !isDaemon()) {
    const { code, complaint } = await daemonize();
    if (code !== 0) say(`nutcracker: ${complaint || 'the daemon ended without a word'}\n`);
    return code;
  }
  return start(options);
}

async function testConfiguration(file: string): Promise<number> {
  try {
    const pools = await loadConfig(file);
    for (const text of pools.flatMap((pool) => certificateWarnings(pool))) say(`nutcracker: ${text}\n`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    say(`nutcracker: ${error.describe(file)}\n`);
    say(`nutcracker: configuration file '${file}' syntax is invalid\n`);
    return 1;
  }
  say(`nutcracker: configuration file '${file}' syntax is ok\n`);
  return 0;
}

async function start(options: Options): Promise<number | null> {
  try {
    await serve(options, transportHere());
    return null;
  } catch (error) {
    const text = error instanceof ConfigError ? error.describe(options.confFile) : (error as Error).message;
    if (error instanceof ConfigError) {
      say(`nutcracker: ${text}\nnutcracker: configuration file '${options.confFile}' syntax is invalid\n`);
    } else say(`nutcracker: ${text}\n`);
    reportFailure(text);
    return 1;
  }
}

function transportHere(): Transport {
  const bun = bunApi();
  return bun === null ? nodeTransport : bunTransport(bun);
}

function say(text: string): void {
  process.stderr.write(text);
}
