import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { EnvironmentError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { lock } from '../process-lock.mjs';
import { type Step, seconds } from '../report/steps.ts';
import { ensureDebianPackages, lastLines } from './apt.ts';
import { freeBytes, requireDisk } from './platform.ts';

/** The Debian release that all images are built on. */
export const SUITE = 'bookworm';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where things are kept that any checkout and any engine of this user can share. */
export function cacheFolder(): string {
  return (
    process.env.TWEMSTACK_CACHE ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'twemstack')
  );
}

/** A root file system as a tar file, with the SHA-256 that its name goes by. */
export interface RootArchive {
  readonly path: string;
  readonly sha256: string;
  /** False when it was found in the cache. */
  readonly made: boolean;
}

/**
 * A minimal Debian root file system for an architecture (`amd64`, `arm64`), made with mmdebstrap from Debian's packages
 * the first time and taken from the cache afterwards. The cache holds whole files only: a tar is renamed into place
 * after its checksum was written, and one that no longer has its checksum is made anew.
 *
 * @throws EnvironmentError when mmdebstrap cannot be had or fails
 */
export async function debianRoot(
  architecture: string,
  step: Step,
  cache = cacheFolder(),
): Promise<RootArchive> {
  const held = await lock(`debian root in ${cache}`, () =>
    step.progress('waiting for another twemstack that makes it'),
  );
  try {
    makeFolder(cache);
    const path = join(cache, `${SUITE}-${architecture}.tar`);
    const cached = await verified(path);
    if (cached !== undefined) return { path, sha256: cached, made: false };
    requireDisk(cache, 'the base image', freeBytes);
    await ensureDebianPackages(['mmdebstrap'], 'the base image without a container registry', step);
    for (const name of readdirSync(cache)) {
      if (name.startsWith(`${SUITE}-`) && name.endsWith('.part')) rmSync(join(cache, name));
    }
    const part = `${path}.${process.pid}.part`;
    await mmdebstrap(architecture, part, step);
    const sha256 = await sha256Of(part);
    writeFileSync(`${path}.sha256`, `${sha256}\n`);
    renameSync(part, path);
    return { path, sha256, made: true };
  } finally {
    await held.release();
  }
}

async function verified(path: string): Promise<string | undefined> {
  if (!existsSync(path) || !existsSync(`${path}.sha256`)) return undefined;
  const expected = readFileSync(`${path}.sha256`, 'utf8').trim();
  return (await sha256Of(path)) === expected ? expected : undefined;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Leaves out what no daemon reads, and what belongs to the machine that made it rather than to the image. */
async function mmdebstrap(architecture: string, target: string, step: Step): Promise<void> {
  const started = Date.now();
  const tell = (what: string): void => step.progress(`mmdebstrap: ${what}, ${seconds(Date.now() - started)}`);
  tell('starting');
  const child = execa(
    'mmdebstrap',
    [
      '--variant=minbase',
      '--format=tar',
      `--architectures=${architecture}`,
      ...['doc', 'man', 'info', 'locale'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
      '--dpkgopt=path-include=/usr/share/doc/*/copyright',
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=APT::Install-Recommends "false"',
      ...(await hostProxies()).map((option) => `--aptopt=${option}`),
      '--customize-hook=rm -rf "$1"/var/cache/apt/* "$1"/var/log/* "$1"/etc/resolv.conf "$1"/etc/hostname',
      // Packages installed in an image build must not start their daemons.
      '--customize-hook=printf "#!/bin/sh\\nexit 101\\n" > "$1"/usr/sbin/policy-rc.d; chmod 755 "$1"/usr/sbin/policy-rc.d',
      SUITE,
      target,
      ...(await hostSources()),
    ],
    { all: true, reject: false, stdin: 'ignore', env: { LC_ALL: 'C.UTF-8' } },
  );
  child.all?.on('data', (chunk: Buffer) => {
    const line = chunk
      .toString()
      .match(/I: ([^\n]+)\.\.\./g)
      ?.at(-1);
    if (line !== undefined) tell(line.slice(3, -3));
  });
  const result = await child;
  if (result.exitCode === 0) return;
  rmSync(target, { force: true });
  throw new EnvironmentError(
    `mmdebstrap could not make the base image:\n${lastLines(String(result.all ?? result.message))}`,
    {
      where: target,
      remedy:
        'make Debian’s packages reachable (`apt-get update` must work), or pull debian:bookworm-slim onto the engine',
    },
  );
}

/** This machine's own Debian mirrors as apt lines, when it has this suite; else none, and mmdebstrap takes Debian's. */
async function hostSources(): Promise<string[]> {
  const result = await execa(
    'apt-get',
    ['indextargets', '--format', '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)', 'Created-By: Packages'],
    { reject: false, stderr: 'ignore' },
  );
  return result.exitCode === 0 ? aptLines(String(result.stdout)) : [];
}

/** apt's list of index targets -> one line per suite of this release, or nothing when the release itself is not among them. */
export function aptLines(
  indexTargets: string,
  keyring = existsSync(KEYRING) ? KEYRING : undefined,
): string[] {
  const option = keyring === undefined ? '' : `[signed-by="${keyring}"] `;
  const suites = new Map<string, string>();
  for (const line of indexTargets.split('\n')) {
    const [origin, uri, suite, component] = line.split('|');
    if (origin !== 'Debian' || component !== 'main' || suites.has(suite)) continue;
    if ([SUITE, `${SUITE}-updates`, `${SUITE}-security`].includes(suite)) {
      suites.set(suite, `deb ${option}${uri.replace(/\/$/, '')} ${suite} main`);
    }
  }
  return suites.has(SUITE) ? [...suites.values()] : [];
}

/** Proxies that apt uses on this machine: mmdebstrap, and the image builds on top, reach Debian the same way. */
async function hostProxies(): Promise<string[]> {
  const result = await execa('apt-config', ['dump', 'Acquire'], { reject: false, stderr: 'ignore' });
  return String(result.stdout ?? '')
    .split('\n')
    .filter((line) => /^Acquire::https?::Proxy "[^"]+";$/i.test(line))
    .map((line) => line.replace(/;$/, ''));
}
