import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { EnvironmentError } from '../errors.ts';
import { lock } from '../process-lock.mjs';
import type { Step } from '../report/steps.ts';
import { detectPlatform, type Platform } from './platform.ts';
import { withoutServiceStarts } from './service-policy.ts';

/** File descriptor on which apt tells how far it is. */
const STATUS_FD = 3;
const OPTIONS = [
  '-y',
  '--no-install-recommends',
  '-o',
  'Dpkg::Use-Pty=0',
  '-o',
  'DPkg::Lock::Timeout=300',
  '-o',
  `APT::Status-Fd=${STATUS_FD}`,
];
const ENV = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l', LC_ALL: 'C.UTF-8' };

/** Those of `names` that are not installed. */
export async function missingPackages(names: readonly string[]): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const format = '${Package} ${db:Status-Status}\n';
  const result = await execa('dpkg-query', ['-W', '-f', format, ...names], {
    reject: false,
    stderr: 'ignore',
  });
  const installed = new Set(
    String(result.stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/**
 * Installs the Debian packages of `names` that are missing, without starting any service they bring.
 *
 * @param purpose what they are for, as in "needed to …"; part of the error texts
 * @returns the packages that were installed now
 * @throws EnvironmentError when this is no Debian, not root, or apt fails
 */
export async function ensureDebianPackages(
  names: readonly string[],
  purpose: string,
  step: Step,
  platform: Platform = detectPlatform(),
): Promise<string[]> {
  if (!platform.apt) {
    throw new EnvironmentError(
      `${purpose} needs ${names.join(', ')}, and this system has no apt to install them`,
      {
        where: platform.distribution || platform.os,
        remedy: 'install the equivalents with this system’s own package manager, or use Debian 12',
      },
    );
  }
  const missing = await missingPackages(names);
  if (missing.length === 0) return [];
  if (!platform.root) {
    throw new EnvironmentError(
      `${purpose} needs Debian packages that are not installed: ${missing.join(' ')}`,
      {
        where: 'not root',
        remedy: `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`,
      },
    );
  }
  const held = await lock('twemstack apt', () =>
    step.progress('waiting for another twemstack that installs packages'),
  );
  try {
    await withoutServiceStarts(() => install(missing, step));
  } finally {
    await held.release();
  }
  return missing;
}

/** Installs from the package lists at hand; when that fails, refreshes the lists, completes a broken install and retries. */
async function install(names: readonly string[], step: Step): Promise<void> {
  step.progress(`installing ${names.join(' ')}`);
  const first = await apt(['install', ...OPTIONS, ...names], step);
  if (first.ok) return;
  if (first.output.includes('dpkg --configure -a')) {
    await execa('dpkg', ['--configure', '-a'], { env: ENV, reject: false, stdin: 'ignore' });
  }
  step.progress('refreshing the package lists (apt-get update)');
  await apt(['update', '-o', `APT::Status-Fd=${STATUS_FD}`], step);
  const second = await apt(['install', ...OPTIONS, ...names], step);
  if (second.ok) return;
  throw new EnvironmentError(`apt-get could not install ${names.join(' ')}:\n${lastLines(second.output)}`, {
    where: '/etc/apt/sources.list',
    remedy: `see why with: apt-get update && apt-get install --no-install-recommends ${names.join(' ')}`,
  });
}

async function apt(args: readonly string[], step: Step): Promise<{ ok: boolean; output: string }> {
  const child = execa('apt-get', [...args], {
    env: ENV,
    reject: false,
    all: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const status = child.stdio[STATUS_FD] as Readable;
  const reading = (async () => {
    for await (const line of createInterface({ input: status })) {
      const sentence = aptProgress(line);
      if (sentence !== undefined) step.progress(sentence);
    }
  })();
  const result = await child;
  await reading;
  return { ok: result.exitCode === 0, output: String(result.all ?? '') };
}

/** A line of apt's status channel as people read it: `dlstatus:1:20.5:Retrieving …`, `pmstatus:pkg:33.3:Unpacking …`. */
export function aptProgress(line: string): string | undefined {
  const match = /^(dlstatus|pmstatus):[^:]*(?::[a-z0-9]+)?:([0-9.]+):(.*)$/.exec(line);
  if (match === null) return undefined;
  const [, kind, percent, what] = match;
  return `apt: ${kind === 'dlstatus' ? 'downloading' : 'installing'} ${Math.round(Number(percent))} %, ${what}`;
}

/** The end of a tool's output, indented for an error. */
export function lastLines(output: string, count = 6): string {
  return output
    .trimEnd()
    .split('\n')
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}
