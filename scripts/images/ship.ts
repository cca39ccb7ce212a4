import type Docker from 'dockerode';
import { EnvironmentError, OperatorError } from '../errors.ts';
import type { Step } from '../report/steps.ts';
import type { DomainEngine } from '../stack/domain-engine.ts';
import { TransferError, transferImages } from './transfer.ts';

/** An engine that has images to give, and what it is called in sentences. */
export interface ImageSource {
  readonly title: string;
  readonly docker: Docker;
}

/** An image as an engine has it. */
export interface HeldImage {
  readonly id: string;
  /** What it holds: two stores give one image different ids (Docker's own, containerd's), its layers are the same. */
  readonly layers: string;
  /** Bytes, unpacked. */
  readonly size: number;
}

/** `host b (ssh://ops@10.0.0.12)`, for sentences. */
export const hostTitle = ({ domain, host }: DomainEngine): string =>
  `host ${domain}${host === undefined ? '' : ` (${host.docker})`}`;

/** The image of that name on an engine; undefined when it has none. */
export async function heldImage(docker: Docker, name: string): Promise<HeldImage | undefined> {
  try {
    const { Id, RootFS, Size } = await docker.getImage(name).inspect();
    return { id: Id, layers: (RootFS.Layers ?? []).join(' '), size: Size };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/**
 * Brings images to every engine that has not got them, all engines at once. The same image is on all of them afterwards; one
 * of another content by the same name gives way to it. What was brought before a failure stays, and is not brought again.
 *
 * @param images what the source has, by name
 * @returns how many engines took something
 * @throws EnvironmentError that names every host that failed, with its words; the reason of `signal` when that was aborted
 */
export async function shipImages(
  source: ImageSource,
  images: ReadonlyMap<string, HeldImage>,
  targets: readonly DomainEngine[],
  step: Step,
  signal?: AbortSignal,
): Promise<number> {
  const sent = new Map<string, number>();
  const tell = (): void => {
    // In the order of the file, whoever begins first.
    const parts = targets.flatMap(({ domain }) => {
      const bytes = sent.get(domain);
      return bytes === undefined ? [] : [`${domain} ${megabytes(bytes)}`];
    });
    step.progress(`bringing images to ${parts.join(', ')}`);
  };
  const shipped = await Promise.allSettled(
    targets.map(async (target) => {
      const { docker, domain } = target;
      const missing = await missingImages(docker, images);
      if (missing.length === 0) return false;
      sent.set(domain, 0);
      tell();
      await transferImages(source.docker, docker, missing, {
        signal,
        moved: (bytes) => {
          sent.set(domain, (sent.get(domain) ?? 0) + bytes);
          tell();
        },
      });
      const still = await missingImages(docker, images);
      if (still.length > 0) throw new Error(`took everything and has no ${still.join(', ')}`);
      return true;
    }),
  );
  signal?.throwIfAborted();
  const failures = shipped.flatMap((result, index) =>
    result.status === 'rejected' ? [failure(source, targets[index], result.reason)] : [],
  );
  if (failures.length > 0) throw together(failures);
  return shipped.filter((result) => result.status === 'fulfilled' && result.value).length;
}

async function missingImages(docker: Docker, images: ReadonlyMap<string, HeldImage>): Promise<string[]> {
  const found = await Promise.all(
    [...images].map(async ([name, image]) => {
      const held = await heldImage(docker, name);
      return held !== undefined && sameImage(held, image) ? [] : [name];
    }),
  );
  return found.flat();
}

/** Whether two engines have the same image. */
export const sameImage = (one: HeldImage, other: HeldImage): boolean =>
  one.id === other.id || one.layers === other.layers;

function failure(source: ImageSource, target: DomainEngine, reason: unknown): OperatorError {
  if (reason instanceof OperatorError) return reason;
  const words = reason instanceof Error ? reason.message : String(reason);
  const lost = reason instanceof TransferError && reason.side === 'source';
  return new EnvironmentError(
    lost
      ? `the images for ${hostTitle(target)} did not come from ${source.title}: ${words}`
      : `${hostTitle(target)} did not take the images: ${words}`,
    {
      where: lost ? source.title : (target.host?.docker ?? target.domain),
      remedy: /no space left/i.test(words)
        ? 'free space there (`docker system df` shows what takes it), then the same command again'
        : 'the same command again goes on: what has arrived is whole and stays',
      cause: reason,
    },
  );
}

function together([first, ...others]: readonly OperatorError[]): EnvironmentError {
  const more = others.map(({ message }) => `\nalso: ${message}`).join('');
  return new EnvironmentError(`${first.message}${more}`, first);
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
