/** Replies that the proxy gives itself, and the texts of its errors. */

/** The Redis version whose commands the table knows; what clients that ask are told. */
export const REDIS_VERSION = '7.0.15';

export const PONG = Buffer.from('+PONG\r\n');
export const OK = Buffer.from('+OK\r\n');
export const EMPTY_ARRAY = Buffer.from('*0\r\n');

/** The original's words for each way in which a server connection fails (its errno texts). */
export const REFUSED = 'Connection refused';
export const TIMED_OUT = 'Connection timed out';
export const RESET = 'Connection reset by peer';
export const BROKEN_PIPE = 'Broken pipe';
export const CLOSED = 'unknown';
export const UNRESOLVED = 'Host is down';
export const INVALID = 'Invalid argument';

/** How an error ends that promises that the server was not given the request. */
export const NOT_EXECUTED = 'not executed';

/** The original's words for an errno name. */
export function faultText(code: string): string {
  switch (code) {
    case 'ECONNRESET':
      return RESET;
    case 'EPIPE':
      return BROKEN_PIPE;
    case 'ETIMEDOUT':
      return TIMED_OUT;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return UNRESOLVED;
    case 'ENOENT':
      return 'No such file or directory';
    case 'EACCES':
      return 'Permission denied';
    case 'EHOSTUNREACH':
      return 'No route to host';
    case 'EPROTO':
      return 'Protocol error';
    case 'ENETUNREACH':
      return 'Network is unreachable';
    default:
      return REFUSED;
  }
}

/** `reasonOf` a connection that its server closed in order: everything that it had sent before has come (RFC 9293, 3.6). */
export const CLOSED_BY_SERVER = 'the server closed the connection';

/** In more words than the original has, for messages that are ours alone. */
export function reasonOf(text: string): string {
  if (text === CLOSED) return CLOSED_BY_SERVER;
  if (text === INVALID) return 'the server sent what is no reply';
  return text;
}

export const NO_AUTH = Buffer.from('-NOAUTH Authentication required\r\n');
export const SYNTAX_ERROR = Buffer.from('-ERR syntax error\r\n');
export const AUTH_WRONG = Buffer.from('-WRONGPASS invalid username-password pair or user is disabled.\r\n');
export const AUTH_NOT_SET = Buffer.from('-ERR Client sent AUTH, but no password is set\r\n');

/** No error is longer: what clients send may be quoted in one, and they may send anything. */
const LONGEST_ERROR = 1024;

/** `-ERR text`, any line break in the text made harmless. */
export function errorReply(text: string, code = 'ERR'): Buffer {
  const shown = text.length > LONGEST_ERROR ? `${text.slice(0, LONGEST_ERROR)}...` : text;
  return Buffer.from(`-${code} ${shown.replace(/[\r\n]/g, ' ')}\r\n`);
}

export function bulkReply(text: string | Uint8Array): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** Text that RESP3 knows to be text; a bulk string in RESP2. */
export function verbatimReply(text: string, protocol: number): Buffer {
  if (protocol !== 3) return bulkReply(text);
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`=${bytes.length + 4}\r\ntxt:`), bytes, Buffer.from('\r\n')]);
}

export function nullReply(protocol: number): Buffer {
  return Buffer.from(protocol === 3 ? '_\r\n' : '$-1\r\n');
}

/** Lines as a HELP subcommand gives them. */
export function statusesReply(lines: readonly string[]): Buffer {
  return Buffer.from(`*${lines.length}\r\n${lines.map((line) => `+${line}\r\n`).join('')}`);
}

export function integerReply(value: number): Buffer {
  return Buffer.from(`:${value}\r\n`);
}

/** An array reply of these. */
export function arrayOf(elements: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(`*${elements.length}\r\n`), ...elements]);
}

/** @param pairs keys and values in turns; RESP2 has no maps, and gets them as they stand here */
export function mapOf(pairs: readonly Uint8Array[], protocol: number): Buffer {
  return protocol === 3 ? Buffer.concat([Buffer.from(`%${pairs.length / 2}\r\n`), ...pairs]) : arrayOf(pairs);
}

/** A request in RESP form. */
export function encodeRequest(parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...parts.map(bulkReply)]);
}

/** Bytes for an error message: printable, quoted, shortened. */
export function quoted(bytes: Uint8Array, from: number, to: number): string {
  return `'${printableText(bytes, from, Math.min(to, from + 64))}${to - from > 64 ? '...' : ''}'`;
}

/** Bytes as text for an error message: what is not printable ASCII is written `\x..`. */
function printableText(bytes: Uint8Array, from: number, to: number): string {
  const shown = Buffer.from(bytes.subarray(from, to)).toString('latin1');
  return shown.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
