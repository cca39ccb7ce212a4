/** Having an image on the engine: find it, else pull it. */
import { text } from 'node:stream/consumers';
import type { ImageInspectInfo } from 'dockerode';
import { ProviderError } from '../protocol/diagnostics.ts';
import type { Operation } from '../protocol/resource-type.ts';
import type { Engine } from './engine.ts';
import { interrupted } from './wait.ts';

/** The image by name or id, or undefined. */
export async function findImage(engine: Engine, name: string): Promise<ImageInspectInfo | undefined> {
  return engine.find(`Unable to inspect image ${name}`, (docker) => docker.getImage(name).inspect());
}

/**
 * Returns the image, pulled when it is not there.
 * @param doing begins the error ("Unable to create container with image x").
 */
export async function ensureImage(
  { engine, signal }: Pick<Operation<Engine>, 'engine' | 'signal'>,
  name: string,
  doing: string,
): Promise<ImageInspectInfo> {
  const found = await findImage(engine, name);
  if (found) {
    return found;
  }
  const failure = name.startsWith('sha256:')
    ? 'there is no image of this id on the engine'
    : await pull(engine, name, signal);
  const pulled = failure === undefined ? await findImage(engine, name) : undefined;
  if (!pulled) {
    throw new ProviderError(`${doing}: ${failure ?? 'the registry answered, but the image did not come'}`, {
      detail: `The image is not on the engine and could not be pulled. Build or load it first (docker load, docker import), make the registry reachable, or correct the name.`,
    });
  }
  return pulled;
}

/** Pulls by name; a name without tag means "latest" as everywhere in Docker. Returns what went wrong, if anything. */
async function pull(engine: Engine, name: string, signal: AbortSignal): Promise<string | undefined> {
  const reference = /[:@][^/]*$/.test(name) ? name : `${name}:latest`;
  try {
    const stream = await engine.call(`unable to pull image ${name}`, (docker) =>
      docker.pull(reference, { abortSignal: signal }),
    );
    const lines = (await text(stream)).split('\n').filter((line) => line.trim() !== '');
    const errors = lines.map((line) => JSON.parse(line) as { error?: string }).filter((line) => line.error);
    return errors.length > 0 ? `unable to pull image ${name}: ${errors[0].error}` : undefined;
  } catch (error) {
    if (signal.aborted) {
      throw interrupted(`pulling image ${name}`);
    }
    if (error instanceof ProviderError && error.detail === undefined) {
      return error.message;
    }
    throw error;
  }
}
