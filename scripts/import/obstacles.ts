import { InputError, NotSoError } from '../errors.ts';
import { whyNotClosable } from './close-source.ts';
import type { FollowedSource } from './follow-source.ts';
import { scriptsThatGoOn } from './script-writes.ts';
import type { SourceClient } from './source-client.ts';

/** Why a source cannot be closed at a moment when everything is known to be copied. */
export interface Obstacle {
  readonly what: string;
  /** Its changes are not heard of. */
  readonly isScanned: boolean;
  /** What would make it possible. */
  readonly remedy: string;
}

/** Looks for them, before anything is copied. */
export async function obstaclesOf(sources: readonly FollowedSource[]): Promise<Obstacle[]> {
  const found: Obstacle[] = [];
  for (const source of sources) {
    const obstacle = await obstacleOf(source);
    if (obstacle !== undefined) found.push(obstacle);
  }
  return found;
}

async function obstacleOf({ name, refusal, client }: FollowedSource): Promise<Obstacle | undefined> {
  if (refusal !== undefined) {
    return {
      what: `${name} does not let itself be replicated: ${refusal}`,
      isScanned: true,
      remedy:
        'allow the user PSYNC and REPLCONF; or stop the writers and say --writers-stopped: all keys are scanned once more then, which takes longer than a second',
    };
  }
  const why = await whyNotClosable(client);
  if (why === undefined) return await scriptsAtLarge(name, client);
  const remedy =
    'allow the user CONFIG GET and SET; or stop the writers yourself, and say so with --writers-stopped';
  return { what: notClosable(name, why), isScanned: false, remedy };
}

const notClosable = (source: string, why: string): string =>
  `${source} cannot be made to take no more writes: ${why}`;

async function scriptsAtLarge(source: string, client: SourceClient): Promise<Obstacle | undefined> {
  const why = await scriptsThatGoOn(client);
  if (why === undefined) return undefined;
  const remedy = 'stop the writers yourself, and say so with --writers-stopped';
  return { what: notClosable(source, why), isScanned: false, remedy };
}

/**
 * Scripts may have been called for the first time since the beginning.
 *
 * @throws NotSoError when scripts would go on writing to one of these closed sources
 */
export async function demandNoScripts(sources: readonly FollowedSource[]): Promise<void> {
  for (const { name, client } of sources) {
    const obstacle = await scriptsAtLarge(name, client);
    if (obstacle === undefined) continue;
    throw new NotSoError(`${obstacle.what}: nothing was cut over`, { where: name, remedy: obstacle.remedy });
  }
}

/** That it was asked for a cut-over all the same. */
export const uncuttable = (obstacles: readonly Obstacle[]): InputError =>
  new InputError(obstacles.map(({ what }) => what).join('; '), {
    where: '--cut-over',
    remedy: [...new Set(obstacles.map(({ remedy }) => remedy))].join('; '),
  });
