/** Building an image on the engine from a folder. */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { ImageBuildOptions } from 'dockerode';
import { ProviderError } from '../protocol/diagnostics.ts';
import type { Operation } from '../protocol/resource-type.ts';
import { isEmpty, isObject, type ObjectValue, type Value } from '../protocol/values.ts';
import { packContext } from './build-context.ts';
import type { Engine } from './engine.ts';
import { findImage } from './image-pull.ts';
import { interrupted } from './wait.ts';

/** Says what an image was built from: a digest of context, Dockerfile, arguments, labels, target and triggers. */
export const BUILD_LABEL = 'twemstack.build';

const LAST_LINES = 15;

/**
 * Builds `name`, unless the engine has an image of this name that was built from exactly the same things.
 * @throws ProviderError with the failing step and its last lines.
 */
export async function buildImage(
  operation: Operation<Engine>,
  name: string,
  build: ObjectValue,
  triggers: Value,
): Promise<void> {
  const context = await packContext(String(build.context), String(build.dockerfile));
  const digest = createHash('sha256')
    .update(context.digest)
    .update(
      JSON.stringify([
        build.dockerfile,
        sorted(build.build_args),
        labelsOf(build),
        build.target,
        sorted(triggers),
      ]),
    )
    .digest('hex');
  const existing = await findImage(operation.engine, name);
  if (build.no_cache !== true && existing?.Config?.Labels?.[BUILD_LABEL] === digest) {
    await tagAll(operation.engine, name, build);
    return;
  }
  const options = {
    ...buildOptions(name, build, digest),
    dockerfile: context.dockerfile,
    abortSignal: operation.signal,
  };
  try {
    const output = await operation.engine.call(`Unable to build image ${name}`, (docker) =>
      docker.buildImage(context.archive() as unknown as NodeJS.ReadableStream, options),
    );
    await follow(name, output as Readable);
  } catch (error) {
    throw operation.signal.aborted ? interrupted(`building image ${name}`) : error;
  }
  await tagAll(operation.engine, name, build);
}

/** Only what is set: the client sends an undefined option as an empty one, which the engine rejects. */
function buildOptions(name: string, build: ObjectValue, digest: string): ImageBuildOptions {
  const options: Record<string, unknown> = {
    t: name,
    labels: { ...labelsOf(build), [BUILD_LABEL]: digest },
    buildargs: build.build_args,
    target: build.target,
    nocache: build.no_cache,
    pull: build.pull_parent,
    rm: build.remove !== false,
    forcerm: build.force_remove,
    networkmode: build.network_mode,
    extrahosts: isEmpty(build.extra_hosts) ? null : (build.extra_hosts as string[]).join(','),
    shmsize: isEmpty(build.shm_size) ? null : Number(build.shm_size),
  };
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => name === 'rm' || !isEmpty(value as Value)),
  );
}

function labelsOf(build: ObjectValue): Record<string, string> {
  const labels = {
    ...(isObject(build.label) ? build.label : {}),
    ...(isObject(build.labels) ? build.labels : {}),
  };
  return sorted(labels) as Record<string, string>;
}

function sorted(value: Value): Value {
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

/** Gives the image its further names. */
async function tagAll(engine: Engine, name: string, build: ObjectValue): Promise<void> {
  for (const tag of Array.isArray(build.tag) ? build.tag.map(String) : []) {
    const [, repo, version] = /^(.*?)(?::([^/:]+))?$/.exec(tag) ?? [];
    await engine.call(`Unable to tag image ${name} as ${tag}`, (docker) =>
      docker.getImage(name).tag({ repo, tag: version ?? 'latest' }),
    );
  }
}

interface BuildMessage {
  stream?: string;
  error?: string;
}

/** Reads the build's output to its end. @throws ProviderError when a step failed. */
async function follow(name: string, output: Readable): Promise<void> {
  let step = '';
  let lines: string[] = [];
  for await (const line of createInterface({ input: output })) {
    const message = parse(line);
    // What a step writes on stderr comes in red.
    const plain = stripVTControlCharacters(message.stream ?? '');
    for (const text of plain.split('\n').filter((part) => part.trim() !== '' && !/^ ---> /.test(part))) {
      if (/^Step \d+\/\d+ : /.test(text)) {
        step = text;
        lines = [];
      } else {
        lines.push(text);
      }
    }
    if (message.error !== undefined) {
      const tail = lines.slice(-LAST_LINES).map((one) => `  ${one}`);
      throw new ProviderError(`Unable to build image ${name}: ${message.error}`, {
        detail: [`It failed at "${step || 'reading the Dockerfile'}". Its last lines:`, ...tail].join('\n'),
        path: ['build'],
      });
    }
  }
}

function parse(line: string): BuildMessage {
  try {
    return JSON.parse(line) as BuildMessage;
  } catch {
    return { stream: line };
  }
}
