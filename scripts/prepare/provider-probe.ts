import {
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { makeFolder } from '../make-folder.ts';
import type { Step } from '../report/steps.ts';
import { TERRAFORM_ENV, type TerraformProgram } from './terraform.ts';

/** The provider that the stacks are written for. */
export const REAL_SOURCE = 'kreuzwerker/docker';
export const REAL_VERSION = '4.5.0';

/** An installed provider as terraform found it. */
export interface FoundProvider {
  /** Signed = downloaded from the registry; else from a mirror that the operator configured. */
  readonly mode: 'mirror' | 'registry';
  /** Full address with the registry's host, as lock files want it. */
  readonly address: string;
  /** Folder in the layout of a filesystem mirror that holds it. */
  readonly mirror: string;
}

/** `linux_amd64`, as terraform names this machine in mirrors. */
export const PLATFORM = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;

const PATIENCE_MS = 5000;
const DOWNLOAD_MS = 600_000;

export interface ProbeOptions {
  readonly terraform: TerraformProgram;
  /** Folder on the file system of `mirror`, for a temporary configuration. */
  readonly scratch: string;
  /** Where a downloaded provider is kept, in mirror layout. */
  readonly mirror: string;
  /** Only this filesystem mirror is asked; without it terraform looks wherever the operator's configuration says. */
  readonly only?: string;
  readonly patienceMs?: number;
}

/**
 * Lets terraform itself look for the real provider: in the mirrors that it is configured for or finds by its own rules,
 * then in its registry. So there is no second opinion about what counts as a mirror, and no registry's name here.
 *
 * @returns undefined when terraform finds none, or none answers within `patienceMs`
 */
export async function probeProvider(options: ProbeOptions, step: Step): Promise<FoundProvider | undefined> {
  makeFolder(options.scratch, 0o700);
  const dir = mkdtempSync(join(options.scratch, 'provider-'));
  try {
    const output = await terraformInit(dir, options, step);
    return output === undefined
      ? undefined
      : keep(dir, options.mirror, /\bsigned\b|self-signed/.test(output));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function terraformInit(dir: string, options: ProbeOptions, step: Step): Promise<string | undefined> {
  const required = { docker: { source: REAL_SOURCE, version: REAL_VERSION } };
  writeFileSync(join(dir, 'main.tf.json'), JSON.stringify({ terraform: { required_providers: required } }));
  const env: Record<string, string> = { ...TERRAFORM_ENV };
  if (options.only !== undefined)
    env.TF_CLI_CONFIG_FILE = writeMirrorConfig(join(dir, 'terraform.rc'), options.only);
  const child = execa(options.terraform.path, ['init', '-input=false', '-no-color', '-backend=false'], {
    cwd: dir,
    env,
    all: true,
    reject: false,
    stdin: 'ignore',
  });
  const giveUp = (): void => void child.kill('SIGKILL');
  let timer = setTimeout(giveUp, options.patienceMs ?? PATIENCE_MS);
  step.progress('asking terraform where it finds the Docker provider');
  child.all?.on('data', (chunk: Buffer) => {
    // Printed once the version is known to exist somewhere: from here on it is a download.
    if (!chunk.toString().includes(`Installing ${REAL_SOURCE} v${REAL_VERSION}`)) return;
    clearTimeout(timer);
    timer = setTimeout(giveUp, DOWNLOAD_MS);
    step.progress(`installing ${REAL_SOURCE} ${REAL_VERSION}`);
  });
  const result = await child;
  clearTimeout(timer);
  return result.exitCode === 0 ? String(result.all) : undefined;
}

/** A CLI configuration that takes providers from one folder only. */
export function writeMirrorConfig(file: string, mirror: string): string {
  const text = `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`;
  writeFileSync(file, text);
  return file;
}

/** Whether a folder in mirror layout holds a provider, unpacked or as terraform's own zip, for this machine. */
export function mirrorHolds(mirror: string, address: string, version: string): boolean {
  const folder = join(mirror, address);
  const zip = `terraform-provider-${address.split('/').at(-1)}_${version}_${PLATFORM}.zip`;
  return existsSync(join(folder, version, PLATFORM)) || existsSync(join(folder, zip));
}

/**
 * What terraform installed below `.terraform/providers` has the layout of a mirror already: a link into the operator's
 * unpacked mirror, or files of its own, which are moved to our mirror.
 */
function keep(dir: string, ownMirror: string, signed: boolean): FoundProvider | undefined {
  const installed = join(dir, '.terraform/providers');
  const host = readdirSync(installed)[0];
  const address = `${host}/${REAL_SOURCE}`;
  const place = join(address, REAL_VERSION, PLATFORM);
  const mode = signed ? 'registry' : 'mirror';
  const found = join(installed, place);
  if (lstatSync(found).isSymbolicLink()) {
    const target = realpathSync(found);
    if (target.endsWith(join('/', place)))
      return { mode, address, mirror: target.slice(0, -place.length - 1) };
  }
  const kept = join(ownMirror, place);
  rmSync(kept, { recursive: true, force: true });
  makeFolder(dirname(kept));
  if (lstatSync(found).isSymbolicLink()) cpSync(realpathSync(found), kept, { recursive: true });
  else renameSync(found, kept);
  return { mode, address, mirror: ownMirror };
}
