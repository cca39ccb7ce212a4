import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Draft } from './directives.ts';
import { readNamedFile } from './files.ts';
import type { Credentials, PoolConfig, TlsConnect, TlsListen } from './pool.ts';

/** Refuses the pool: the rule that is broken, and the key whose place in the file is named. */
type Fail = (reason: string, key?: string) => never;

type TlsConfig = Pick<PoolConfig, 'listenTls' | 'serverTls' | 'sentinelTls'>;

/** Everything about TLS in a pool, its files read and checked. */
export function tlsOf(draft: Draft, fail: Fail): TlsConfig {
  const server =
    draft.serverTls || draft.sentinelTls ? serverAccess(draft, fail) : refuseServerKeys(draft, fail);
  if (draft.serverTls && draft.servers?.some(({ address }) => address.kind === 'unix')) {
    fail('"server_tls" is for host:port, not for servers on unix sockets', 'server_tls');
  }
  return {
    listenTls: listener(draft, fail),
    serverTls: draft.serverTls ? server : null,
    sentinelTls: draft.sentinelTls ? server : null,
  };
}

function listener(draft: Draft, fail: Fail): TlsListen | null {
  const { listenTls: address, tlsCertFile, tlsKeyFile, tlsCaCertFile, tlsAuthClients } = draft;
  if (address === undefined) {
    if (tlsCertFile !== undefined) fail('"tls_cert_file" needs "listen_tls"', 'tls_cert_file');
    if (tlsKeyFile !== undefined) fail('"tls_key_file" needs "listen_tls"', 'tls_key_file');
    if (tlsCaCertFile !== undefined) fail('"tls_ca_cert_file" needs "listen_tls"', 'tls_ca_cert_file');
    if (tlsAuthClients !== undefined) fail('"tls_auth_clients" needs "listen_tls"', 'tls_auth_clients');
    return null;
  }
  if (address.kind === 'unix') fail('"listen_tls" must be host:port', 'listen_tls');
  if (tlsCertFile === undefined) fail('"listen_tls" needs "tls_cert_file"', 'listen_tls');
  if (tlsKeyFile === undefined) fail('"listen_tls" needs "tls_key_file"', 'listen_tls');
  const clients = tlsAuthClients ?? (tlsCaCertFile === undefined ? 'no' : 'yes');
  if (clients !== 'no' && tlsCaCertFile === undefined) {
    fail(`"tls_auth_clients: ${clients}" needs "tls_ca_cert_file"`, 'tls_auth_clients');
  }
  const credentials = readCredentials('tls', tlsCertFile, tlsKeyFile, tlsCaCertFile, fail);
  return { address, text: draft.listenTlsText ?? '', clients, credentials };
}

function serverAccess(draft: Draft, fail: Fail): TlsConnect {
  const { serverTlsCertFile, serverTlsKeyFile, serverTlsCaCertFile, serverTlsName } = draft;
  const credentials = readCredentials(
    'server_tls',
    serverTlsCertFile,
    serverTlsKeyFile,
    serverTlsCaCertFile,
    fail,
  );
  return { name: serverTlsName ?? null, credentials };
}

function refuseServerKeys(draft: Draft, fail: Fail): null {
  const { serverTlsCertFile, serverTlsKeyFile, serverTlsCaCertFile, serverTlsName } = draft;
  const given: readonly (readonly [key: string, value: string | undefined])[] = [
    ['server_tls_cert_file', serverTlsCertFile],
    ['server_tls_key_file', serverTlsKeyFile],
    ['server_tls_ca_cert_file', serverTlsCaCertFile],
    ['server_tls_name', serverTlsName],
  ];
  const [useless] = given.find(([, value]) => value !== undefined) ?? [];
  return useless === undefined ? null : fail(`"${useless}" needs "server_tls: true"`, useless);
}

/** @param prefix of the three keys, for messages */
function readCredentials(
  prefix: string,
  certFile: string | undefined,
  keyFile: string | undefined,
  caFile: string | undefined,
  fail: Fail,
): Credentials {
  const [certKey, keyKey, caKey] = [`${prefix}_cert_file`, `${prefix}_key_file`, `${prefix}_ca_cert_file`];
  if (certFile !== undefined && keyFile === undefined) fail(`"${certKey}" needs "${keyKey}"`, certKey);
  if (certFile === undefined && keyFile !== undefined) fail(`"${keyKey}" needs "${certKey}"`, keyKey);
  const cert = certFile === undefined ? null : readCertificates(certFile, certKey, fail);
  const key = keyFile === undefined ? null : readKey(keyFile, keyKey, fail);
  if (cert !== null && key !== null && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    fail(`"${keyKey}": the key in "${keyFile}" is not that of the certificate in "${certFile}"`, keyKey);
  }
  return { cert, key, ca: caFile === undefined ? null : readCertificates(caFile, caKey, fail) };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** One certificate or more; the first is the one that counts, the others are its chain or a list. */
function readCertificates(file: string, key: string, fail: Fail): string {
  const text = readText(file, key, fail);
  const blocks = text.match(CERTIFICATE) ?? fail(`"${key}": "${file}" has no certificate in PEM form`, key);
  blocks.forEach((block, index) => {
    try {
      new X509Certificate(block);
    } catch {
      fail(`"${key}": certificate ${index + 1} in "${file}" cannot be understood`, key);
    }
  });
  return text;
}

function readKey(file: string, key: string, fail: Fail): string {
  const text = readText(file, key, fail);
  if (/ENCRYPTED/.test(text)) {
    fail(`"${key}": the key in "${file}" is encrypted; a key without a passphrase is needed`, key);
  }
  try {
    createPrivateKey(text);
  } catch {
    fail(`"${key}": "${file}" has no private key in PEM form`, key);
  }
  return text;
}

function readText(file: string, key: string, fail: Fail): string {
  try {
    return readNamedFile(file);
  } catch (error) {
    return fail(`"${key}" cannot be read: ${(error as Error).message}`, key);
  }
}

/** What is wrong with a pool's own certificates although they can be used: sentences for the log. */
export function certificateWarnings(pool: PoolConfig, now = Date.now()): string[] {
  const own: readonly (readonly [key: string, cert: string | null | undefined])[] = [
    ['tls_cert_file', pool.listenTls?.credentials.cert],
    ['server_tls_cert_file', (pool.serverTls ?? pool.sentinelTls)?.credentials.cert],
  ];
  const warnings: string[] = [];
  for (const [key, cert] of own) {
    if (!cert) continue;
    const { validFrom, validTo } = new X509Certificate(cert);
    const warn = (text: string): void =>
      void warnings.push(`pool "${pool.name}": "${key}": the certificate ${text}`);
    if (Date.parse(validTo) < now) warn(`has expired on ${validTo}`);
    else if (Date.parse(validFrom) > now) warn(`is not valid before ${validFrom}`);
  }
  return warnings;
}

/** When the certificate that clients see expires, seconds since the epoch; null without one. */
export function certificateExpiry({ listenTls }: PoolConfig): number | null {
  const cert = listenTls?.credentials.cert;
  return cert ? Date.parse(new X509Certificate(cert).validTo) / 1000 : null;
}
