/** A tiny image made on the spot, because no registry is needed for these tests: busybox and nothing else. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';

/** The image's name; it is the base of all images the tests build. */
export const IMAGE = 'tw-provider/busybox:1';

const PLACES = ['/usr/bin/busybox', '/bin/busybox'];

/** Puts the image on the engine. @throws when this machine has no static busybox */
export async function importTestImage(docker: Docker): Promise<void> {
  const busybox = PLACES.find(existsSync);
  if (busybox === undefined) {
    throw new Error('the provider tests need a static busybox: apt-get install busybox-static');
  }
  const archive = pack();
  archive.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync(busybox));
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')) {
    if (applet !== '' && applet !== 'busybox') {
      archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
    }
  }
  archive.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/:/bin/sh\nworker:x:10001:10001::/:/bin/sh\n');
  archive.entry({ name: 'etc/group' }, 'root:x:0:\nworker:x:10001:\n');
  archive.entry({ name: 'tmp', type: 'directory', mode: 0o1777 });
  archive.finalize();
  const [repo, tag] = IMAGE.split(':');
  const answer = await docker.importImage(archive as unknown as NodeJS.ReadableStream, { repo, tag });
  const said = await text(answer as Readable);
  if (said.includes('"error"')) {
    throw new Error(`docker import failed: ${said}`);
  }
}
