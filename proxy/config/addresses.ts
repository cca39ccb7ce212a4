import { isIP } from 'node:net';
import type { Address, MemberEntry, ServerEntry } from './pool.ts';
import { parseNumber, parsePort } from './values.ts';

/** Size of sun_path without its terminator. */
const UNIX_PATH_LIMIT = 107;
const MEMCACHED_PORT = 11211;

/** Outcome of reading one value: either it, or the rule that it breaks. */
export type Parsed<T> = { ok: T } | { wrong: string };

/** `host:port` (split at the last colon) or `/path [octal permissions]`. Resolves nothing. */
export function parseListen(text: string): Parsed<Address> {
  if (text.startsWith('/')) return parseUnixListen(text);
  const colon = text.lastIndexOf(':');
  if (colon < 0) return { wrong: 'expected host:port or /path' };
  const port = parsePort(text.slice(colon + 1));
  if (port === null) return { wrong: 'the port must be 1..65535' };
  if (colon === 0) return { wrong: 'the host is empty' };
  return { ok: { kind: 'tcp', host: text.slice(0, colon), port } };
}

function parseUnixListen(text: string): Parsed<Address> {
  const space = text.lastIndexOf(' ');
  const path = space < 0 ? text : text.slice(0, space);
  // strtol(…, 8): digits as far as they go, none is 0
  const mode = space < 0 ? 0 : Number.parseInt(/^[0-7]*/.exec(text.slice(space + 1))?.[0] || '0', 8);
  if (mode > 0o777) return { wrong: 'permissions must be octal, at most 0777' };
  if (Buffer.byteLength(path) > UNIX_PATH_LIMIT)
    return { wrong: `a socket path has at most ${UNIX_PATH_LIMIT} bytes` };
  return { ok: { kind: 'unix', path, mode } };
}

/** `host:port:weight [name]` or `/path:weight [name]`, read from the right as the original does. */
export function parseServer(text: string): Parsed<ServerEntry> {
  const space = text.lastIndexOf(' ');
  const name = space < 0 ? '' : text.slice(space + 1);
  const place = space < 0 ? text : text.slice(0, space);
  const colon = place.lastIndexOf(':');
  if (colon < 0) return { wrong: 'expected host:port:weight [name] or /path:weight [name]' };
  const weight = parseNumber(place.slice(colon + 1));
  if (weight === null) return { wrong: `"${place.slice(colon + 1)}" is not a weight` };
  if (weight === 0) return { wrong: 'a weight must be at least 1' };
  const rest = place.slice(0, colon);
  return text.startsWith('/') ? unixServer(rest, weight, name) : tcpServer(rest, weight, name);
}

function unixServer(path: string, weight: number, name: string): Parsed<ServerEntry> {
  if (path.includes(':')) return { wrong: 'a socket path cannot contain a colon' };
  if (Buffer.byteLength(path) > UNIX_PATH_LIMIT)
    return { wrong: `a socket path has at most ${UNIX_PATH_LIMIT} bytes` };
  return { ok: { name: name || `${path}:`, address: { kind: 'unix', path, mode: 0 }, weight } };
}

function tcpServer(rest: string, weight: number, name: string): Parsed<ServerEntry> {
  const colon = rest.lastIndexOf(':');
  if (colon < 0) return { wrong: 'expected host:port:weight [name]' };
  const port = parsePort(rest.slice(colon + 1));
  if (port === null) return { wrong: `the port must be 1..65535, got "${rest.slice(colon + 1)}"` };
  const host = rest.slice(0, colon);
  const defaultName = port === MEMCACHED_PORT ? host : `${host}:${port}`;
  return { ok: { name: name || defaultName, address: { kind: 'tcp', host, port }, weight } };
}

/**
 * `host:port[:weight [name]]`; weight and name are read and ignored: they are in the syntax that users know from upstream's
 * notes and its forks.
 */
export function parseSentinel(text: string): Parsed<Address> {
  const match = /^(.+?):([0-9]+)(?::[0-9]+(?: +\S+)?)?$/.exec(text);
  const port = match ? parsePort(match[2]) : null;
  if (!match || port === null) return { wrong: 'expected host:port or host:port:weight [name]' };
  return { ok: { kind: 'tcp', host: match[1], port } };
}

/** `address:port`, by number: a proxy must recognise itself. */
export function parsePeer(text: string): Parsed<Address> {
  const match = /^(.+):([0-9]+)$/.exec(text);
  const port = match ? parsePort(match[2]) : null;
  if (!match || port === null) return { wrong: 'expected address:port' };
  if (isIP(match[1]) === 0) return { wrong: `"${match[1]}" is not an IP address` };
  return { ok: { kind: 'tcp', host: match[1], port } };
}

/** `host:port server`. */
export function parseMember(text: string): Parsed<MemberEntry> {
  const match = /^(\S+):([0-9]+) (\S+)$/.exec(text);
  const port = match ? parsePort(match[2]) : null;
  if (!match || port === null) return { wrong: 'expected host:port and the name of a server' };
  return { ok: { host: match[1], port, server: match[3] } };
}

/** The original's order of servers and pools: shorter names first, then bytewise. */
export function compareNames(a: string, b: string): number {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length - right.length || Buffer.compare(left, right);
}

export function formatAddress(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
}
