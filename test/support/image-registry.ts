import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** A container registry with one image, or one that never answers. */
export interface ImageRegistry {
  readonly port: number;
  readonly requests: readonly string[];
  /** From now on it takes connections and never answers. */
  hang(): void;
  stop(): Promise<void>;
}

const MEDIA = 'application/vnd.docker.distribution.manifest.v2+json';

/**
 * Serves `library/<name>:<tag>` (Docker Registry HTTP API V2, image manifest schema 2) on all addresses of this machine,
 * so that an engine in a network namespace can have it as its mirror.
 */
export async function startImageRegistry(repository: string, tag: string): Promise<ImageRegistry> {
  const layer = emptyTar();
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    }),
  );
  const packed = gzipSync(layer);
  const part = (mediaType: string, body: Buffer) => ({ mediaType, size: body.length, digest: digest(body) });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA,
      config: part('application/vnd.docker.container.image.v1+json', config),
      layers: [part('application/vnd.docker.image.rootfs.diff.tar.gzip', packed)],
    }),
  );
  const base = `/v2/${repository}`;
  const files = new Map<string, Buffer>([
    ['/v2/', Buffer.from('{}')],
    [`${base}/manifests/${tag}`, manifest],
    [`${base}/manifests/${digest(manifest)}`, manifest],
    [`${base}/blobs/${digest(config)}`, config],
    [`${base}/blobs/${digest(packed)}`, packed],
  ]);
  const requests: string[] = [];
  let hanging = false;
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (hanging) return;
    const body = files.get(request.url ?? '');
    const type = request.url?.includes('/manifests/') ? MEDIA : 'application/octet-stream';
    response.setHeader('content-type', type);
    if (body !== undefined) {
      response.setHeader('docker-content-digest', digest(body)).setHeader('content-length', body.length);
    }
    response.writeHead(body === undefined ? 404 : 200).end(request.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    hang() {
      hanging = true;
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const digest = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

/** A tar archive without members: two blocks of zeros. */
const emptyTar = (): Buffer => Buffer.alloc(1024);
