import { Engine } from '../../provider/docker/engine.ts';
import { buildImage } from '../../provider/docker/image-build.ts';
import { ProviderError } from '../../provider/protocol/diagnostics.ts';
import { imageKinds } from '../../topology/container-options.ts';
import { EnvironmentError } from '../errors.ts';
import type { Step } from '../report/steps.ts';
import type { DomainEngine } from '../stack/domain-engine.ts';
import type { PreparedImage, PreparedImages } from './prepared-image.ts';
import { type HeldImage, heldImage, hostTitle, type ImageSource, sameImage, shipImages } from './ship.ts';

/** What became of the images of a stack on several hosts. */
export interface ProvidedImages {
  /** Where they were built now; undefined when an engine had them. */
  readonly built: string | undefined;
  /** How many engines took something. */
  readonly shipped: number;
}

/** Of a stack on several hosts, which has no monitors. */
const needed = (prepared: PreparedImages): PreparedImage[] => imageKinds({}).map((kind) => prepared[kind]);

/** The images that an engine has all of, by name; undefined when it lacks one. */
type ImageSet = ReadonlyMap<string, HeldImage>;

/**
 * Has the same images on all engines. They are built once, and only when no engine has all of them: on several engines the
 * same sources would make different images, and each of them would need a way to Debian's packages.
 *
 * @param builder builds, when something is to be built
 * @throws EnvironmentError with the engine's own words, and which one it was
 */
export async function provideImages(
  prepared: PreparedImages,
  builder: ImageSource,
  engines: readonly DomainEngine[],
  step: Step,
  signal?: AbortSignal,
): Promise<ProvidedImages> {
  const names = needed(prepared).map(({ name }) => name);
  step.progress('asking every host for its images');
  const found = await findSource(names, builder, engines);
  if (found === undefined) await build(prepared, builder, step, signal);
  const source = found?.source ?? builder;
  const images = found?.images ?? (await imagesOf(builder, names));
  if (images === undefined)
    throw new EnvironmentError(`${builder.title} built the images and has not got them`, {
      where: builder.title,
      remedy: 'see that engine’s log; is somebody removing images there?',
    });
  const shipped = await shipImages(source, images, engines, step, signal);
  return { built: found === undefined ? builder.title : undefined, shipped };
}

/** Whether one of the engines has all of the images. */
export async function haveImages(
  prepared: PreparedImages,
  builder: ImageSource,
  engines: readonly DomainEngine[],
): Promise<boolean> {
  const names = needed(prepared).map(({ name }) => name);
  return (await findSource(names, builder, engines)) !== undefined;
}

/** Of all engines that have everything, the one whose images most hosts have: fewest take something new. */
async function findSource(
  names: readonly string[],
  builder: ImageSource,
  engines: readonly DomainEngine[],
): Promise<{ readonly source: ImageSource; readonly images: ImageSet } | undefined> {
  const hosts = engines.map((engine) => ({ title: hostTitle(engine), docker: engine.docker }));
  const [here, ...there] = await Promise.all(
    [builder, ...hosts].map(async (source) => ({ source, images: await imagesOf(source, names) })),
  );
  const likes = (images: ImageSet): number =>
    there.filter((other) => other.images !== undefined && sameSet(other.images, images)).length;
  const candidates = [here, ...there].flatMap(({ images, source }) =>
    images === undefined ? [] : [{ source, images, likes: likes(images) }],
  );
  // The sort is stable: where hosts do not decide, the builder comes first.
  return candidates.sort((one, other) => other.likes - one.likes)[0];
}

const sameSet = (one: ImageSet, other: ImageSet): boolean =>
  [...one].every(([name, image]) => {
    const twin = other.get(name);
    return twin !== undefined && sameImage(image, twin);
  });

/** @throws EnvironmentError that says which engine does not tell */
async function imagesOf(
  { docker, title }: ImageSource,
  names: readonly string[],
): Promise<ImageSet | undefined> {
  const asked = Promise.all(names.map(async (name) => [name, await heldImage(docker, name)] as const));
  const held = await asked.catch((cause: Error) => {
    throw new EnvironmentError(`${title} does not say which images it has: ${cause.message}`, {
      where: title,
      remedy: 'nothing was changed; the same command again, when that engine answers',
      cause,
    });
  });
  const there = held.flatMap(([name, image]) => (image === undefined ? [] : [[name, image] as const]));
  return there.length === names.length ? new Map(there) : undefined;
}

async function build(
  prepared: PreparedImages,
  { docker, title }: ImageSource,
  step: Step,
  signal = new AbortController().signal,
): Promise<void> {
  const operation = { engine: Engine.of(title, docker), signal, warn: () => undefined };
  for (const { base, contextDir, name } of needed(prepared)) {
    step.progress(`building ${name} on ${title}`);
    try {
      await buildImage(
        operation,
        name,
        { context: contextDir, dockerfile: 'Dockerfile', build_args: { BASE: base } },
        null,
      );
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof ProviderError)) throw cause;
      const detail = cause.detail === undefined ? '' : `\n${cause.detail}`;
      throw new EnvironmentError(`${cause.message}${detail}`, {
        where: title,
        remedy:
          'building takes a way to Debian’s packages; an engine on this machine (or the one of DOCKER_HOST) that has the hosts’ architecture builds before a host does',
        cause,
      });
    }
  }
}
