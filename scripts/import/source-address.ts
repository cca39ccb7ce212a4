import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisOptions } from 'ioredis';
import { InputError } from '../errors.ts';
import type { RedisLogin } from '../observe/redis-call.ts';

const DEFAULT_PORT = 6379;

/** A Redis that keys are brought from. */
export interface SourceAddress {
  /** For people: never with a password. */
  readonly name: string;
  readonly place: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly tls: { readonly ca: string | undefined } | undefined;
  readonly login: RedisLogin;
}

/** What `redis://user:password@host:port/database` says. */
export interface SourceUrl {
  readonly source: SourceAddress;
  /** undefined = all of them. */
  readonly database: number | undefined;
}

export interface UrlOptions {
  /** Where the URL has none. */
  readonly password: string | undefined;
  /** A file with the authority of its certificate; undefined = Node's list. */
  readonly caFile: string | undefined;
}

export const isUrl = (from: string): boolean => /^[a-z]+:\/\//i.test(from);

/** @throws InputError when it is no such URL; its password is in no message */
export function parseSourceUrl(text: string, { password, caFile }: UrlOptions): SourceUrl {
  const wrong = (what: string): InputError =>
    new InputError(`--from: ${what}`, {
      where: '--from',
      remedy:
        'write redis://HOST:PORT, rediss:// for TLS, with USER@ in front of HOST and /DATABASE behind it',
    });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong('this is no URL');
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw wrong(`"${url.protocol}//" is not known here`);
  if (url.hostname === '') throw wrong('the URL names no host');
  const path = url.pathname.replace(/^\//, '');
  if (!/^\d{0,5}$/.test(path)) throw wrong(`"/${path}" is no number of a database`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const secret = decoded(url.password) || password;
  return {
    source: {
      name: `${url.protocol}//${url.hostname}:${port}`,
      place: { host, port },
      tls: url.protocol === 'rediss:' ? { ca: caFile === undefined ? undefined : readCa(caFile) } : undefined,
      login: { username: decoded(url.username) || undefined, password: secret },
    },
    database: path === '' ? undefined : Number(path),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A password with a % that nobody encoded.
    return text;
  }
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InputError(`${file} cannot be read: ${(error as Error).message}`, {
      where: '--ca',
      remedy: 'name a file with certificates (PEM)',
    });
  }
}

/** As ioredis wants it. */
export function clientOptions({ place, tls, login }: SourceAddress): RedisOptions {
  return {
    ...place,
    ...login,
    ...(tls === undefined ? {} : { tls: { ca: tls.ca } }),
  };
}

/** A plain connection; what goes wrong is told by its `error`. */
export function openSocket({ place, tls }: SourceAddress): Socket {
  if (tls === undefined) return connect(place);
  return connectTls({
    ...place,
    ca: tls.ca,
    ...('host' in place ? { servername: serverName(place.host) } : {}),
  });
}

/** A certificate's name is not asked for by address (RFC 6066, 3). */
const serverName = (host: string): string => (/^[\d.]+$|:/.test(host) ? '' : host);
