import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { IMAGE_KINDS } from '../../topology/container-options.ts';
import { EnvironmentError } from '../errors.ts';
import type { PreparedImages } from '../images/prepared-image.ts';
import type { Home } from '../stack/home.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';
import type { BaseImageChoice } from './base-image.ts';
import type { EngineChoice } from './engine.ts';
import type { ProviderChoice } from './provider.ts';
import { terraformEnv } from './provider.ts';
import type { TerraformProgram } from './terraform.ts';

/** All that `prepare` found and chose. Paths are absolute. */
export interface Environment {
  /** The one that everything runs on; several hosts have one each. */
  readonly engine?: EngineChoice;
  readonly terraform: TerraformProgram & {
    /** Variables to run it with, so that it finds the chosen provider. */
    readonly env: Readonly<Record<string, string>>;
  };
  readonly provider: ProviderChoice;
  readonly baseImage: BaseImageChoice;
  readonly images: PreparedImages;
}

/** Raised when the file's shape changes: an older file is then as good as none. */
const FORMAT = 1;

export const environmentFile = (home: Home): string => join(home.private, 'environment.json');

/** What an earlier `prepare` found, or undefined when there was none or its file is of no use. */
export function readEnvironment(home: Home): Environment | undefined {
  try {
    const stored = JSON.parse(readIfPresent(environmentFile(home)) ?? '{}') as Environment & {
      format?: number;
    };
    if (stored.format !== FORMAT) return undefined;
    const { format: _, ...found } = mapPaths(stored, (path) => resolve(home.root, path));
    return { ...found, terraform: { ...found.terraform, env: terraformEnv(home, found.provider) } };
  } catch {
    return undefined;
  }
}

/** What stacks are deployed with from this folder. @throws EnvironmentError when none ever was */
export function demandEnvironment(home: Home): Environment {
  const environment = readEnvironment(home);
  if (environment !== undefined) return environment;
  throw new EnvironmentError('what this stack is deployed with is not known here', {
    where: home.private,
    remedy: 'run `twemstack up` from this folder first',
  });
}

/** Keeps what was found; paths below the home are stored relative to it, so that a checkout can be moved. */
export function writeEnvironment(home: Home, environment: Environment): void {
  home.privateDir(home.private);
  const stored = mapPaths({ format: FORMAT, ...environment }, (path) => {
    const inside = relative(home.root, path);
    return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
  });
  const { env: _, ...terraform } = stored.terraform;
  writePrivate(environmentFile(home), `${JSON.stringify({ ...stored, terraform }, null, 2)}\n`);
}

/** Whether everything that an environment names below the home, and its terraform, is still there. */
export function isUsable({ terraform, provider, images }: Environment): boolean {
  const paths = [
    terraform.path,
    provider.mirror,
    ...Object.values(images).map(({ contextDir }) => contextDir),
  ];
  // One that an earlier version wrote may know fewer images.
  return IMAGE_KINDS.every((kind) => kind in images) && paths.every((path) => existsSync(path));
}

function mapPaths<E extends Environment>(environment: E, map: (path: string) => string): E {
  const { provider, images } = environment;
  const mapped = Object.entries(images).map(([kind, image]) => [
    kind,
    { ...image, contextDir: map(image.contextDir) },
  ]);
  return {
    ...environment,
    provider: { ...provider, mirror: map(provider.mirror) },
    images: Object.fromEntries(mapped) as PreparedImages,
  };
}
