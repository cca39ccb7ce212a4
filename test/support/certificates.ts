import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 24 * 3600 * 1000;

/** Paths of a certificate and its key in PEM form. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test; its files are in a folder of the test's. */
export interface Authority {
  /** Path of its own certificate. */
  readonly cert: string;
  /**
   * Issues a certificate and writes `<file>.crt` and `<file>.key`; what was there is overwritten.
   * @param names host names and IP addresses that it is for
   * @param days until it expires; negative = it has
   */
  issue(file: string, names: readonly string[], days?: number): Promise<CertificateFiles>;
}

/** Makes an authority; its certificate is `<name>.crt` in `folder`. */
export async function createAuthority(folder: string, name: string): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = await generate();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...validity(10),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const cert = join(folder, `${name}.crt`);
  writeFileSync(cert, root.toString('pem'));
  return {
    cert,
    async issue(file, names, days = 10) {
      const own = await generate();
      const issued = await x509.X509CertificateGenerator.create({
        subject: `CN=${file}`,
        issuer: root.subject,
        ...validity(days),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.SubjectAlternativeNameExtension(
            names.map((each) => ({ type: /^[\d.]+$|:/.test(each) ? 'ip' : 'dns', value: each })),
          ),
        ],
      });
      const files = { cert: join(folder, `${file}.crt`), key: join(folder, `${file}.key`) };
      writeFileSync(files.cert, issued.toString('pem'));
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      writeFileSync(files.key, x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'));
      return files;
    },
  };
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const notAfter = new Date(Date.now() + days * DAY);
  return { notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - DAY), notAfter };
}
