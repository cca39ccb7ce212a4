import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { ConfigError } from '../../../proxy/config/pool.ts';
import { certificateWarnings } from '../../../proxy/config/tls.ts';
import { createAuthority } from '../../support/certificates.ts';

let folder: string;
const at = (name: string): string => join(folder, name);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twemstack-tls-config-'));
  const authority = await createAuthority(folder, 'ca');
  await authority.issue('good', ['localhost']);
  await authority.issue('other', ['localhost']);
  await authority.issue('old', ['localhost'], -1);
  writeFileSync(at('junk.pem'), 'not a certificate\n');
  writeFileSync(at('broken.pem'), '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
  writeFileSync(
    at('locked.key'),
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n',
  );
});

after(() => rmSync(folder, { recursive: true, force: true }));

const LISTEN = ['listen_tls: 127.0.0.1:2', 'tls_cert_file: good.crt', 'tls_key_file: good.key'];

/** Reads a pool with these lines, whose `*_file` values are names in the folder. */
function read(lines: readonly string[], server = '127.0.0.1:7000:1') {
  const full = lines.map((line) => line.replace(/(_file: )(.*)/, (_, key, name) => `${key}${at(name)}`));
  const text = ['p:', '  listen: 127.0.0.1:1', '  redis: true', ...full.map((line) => `  ${line}`)];
  return parseConfig(`${text.join('\n')}\n  servers:\n   - ${server}\n`)[0];
}

/** `line: reason` of the refusal. */
function refusal(lines: readonly string[], server?: string): string {
  try {
    read(lines, server);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return `${error.position?.line}: ${error.reason}`;
  }
  return 'accepted';
}

describe('TLS in nutcracker.yml', () => {
  test('a listener, with and without client certificates', () => {
    assert.equal(read(LISTEN).listenTls?.clients, 'no');
    assert.equal(read([...LISTEN, 'tls_ca_cert_file: ca.crt']).listenTls?.clients, 'yes');
    const optional = read([...LISTEN, 'tls_ca_cert_file: ca.crt', 'tls_auth_clients: optional']);
    assert.equal(optional.listenTls?.clients, 'optional');
  });

  test('servers and sentinels share what they are reached with', () => {
    const pool = read(['server_tls: true', 'sentinel_tls: true', 'server_tls_name: redis.internal']);
    assert.equal(pool.serverTls?.name, 'redis.internal');
    assert.equal(pool.sentinelTls, pool.serverTls);
    assert.equal(read(['sentinel_tls: true', 'server_tls_ca_cert_file: ca.crt']).serverTls, null);
  });

  const cases: readonly [name: string, lines: string[], refusal: RegExp][] = [
    ['no certificate', LISTEN.slice(0, 1), /^4: .*"listen_tls" needs "tls_cert_file"$/],
    ['no key', LISTEN.slice(0, 2), /^4: .*"listen_tls" needs "tls_key_file"$/],
    ['no listener', LISTEN.slice(1), /^4: .*"tls_cert_file" needs "listen_tls"$/],
    ['a unix socket', ['listen_tls: /tmp/s', ...LISTEN.slice(1)], /^4: .*"listen_tls" must be host:port$/],
    [
      'no port',
      ['listen_tls: localhost'],
      /^4: directive "listen_tls": "localhost" is invalid: expected host:port/,
    ],
    [
      'the same address twice',
      ['listen_tls: 127.0.0.1:1', ...LISTEN.slice(1)],
      /same listen address "127.0.0.1:1"$/,
    ],
    [
      'a file that is not there',
      [LISTEN[0], 'tls_cert_file: nowhere.crt', LISTEN[2]],
      /^5: .*"tls_cert_file" cannot be read: ENOENT.*nowhere\.crt/,
    ],
    [
      'a file without a certificate',
      [LISTEN[0], 'tls_cert_file: junk.pem', LISTEN[2]],
      /^5: .*"tls_cert_file": ".*junk\.pem" has no certificate in PEM form$/,
    ],
    [
      'a broken certificate',
      [...LISTEN, 'tls_ca_cert_file: broken.pem'],
      /^7: .*certificate 1 in ".*broken\.pem" cannot be understood$/,
    ],
    [
      'a file without a key',
      [...LISTEN.slice(0, 2), 'tls_key_file: good.crt'],
      /^6: .*"tls_key_file": ".*good\.crt" has no private key in PEM form$/,
    ],
    [
      'an encrypted key',
      [...LISTEN.slice(0, 2), 'tls_key_file: locked.key'],
      /^6: .*is encrypted; a key without/,
    ],
    [
      "another certificate's key",
      [...LISTEN.slice(0, 2), 'tls_key_file: other.key'],
      /^6: .*the key in ".*other\.key" is not that of the certificate in ".*good\.crt"$/,
    ],
    [
      'nobody to trust',
      [...LISTEN, 'tls_auth_clients: yes'],
      /^7: .*"tls_auth_clients: yes" needs "tls_ca_cert_file"$/,
    ],
    [
      'a word',
      [...LISTEN, 'tls_auth_clients: maybe'],
      /"tls_auth_clients": "maybe" is not one of no optional yes$/,
    ],
    [
      'half a pair',
      ['server_tls: true', 'server_tls_cert_file: good.crt'],
      /^5: .*needs "server_tls_key_file"$/,
    ],
    ['a name for nothing', ['server_tls_name: redis'], /^4: .*"server_tls_name" needs "server_tls: true"$/],
    [
      'CA for nothing',
      ['server_tls: false', 'server_tls_ca_cert_file: ca.crt'],
      /^5: .*needs "server_tls: true"$/,
    ],
  ];
  for (const [name, lines, expected] of cases) {
    test(`refused with place and reason: ${name}`, () => assert.match(refusal(lines), expected));
  }

  test('refused with place and reason: a server on a unix socket', () => {
    assert.match(
      refusal(['server_tls: true'], '/tmp/redis.sock:1'),
      /^4: .*not for servers on unix sockets$/,
    );
  });

  test('an expired certificate is used, and warned of', () => {
    const pool = read([LISTEN[0], 'tls_cert_file: old.crt', 'tls_key_file: old.key']);
    assert.match(
      certificateWarnings(pool).join(),
      /^pool "p": "tls_cert_file": the certificate has expired on /,
    );
    assert.deepEqual(certificateWarnings(read(LISTEN)), []);
    const early = certificateWarnings(read(LISTEN), Date.now() - 5 * 24 * 3600 * 1000);
    assert.match(early.join(), /the certificate is not valid before /);
  });
});
