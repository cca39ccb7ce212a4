import type Docker from 'dockerode';
import { OWNER_LABEL } from '../../stacks/owner-label.ts';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import { credentialsFile, ensureCredentials, readCredentials } from './credentials.ts';
import type { Home } from './home.ts';

/**
 * The passwords of a stack, generated when nothing of it exists yet.
 *
 * @param engine undefined: there is none to ask
 * @throws NotSoError when something of the stack exists and its passwords are not here: members would be told new ones one
 *   by one, and refuse each other
 */
export async function credentialsFor(
  home: Home,
  plan: AnyPlan,
  engine: Docker | undefined,
): Promise<Credentials> {
  const found = readCredentials(home, plan.name);
  if (found !== undefined) return found;
  const there = engine === undefined ? [] : await whatExists(engine, plan.name);
  if (there.length === 0) return ensureCredentials(home, plan.name);
  throw new NotSoError(
    `the passwords of ${plan.name} are not here, and ${there.join(' and ')} of it exist; nothing was changed`,
    {
      where: credentialsFile(home, plan.name),
      remedy:
        '`twemstack secret adopt` takes them from what is there; `twemstack secret adopt --from FILE` from a backup of that file',
    },
  );
}

/** Containers and volumes that carry a stack's label, in words. */
export async function whatExists(engine: Docker, stack: string): Promise<string[]> {
  const filters = { label: [`${OWNER_LABEL}=${stack}`] };
  const containers = await engine.listContainers({ all: true, filters });
  const { Volumes } = await engine.listVolumes({ filters });
  const volumes = Volumes ?? [];
  return [
    ...(containers.length === 0 ? [] : [`${containers.length} containers`]),
    ...(volumes.length === 0 ? [] : [`${volumes.length} volumes`]),
  ];
}
