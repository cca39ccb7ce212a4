import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { findProgram } from '../../scripts/prepare/platform.ts';

/**
 * Puts an image on an engine that has programs of this machine, with the libraries that they are linked with, and nothing
 * else: it takes no registry and no build.
 *
 * @param name `repository:tag`
 * @throws Error for a program that this machine has not
 */
export async function importProgramImage(
  docker: Docker,
  name: string,
  programs: readonly string[],
): Promise<void> {
  const archive = pack();
  archive.entry({ name: 'tmp', type: 'directory', mode: 0o1777 });
  const libraries = new Set<string>();
  for (const program of programs) {
    const path = findProgram(program);
    if (path === undefined) throw new Error(`this machine has no ${program}`);
    archive.entry({ name: `bin/${program}`, mode: 0o755 }, readFileSync(path));
    const linked = execFileSync('ldd', [realpathSync(path)], { encoding: 'utf8' });
    for (const [library] of linked.matchAll(/\/\S+(?= \(0x)/g)) libraries.add(library);
  }
  for (const library of libraries)
    archive.entry({ name: library.slice(1), mode: 0o755 }, readFileSync(library));
  archive.finalize();
  const [repo, tag] = name.split(':');
  const answer = await docker.importImage(archive as unknown as NodeJS.ReadableStream, {
    repo,
    tag,
    changes: 'ENV PATH=/bin',
  });
  const said = await text(answer as Readable);
  if (said.includes('"error"')) throw new Error(`docker import failed: ${said}`);
}
