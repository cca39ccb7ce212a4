import { createReadStream } from 'node:fs';
import type Docker from 'dockerode';
import { EnvironmentError } from '../errors.ts';
import { lock } from '../process-lock.mjs';
import { type Step, seconds } from '../report/steps.ts';
import { debianRoot, SUITE } from './debian-base.ts';

/** The image that all of ours are built on. */
export interface BaseImageChoice {
  readonly name: string;
  /** `kept` and `local` were on the engine already; `registry` was pulled; `import` was made from Debian's packages. */
  readonly origin: 'kept' | 'local' | 'registry' | 'import';
}

export interface BaseImageOptions {
  /** What an earlier run chose: kept as long as the engine has it, because another base means new images. */
  readonly previous?: string;
  readonly cache?: string;
  /** How long the registry may take to answer, in ms. */
  readonly registryPatienceMs?: number;
}

/** Public image of the release, and our own import of it. */
export const REGISTRY_IMAGE = `debian:${SUITE}-slim`;
export const IMPORT_REPOSITORY = 'twemstack/base';

const REGISTRY_PATIENCE_MS = 10_000;
/** A pull that moves nothing for this long is given up. */
const STALLED_MS = 60_000;
/** The engine's name of an architecture -> Debian's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/**
 * The base image on the engine: one that is there, else the registry's if it answers in time, else one made from
 * Debian's packages.
 *
 * @throws EnvironmentError when none of the three is to be had
 */
export async function chooseBaseImage(
  docker: Docker,
  step: Step,
  options: BaseImageOptions = {},
): Promise<BaseImageChoice> {
  const { previous } = options;
  const choose = async (): Promise<BaseImageChoice> => {
    if (previous !== undefined && (await hasImage(docker, previous)))
      return { name: previous, origin: 'kept' };
    if (await hasImage(docker, REGISTRY_IMAGE)) return { name: REGISTRY_IMAGE, origin: 'local' };
    if (await pull(docker, step, options.registryPatienceMs ?? REGISTRY_PATIENCE_MS)) {
      return { name: REGISTRY_IMAGE, origin: 'registry' };
    }
    return importDebian(docker, step, options.cache);
  };
  const held = await lock('twemstack base image', () => step.progress('waiting for another twemstack'));
  try {
    return await choose();
  } finally {
    await held.release();
  }
}

/** Whether the engine has an image of that name. */
export async function hasImage(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/** Pulls the registry's image; false when the registry does not answer in time, refuses, or stops on the way. */
async function pull(docker: Docker, step: Step, patienceMs: number): Promise<boolean> {
  const abort = new AbortController();
  const started = Date.now();
  let timer = setTimeout(() => abort.abort(), patienceMs);
  const telling = setInterval(
    () => step.progress(`asking the registry for ${REGISTRY_IMAGE}, ${seconds(Date.now() - started)}`),
    1000,
  );
  try {
    const stream = await docker.pull(REGISTRY_IMAGE, { abortSignal: abort.signal });
    clearInterval(telling);
    await new Promise<void>((resolve, reject) => {
      const onProgress = (event: { status?: string; progress?: string; id?: string }): void => {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), STALLED_MS);
        step.progress(
          `pulling ${REGISTRY_IMAGE}: ${[event.id, event.status, event.progress].filter(Boolean).join(' ')}`,
        );
      };
      docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()), onProgress);
      abort.signal.addEventListener('abort', () => reject(new Error('stalled')), { once: true });
    });
    return await hasImage(docker, REGISTRY_IMAGE);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    clearInterval(telling);
  }
}

/** Imports a root file system made from Debian's packages, named by its content. */
async function importDebian(docker: Docker, step: Step, cache?: string): Promise<BaseImageChoice> {
  const { Architecture } = (await docker.info()) as { Architecture: string };
  const architecture = ARCHITECTURES[Architecture];
  if (architecture === undefined) {
    throw new EnvironmentError(`no base image can be made for an engine on ${Architecture}`, {
      where: 'engine',
      remedy: `load ${REGISTRY_IMAGE} onto the engine (docker load)`,
    });
  }
  const root = await debianRoot(architecture, step, cache);
  const tag = `${SUITE}-${root.sha256.slice(0, 12)}`;
  const name = `${IMPORT_REPOSITORY}:${tag}`;
  if (await hasImage(docker, name)) return { name, origin: 'local' };
  step.progress(`importing ${name}`);
  const stream = await docker.importImage(createReadStream(root.path, { highWaterMark: 1 << 20 }), {
    repo: IMPORT_REPOSITORY,
    tag,
    changes: 'CMD ["/bin/bash"]',
  });
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
  );
  if (await hasImage(docker, name)) return { name, origin: 'import' };
  throw new EnvironmentError(`the engine took ${root.path} but has no image ${name}`, {
    where: 'engine',
    remedy: 'see the engine’s log; is its disk full?',
  });
}
