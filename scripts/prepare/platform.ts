import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { EnvironmentError } from '../errors.ts';

/** What this machine is, as far as `prepare` must know before it installs or starts anything. */
export interface Platform {
  readonly os: NodeJS.Platform;
  /** `ID` and `VERSION_CODENAME` of /etc/os-release, e.g. debian bookworm; empty when unknown. */
  readonly distribution: string;
  readonly codename: string;
  readonly root: boolean;
  /** Whether packages come from apt. */
  readonly apt: boolean;
  /** Whether systemd runs the services of this machine. */
  readonly systemd: boolean;
}

/** Free space below which nothing is begun, in bytes: images, data volumes and the bundle need about 1.5 GB. */
export const LOW_DISK = 2 * 1024 ** 3;

/** Folders with system programs that the PATH of an ordinary user may lack. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** Looks at this machine. */
export function detectPlatform(): Platform {
  const release = osRelease();
  return {
    os: process.platform,
    distribution: release.get('ID') ?? '',
    codename: release.get('VERSION_CODENAME') ?? '',
    root: process.getuid?.() === 0,
    apt: findProgram('apt-get') !== undefined && findProgram('dpkg-query') !== undefined,
    systemd: exists('/run/systemd/system'),
  };
}

/** One line about a platform for people. */
export function describePlatform(platform: Platform): string {
  const system = platform.distribution ? `${platform.distribution} ${platform.codename}`.trim() : platform.os;
  return `${system}, ${process.arch}, ${platform.root ? 'root' : 'not root'}`;
}

/** Full path of a program on PATH or in the system's own folders; undefined when there is none. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  for (const folder of [...path.split(delimiter), ...SYSTEM_FOLDERS]) {
    const candidate = join(folder, name);
    if (folder !== '' && exists(candidate, constants.X_OK)) return candidate;
  }
  return undefined;
}

/** Free bytes on the file system of a path, or of its nearest folder that exists. */
export function freeBytes(path: string): number {
  for (let folder = path; ; folder = dirname(folder)) {
    if (!exists(folder)) continue;
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  }
}

/** @throws EnvironmentError when less than LOW_DISK is free where `path` is. */
export function requireDisk(path: string, purpose: string, free: (path: string) => number = freeBytes): void {
  const bytes = free(path);
  if (bytes >= LOW_DISK) return;
  throw new EnvironmentError(
    `only ${(bytes / 1024 ** 3).toFixed(1)} GB are free for ${purpose}, 2 GB are needed`,
    {
      where: path,
      remedy: 'free some space there; `docker system df` shows what images and volumes take',
    },
  );
}

/** @throws EnvironmentError when this system is not one that containers with a bridge of their own can run on. */
export function requireLinux(platform: Platform): void {
  if (platform.os === 'linux') return;
  throw new EnvironmentError(`twemstack runs on Linux, this is ${platform.os}`, {
    where: 'operating system',
    remedy: 'run it on a Linux machine: applications reach the virtual IP over that machine’s own bridge',
  });
}

function exists(path: string, mode = constants.F_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function osRelease(): Map<string, string> {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
    return new Map(
      lines.flatMap((line) => {
        const match = /^([A-Z_]+)="?([^"]*)"?$/.exec(line);
        return match === null ? [] : [[match[1], match[2]] as const];
      }),
    );
  } catch {
    return new Map();
  }
}
