/** The plugin's own certificate for two-way TLS with terraform. Made anew at every start, never stored. */
import 'reflect-metadata'; // The certificate library demands it, and before it.
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface ServerCertificate {
  /** PEM, for the server. */
  key: string;
  certificate: string;
  /** The same certificate as the handshake line wants it: DER in base64 without padding. */
  handshake: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 24 * 60 * 60 * 1000;

/**
 * Makes a self-signed P-256 certificate. Terraform takes it as the only authority it trusts for this connection and dials
 * "localhost", hence CA = true, both key usages, and that one name.
 */
export async function makeServerCertificate(): Promise<ServerCertificate> {
  const subtle = webcrypto.subtle;
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + 30 * DAY),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature |
          x509.KeyUsageFlags.keyEncipherment |
          x509.KeyUsageFlags.keyAgreement |
          x509.KeyUsageFlags.keyCertSign,
        true,
      ),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.clientAuth,
        x509.ExtendedKeyUsage.serverAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
    ],
  });
  const der = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey));
  return {
    key: pem('PRIVATE KEY', der),
    certificate: certificate.toString('pem'),
    handshake: Buffer.from(certificate.rawData).toString('base64').replaceAll('=', ''),
  };
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
