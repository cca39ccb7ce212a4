import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { storedZip } from './stored-zip.ts';

/** A provider registry on loopback, for terraform to believe that it is its own. */
export interface ProviderRegistry {
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  /** CLI configuration that makes terraform take this for `host`. */
  cliConfig(host: string): string;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** `namespace/type` of the one provider that it has. */
  readonly provider: string;
  readonly version: string;
  /** Takes connections and never answers. */
  readonly silent?: boolean;
}

const PLATFORM = { os: process.platform, arch: process.arch === 'x64' ? 'amd64' : process.arch };

/** Starts one. Its archive is signed with a key made for the occasion, as the registry protocol demands. */
export async function startProviderRegistry(options: RegistryOptions): Promise<ProviderRegistry> {
  const { provider, version } = options;
  const files = new Map<string, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (options.silent === true) return;
    const body = files.get(request.url ?? '');
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const type = provider.split('/')[1];
  const filename = `terraform-provider-${type}_${version}_${PLATFORM.os}_${PLATFORM.arch}.zip`;
  const zip = storedZip(`terraform-provider-${type}_v${version}`, Buffer.from('#!/bin/sh\nexit 1\n'));
  const shasum = createHash('sha256').update(zip).digest('hex');
  const sums = Buffer.from(`${shasum}  ${filename}\n`);
  const { publicKey, keyId, signature } = await sign(sums);
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  files.set(
    `/v1/providers/${provider}/versions`,
    json({ versions: [{ version, protocols: ['5.0'], platforms: [PLATFORM] }] }),
  );
  files.set(
    `/v1/providers/${provider}/${version}/download/${PLATFORM.os}/${PLATFORM.arch}`,
    json({
      ...PLATFORM,
      protocols: ['5.0'],
      filename,
      download_url: `${base}/zip`,
      shasum,
      shasums_url: `${base}/sums`,
      shasums_signature_url: `${base}/sums.sig`,
      signing_keys: { gpg_public_keys: [{ key_id: keyId, ascii_armor: publicKey }] },
    }),
  );
  files.set('/zip', zip).set('/sums', sums).set('/sums.sig', signature);
  return {
    requests,
    cliConfig: (host) =>
      `host "${host}" {\n  services = {\n    "providers.v1" = "${base}/v1/providers/"\n  }\n}\n`,
    stop: () => close(server),
  };
}

async function sign(content: Buffer): Promise<{ publicKey: string; keyId: string; signature: Buffer }> {
  const home = mkdtempSync(join(tmpdir(), 'tw-gpg-'));
  const gpg = (...args: string[]) =>
    execa('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...args]);
  try {
    await gpg('--quick-generate-key', 'test@twemstack.invalid', 'rsa2048', 'sign', 'never');
    writeFileSync(join(home, 'sums'), content);
    await gpg('--output', join(home, 'sums.sig'), '--detach-sign', join(home, 'sums'));
    const { stdout: publicKey } = await gpg('--armor', '--export');
    const { stdout: list } = await gpg('--with-colons', '--list-keys');
    const keyId = /^pub:[^:]*:[^:]*:[^:]*:([0-9A-F]+):/m.exec(String(list))?.[1] ?? '';
    return { publicKey: String(publicKey), keyId, signature: readFileSync(join(home, 'sums.sig')) };
  } finally {
    await execa('gpgconf', ['--homedir', home, '--kill', 'all'], { reject: false });
    rmSync(home, { recursive: true, force: true });
  }
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
