/** Files put into a container before it starts. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pack } from 'tar-stream';
import { ProviderError } from '../protocol/diagnostics.ts';
import { isEmpty, type ObjectValue } from '../protocol/values.ts';
import { itemsOf } from './container-blocks.ts';
import type { Engine } from './engine.ts';

const SOURCES = ['content', 'content_base64', 'source'] as const;

/** Uploads every file of the upload blocks, owned by root. */
export async function uploadFiles(engine: Engine, id: string, planned: ObjectValue): Promise<void> {
  for (const upload of itemsOf(planned.upload)) {
    const file = String(upload.file);
    const content = await contentOf(upload);
    const base = uploadBase(planned, file);
    const archive = await tarOf(path.posix.relative(base, file), content, modeOf(upload));
    await engine.call(`Unable to upload ${file}`, (docker) =>
      docker.getContainer(id).putArchive(archive, { path: base }),
    );
  }
}

/**
 * The folder the archive is unpacked in. A container with a read-only root takes files only inside a volume, and only when
 * the volume itself is the target; so it is the deepest volume that holds the file, else the root.
 */
export function uploadBase(planned: ObjectValue, file: string): string {
  const volumes = itemsOf(planned.volumes).map((volume) => String(volume.container_path));
  const mounts = itemsOf(planned.mounts)
    .filter((mount) => mount.type === 'volume')
    .map((mount) => String(mount.target));
  const holding = [...volumes, ...mounts].filter((folder) =>
    file.startsWith(`${folder.replace(/\/$/, '')}/`),
  );
  return holding.sort((a, b) => b.length - a.length)[0] ?? '/';
}

/** Which of the three sources a block names; unknown values count as named. */
export function namedSources(upload: ObjectValue): string[] {
  return SOURCES.filter((name) => upload[name] !== null && upload[name] !== '');
}

async function contentOf(upload: ObjectValue): Promise<Buffer> {
  if (!isEmpty(upload.content_base64)) {
    return Buffer.from(String(upload.content_base64), 'base64');
  }
  if (isEmpty(upload.source)) {
    return Buffer.from(String(upload.content ?? ''), 'utf8');
  }
  const source = String(upload.source);
  try {
    return await readFile(source);
  } catch (error) {
    throw new ProviderError(`could not read file: ${source}`, {
      detail: `${(error as Error).message}. Relative paths start in ${process.cwd()}.`,
      path: ['upload'],
      cause: error,
    });
  }
}

function modeOf(upload: ObjectValue): number {
  if (!isEmpty(upload.permissions)) {
    return Number.parseInt(String(upload.permissions), 8);
  }
  return upload.executable === true ? 0o744 : 0o644;
}

async function tarOf(name: string, content: Buffer, mode: number): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name, mode, mtime: new Date() }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
