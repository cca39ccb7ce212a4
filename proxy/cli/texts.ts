/** The original's texts, byte for byte where it has them. All go to stderr. */

export const VERSION_BLOCK = 'This is nutcracker-0.5.0\nasync event backend: epoll\n\n';

const USAGE_LINES = [
  'Usage: nutcracker [-?hVdDt] [-v verbosity level] [-o output file]',
  '                  [-c conf file] [-s stats port] [-a stats addr]',
  '                  [-i stats interval] [-p pid file] [-m mbuf size]',
];

const OPTION_LINES = [
  'Options:',
  '  -h, --help             : this help',
  '  -V, --version          : show version and exit',
  '  -t, --test-conf        : test configuration for syntax errors and exit',
  '  -d, --daemonize        : run as a daemon',
  '  -D, --describe-stats   : print stats description and exit',
  '  -v, --verbose=N        : set logging level (default: 5, min: 0, max: 11)',
  '  -o, --output=S         : set logging file (default: stderr)',
  '  -c, --conf-file=S      : set configuration file (default: conf/nutcracker.yml)',
  '  -s, --stats-port=N     : set stats monitoring port (default: 22222)',
  '  -a, --stats-addr=S     : set stats monitoring ip (default: 0.0.0.0)',
  '  -i, --stats-interval=N : set stats aggregation interval in msec (default: 30000 msec)',
  '  -p, --pid-file=S       : set pid file (default: off)',
  '  -m, --mbuf-size=N      : set size of mbuf chunk in bytes (default: 16384 bytes)',
  '      --drain-timeout=N  : on SIGTERM, let clients finish for at most N msec (default: 5000 msec)',
  '      --slow-log=N       : log requests that take N msec or longer (default: off)',
  '      --workers=N        : share the listeners among N processes (default: 1)',
  '      --buffer-limit=N   : most that all clients may have waiting here, in MiB (default: 256)',
];

/** Lines end in CRLF there, but for the one of -D, and so here. */
export const USAGE = `${USAGE_LINES.join('\r\n')}\r\n\n${OPTION_LINES.join('\r\n').replace('description and exit\r', 'description and exit')}\r\n\n`;

const POOL_STATS: readonly (readonly [field: string, meaning: string])[] = [
  ['client_eof', '# eof on client connections'],
  ['client_err', '# errors on client connections'],
  ['client_connections', '# active client connections'],
  ['server_ejects', '# times backend server was ejected'],
  ['forward_error', '# times we encountered a forwarding error'],
  ['fragments', '# fragments created from a multi-vector request'],
];

const SERVER_STATS: readonly (readonly [field: string, meaning: string])[] = [
  ['server_eof', '# eof on server connections'],
  ['server_err', '# errors on server connections'],
  ['server_timedout', '# timeouts on server connections'],
  ['server_connections', '# active server connections'],
  ['server_ejected_at', 'timestamp when server was ejected in usec since epoch'],
  ['requests', '# requests'],
  ['request_bytes', 'total request bytes'],
  ['responses', '# responses'],
  ['response_bytes', 'total response bytes'],
  ['in_queue', '# requests in incoming queue'],
  ['in_queue_bytes', 'current request bytes in incoming queue'],
  ['out_queue', '# requests in outgoing queue'],
  ['out_queue_bytes', 'current request bytes in outgoing queue'],
];

/** `-D`, after the version block. */
export const STATS_DESCRIPTION = `pool stats:\n${described(POOL_STATS)}\nserver stats:\n${described(SERVER_STATS)}`;

function described(fields: typeof POOL_STATS): string {
  return fields.map(([field, meaning]) => `  ${field.padEnd(20)}"${meaning}"\n`).join('');
}
