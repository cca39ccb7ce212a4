import 'reflect-metadata'; // The certificate library demands it, and before it.
import { webcrypto } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { execa } from 'execa';
import type { LabHost, LabPlace } from './place.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3600 * 1000;
const VALID_DAYS = 365;

/** ssh keys of hosts and person, and certificates of engines and person: of the lab alone, made once per lab. */
export async function makeKeys(place: LabPlace, hosts: readonly LabHost[]): Promise<void> {
  if (existsSync(join(place.keys, 'done'))) return;
  mkdirSync(place.keys, { recursive: true, mode: 0o700 });
  await Promise.all([makeSshKeys(place, hosts), makeCertificates(place, hosts)]);
  writeSsh(place);
  writeFileSync(join(place.keys, 'done'), '');
}

async function makeSshKeys({ keys }: LabPlace, hosts: readonly LabHost[]): Promise<void> {
  for (const name of ['host', 'person']) {
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', `twemstack lab ${name}`, '-f', join(keys, name)];
    // A half-made one of a killed `up` would be asked about.
    await execa('rm', ['-f', join(keys, name), join(keys, `${name}.pub`)]);
    await execa('ssh-keygen', args, { stdin: 'ignore' });
  }
  await execa('cp', [join(keys, 'person.pub'), join(keys, 'authorized_keys')]);
  const { stdout: key } = await execa('cat', [join(keys, 'host.pub')]);
  writeFileSync(join(keys, 'known_hosts'), hosts.map(({ address }) => `${address} ${key}\n`).join(''));
}

/** An ssh with the lab's key and hosts in front of the person's own configuration. */
function writeSsh({ bin, keys }: LabPlace): void {
  mkdirSync(bin, { recursive: true });
  const program = join(bin, 'ssh');
  writeFileSync(
    program,
    `#!/bin/sh
# ssh for the hosts of \`twemstack lab\`: their keys, and nothing of ~/.ssh.
PATH=\${PATH#"${bin}:"}
exec ssh -F /dev/null -o IdentitiesOnly=yes -i "${join(keys, 'person')}" -o UserKnownHostsFile="${join(keys, 'known_hosts')}" \\
  -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes "$@"
`,
  );
  chmodSync(program, 0o755);
}

/** Files as docker's own client and dockerd call them: `ca.pem`, `cert.pem`, `key.pem`, and `<host>-cert.pem`, `<host>-key.pem`. */
async function makeCertificates({ keys }: LabPlace, hosts: readonly LabHost[]): Promise<void> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const authorityKeys = await generate();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=twemstack lab',
    ...validity(),
    keys: authorityKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  writeFileSync(join(keys, 'ca.pem'), authority.toString('pem'));
  const issue = async (
    file: string,
    usage: x509.ExtendedKeyUsage,
    addresses: readonly string[],
  ): Promise<void> => {
    const own = await generate();
    const names = addresses.map((value) => ({ type: 'ip' as const, value }));
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${file === '' ? 'person' : file}`,
      issuer: authority.subject,
      ...validity(),
      publicKey: own.publicKey,
      signingKey: authorityKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    });
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
    writeFileSync(join(keys, `${file}cert.pem`), certificate.toString('pem'));
    writeFileSync(join(keys, `${file}key.pem`), x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), {
      mode: 0o600,
    });
  };
  await issue('', x509.ExtendedKeyUsage.clientAuth, []);
  for (const { address, name } of hosts) await issue(`${name}-`, x509.ExtendedKeyUsage.serverAuth, [address]);
}

const generate = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const validity = (): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(Date.now() - DAY_MS),
  notAfter: new Date(Date.now() + VALID_DAYS * DAY_MS),
});
