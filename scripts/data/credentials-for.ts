import type Docker from 'dockerode';
import { OWNER_LABEL } from '../../stacks/owner-label.ts';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import { credentialsFile, ensureCredentials, readCredentials } from '../stack/credentials.ts';
import type { Home } from '../stack/home.ts';
import { attributesInStates } from '../stack/terraform-state.ts';
import { broughtTo, containersOf, knownHashes, strangeAccounts } from './known-passwords.ts';

/**
 * The passwords of a stack, generated when nothing of it exists yet.
 *
 * @param engine undefined: there is none to ask
 * @throws NotSoError when something of the stack exists and its passwords are not here, or others are: members would be told
 *   new ones one by one, and refuse each other
 */
export async function credentialsFor(
  home: Home,
  plan: AnyPlan,
  engine: Docker | undefined,
): Promise<Credentials> {
  const found = readCredentials(home, plan.name);
  if (found !== undefined) {
    if (engine !== undefined) await demandOwn(home, plan, found, engine);
    return found;
  }
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

/**
 * A change of a password that is under way is no other file: what it presents, members know already. Containers that are in no
 * state are made anew, whatever they know.
 */
async function demandOwn(home: Home, plan: AnyPlan, found: Credentials, engine: Docker): Promise<void> {
  const states = attributesInStates<{ id: string }>(home, plan.name, 'docker_container');
  const stay = new Set(states.map(({ id }) => id));
  const containers = await containersOf(engine, plan.name);
  const members = broughtTo(
    engine,
    containers.filter(({ Id }) => stay.has(Id)),
  );
  const strange = strangeAccounts(found, await knownHashes(members));
  if (strange.length === 0) return;
  throw new NotSoError(
    `the members of ${plan.name} know other passwords of ${strange.join(', ')} than this file has; nothing was changed`,
    {
      where: credentialsFile(home, plan.name),
      remedy:
        'put the file of this deployment back, or take this one away and run `twemstack secret adopt`; `twemstack secret rotate NAME` ' +
        'changes a password; to go on with those of the file, `twemstack down` (the data stays), then `twemstack up`',
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
