/** The command line, read as getopt_long does with the original's option table. */
export interface Options {
  help: boolean;
  version: boolean;
  testConf: boolean;
  daemonize: boolean;
  describeStats: boolean;
  verbose: number;
  /** null = stderr. */
  output: string | null;
  confFile: string;
  statsPort: number;
  statsAddr: string;
  statsInterval: number;
  pidFile: string | null;
  mbufSize: number;
  /** Ours: milliseconds that a drain may take. */
  drainTimeout: number;
  /** Ours: requests slower than this many milliseconds are logged; 0 = none. */
  slowLog: number;
  /** Ours: MiB that all clients together may have waiting in the proxy. */
  bufferLimit: number;
  /** Ours: processes that share the pools' listeners; 1 = this one serves by itself. */
  workers: number;
}

/** A command line that is refused: the sentence for stderr, before the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const MAX_VERBOSITY = 11;
const MBUF_LEAST = 512;
const MBUF_MOST = 16 * 1024 * 1024;
const WORKERS_MOST = 256;

interface Definition {
  long: string;
  /** What its argument is called in messages; none for a switch. */
  argument?: 'number' | 'file name' | 'string';
}

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  h: { long: 'help' },
  V: { long: 'version' },
  t: { long: 'test-conf' },
  d: { long: 'daemonize' },
  D: { long: 'describe-stats' },
  v: { long: 'verbose', argument: 'number' },
  o: { long: 'output', argument: 'file name' },
  c: { long: 'conf-file', argument: 'file name' },
  s: { long: 'stats-port', argument: 'number' },
  i: { long: 'stats-interval', argument: 'number' },
  a: { long: 'stats-addr', argument: 'string' },
  p: { long: 'pid-file', argument: 'file name' },
  m: { long: 'mbuf-size', argument: 'number' },
  // ours have no short form, so that they can never collide with the original's
  '+drain': { long: 'drain-timeout', argument: 'number' },
  '+slow': { long: 'slow-log', argument: 'number' },
  '+workers': { long: 'workers', argument: 'number' },
  '+buffer': { long: 'buffer-limit', argument: 'number' },
};

/** @throws UsageError in the original's words */
export function parseOptions(argv: readonly string[]): Options {
  const options = defaults();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i];
    if (word === '--') break;
    if (word.startsWith('--')) {
      const [name, given] = splitOnce(word.slice(2), '=');
      const option = findLong(name);
      const { argument } = DEFINITIONS[option];
      if (argument === undefined && given !== undefined) throw invalid(option);
      const value = argument === undefined ? '' : (given ?? argv[++i]);
      apply(options, option, value);
    } else if (word.startsWith('-') && word !== '-') {
      i = shortOptions(options, word, argv, i);
    }
  }
  return options;
}

/** A word of short options such as `-tV` or `-s22222`. Returns the index of the last word used. */
function shortOptions(options: Options, word: string, argv: readonly string[], i: number): number {
  for (let k = 1; k < word.length; k++) {
    const option = word[k];
    const definition = DEFINITIONS[option];
    if (definition === undefined) throw invalid(option);
    if (definition.argument === undefined) {
      apply(options, option, '');
      continue;
    }
    const rest = word.slice(k + 1);
    apply(options, option, rest === '' ? argv[i + 1] : rest);
    return rest === '' ? i + 1 : i;
  }
  return i;
}

/** Exact or unambiguous prefix. */
function findLong(name: string): string {
  const entries = Object.entries(DEFINITIONS);
  const exact = entries.find(([, definition]) => definition.long === name);
  if (exact) return exact[0];
  const starting = entries.filter(([, definition]) => name !== '' && definition.long.startsWith(name));
  if (starting.length !== 1) throw new UsageError(`nutcracker: invalid option -- '--${name}'`);
  return starting[0][0];
}

function apply(options: Options, option: string, value: string | undefined): void {
  const { argument, long } = DEFINITIONS[option];
  if (argument !== undefined && value === undefined) throw requires(option, argument);
  const text = value ?? '';
  const number = (): number => {
    if (!/^[0-9]{1,9}$/.test(text)) throw requires(option, 'number');
    return Number(text);
  };
  switch (long) {
    case 'help':
      options.help = true;
      break;
    case 'version':
      options.version = true;
      break;
    case 'test-conf':
      options.testConf = true;
      break;
    case 'daemonize':
      options.daemonize = true;
      break;
    case 'describe-stats':
      options.describeStats = true;
      break;
    case 'verbose':
      options.verbose = Math.min(number(), MAX_VERBOSITY);
      break;
    case 'output':
      options.output = text;
      break;
    case 'conf-file':
      options.confFile = text;
      break;
    case 'stats-port':
      options.statsPort = port(number());
      break;
    case 'stats-addr':
      options.statsAddr = text;
      break;
    case 'stats-interval':
      options.statsInterval = number();
      break;
    case 'pid-file':
      options.pidFile = text;
      break;
    case 'mbuf-size':
      options.mbufSize = mbufSize(text);
      break;
    case 'drain-timeout':
      options.drainTimeout = number();
      break;
    case 'slow-log':
      options.slowLog = number();
      break;
    case 'workers':
      options.workers = workers(number());
      break;
    case 'buffer-limit':
      options.bufferLimit = bufferLimit(number());
      break;
  }
}

function port(value: number): number {
  if (value < 1 || value > 65535)
    throw new UsageError(`nutcracker: option -s value ${value} is not a valid port`);
  return value;
}

function workers(value: number): number {
  if (value < 1 || value > WORKERS_MOST) {
    throw new UsageError(`nutcracker: option --workers value ${value} is not between 1 and ${WORKERS_MOST}`);
  }
  return value;
}

function bufferLimit(mebibytes: number): number {
  if (mebibytes === 0) throw new UsageError('nutcracker: option --buffer-limit must be at least 1 (MiB)');
  return mebibytes;
}

function mbufSize(text: string): number {
  const size = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (size === 0) throw new UsageError('nutcracker: option -m requires a non-zero number');
  if (size < MBUF_LEAST || size > MBUF_MOST) {
    throw new UsageError(`nutcracker: mbuf chunk size must be between ${MBUF_LEAST} and ${MBUF_MOST} bytes`);
  }
  return size;
}

function requires(option: string, what: string): UsageError {
  const shown = option.length === 1 ? `-${option}` : `--${DEFINITIONS[option].long}`;
  if (option === 'm') return new UsageError('nutcracker: option -m requires a non-zero number');
  return new UsageError(`nutcracker: option ${shown} requires a ${what}`);
}

function invalid(option: string): UsageError {
  return new UsageError(`nutcracker: invalid option -- '${option}'`);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function defaults(): Options {
  return {
    help: false,
    version: false,
    testConf: false,
    daemonize: false,
    describeStats: false,
    verbose: 5,
    output: null,
    confFile: 'conf/nutcracker.yml',
    statsPort: 22222,
    statsAddr: '0.0.0.0',
    statsInterval: 30_000,
    pidFile: null,
    mbufSize: 16_384,
    drainTimeout: 5_000,
    slowLog: 0,
    bufferLimit: 256,
    workers: 1,
  };
}
