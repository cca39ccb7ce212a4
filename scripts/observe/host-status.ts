import type Docker from 'dockerode';
import type { PlanDomain } from '../../topology/types.ts';
import { withinReach } from '../stack/routed-client.ts';
import { type ContainerState, execInContainer, inspectInTurn, listOwn } from './engine.ts';

/** As long as a status waits for a host to be reached, and again for what it has to say. Milliseconds. */
const LOOK_MS = 2500;

/** One machine of a stack on several hosts, as it is now. */
export interface HostStatus {
  readonly domain: string;
  readonly address: string;
  /** Why its engine was not reached; undefined when it was. */
  readonly problem?: string;
  /** How far its clock is ahead of this machine's; milliseconds. */
  readonly clockMs?: number;
  /** Of the last minute, and how many processors share it. */
  readonly load?: number;
  readonly processors?: number;
  /** Where its engine keeps data; percent of the room that is free. */
  readonly diskFree?: number;
}

/** A host, and the containers that it has of the stack. */
export interface HostSeen {
  readonly host: HostStatus;
  readonly containers: ReadonlyMap<string, ContainerState>;
}

const FACTS = ['bash', '-c', 'cat /proc/loadavg && df -P /data | tail -1'];

/** Asks one host; nothing waits longer for one that does not answer. A host without an answer is a row like any other. */
export async function lookAtHost(
  stack: string,
  domain: PlanDomain,
  docker: Docker,
  patienceMs = LOOK_MS,
): Promise<HostSeen> {
  const known = placeOf(domain);
  try {
    // Over ssh this is the login, too: the time of what follows is the request's own.
    const found = await withinReach((gaveUp) => listOwn(docker, stack, gaveUp), patienceMs);
    const [own, states] = await withinReach(
      (gaveUp) => Promise.all([ownWord(docker, gaveUp), inspectInTurn(docker, found, gaveUp)]),
      patienceMs,
    );
    return { host: { ...known, ...own }, containers: new Map(states.map((state) => [state.name, state])) };
  } catch (error) {
    return notReached(domain, (error as Error).message);
  }
}

const placeOf = ({ name, host }: PlanDomain): Pick<HostStatus, 'domain' | 'address'> => ({
  domain: name,
  address: host?.address ?? '',
});

/** What is known of a host that does not answer. */
export const notReached = (domain: PlanDomain, problem: string): HostSeen => ({
  host: { ...placeOf(domain), problem },
  containers: new Map(),
});

/** Its types do not say that dockerode takes a signal here as everywhere. */
interface AsksInfo {
  info(options: { readonly abortSignal: AbortSignal }): Promise<{
    readonly SystemTime: string;
    readonly NCPU: number;
  }>;
}

async function ownWord(
  docker: Docker,
  abortSignal: AbortSignal,
): Promise<Pick<HostStatus, 'clockMs' | 'processors'>> {
  const asked = Date.now();
  const info = await (docker as unknown as AsksInfo).info({ abortSignal });
  const clockMs = Math.round(Date.parse(info.SystemTime) - (asked + Date.now()) / 2);
  return { clockMs, processors: info.NCPU };
}

/** What a member sees of its machine: members use the machine's own kernel, and their data lies where its engine's does. */
export async function hostFacts(
  { members }: PlanDomain,
  docker: Docker,
  containers: ReadonlyMap<string, ContainerState>,
): Promise<Pick<HostStatus, 'load' | 'diskFree'>> {
  const withData = members.find(
    ({ name, role }) =>
      (role === 'redis' || role === 'sentinel') && containers.get(name)?.status === 'running',
  );
  if (withData === undefined) return {};
  try {
    return parseFacts(await withinReach(() => execInContainer(docker, withData.name, FACTS)));
  } catch {
    // The member's own row tells that it does not answer.
    return {};
  }
}

/** /proc/loadavg, then the line of `df -P`: file system, blocks, used, available, capacity, mount point. */
export function parseFacts(text: string): Pick<HostStatus, 'load' | 'diskFree'> {
  const [loads = '', room = ''] = text.trim().split('\n');
  const [, , used, available] = room.trim().split(/\s+/).map(Number);
  return {
    load: Number(loads.split(' ')[0]),
    diskFree: Math.round((100 * available) / (used + available)),
  };
}
