import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { INSTANCE_LABEL, OWNER_LABEL } from '../../stacks/owner-label.ts';
import { seedVolume } from '../../stacks/volume-names.ts';
import type { AnyPlan } from '../../topology/types.ts';
import type { Home } from '../stack/home.ts';
import { readInstance } from '../stack/instance.ts';
import { attributesInState } from '../stack/terraform-state.ts';
import { networkStacks } from './synth.ts';

/** How the engine lists a container whose removal failed; which of the two is a matter of chance. */
const HALF_REMOVED: readonly string[] = ['dead', 'removing'];

/** The engine gives a process 10 s to die of SIGKILL before it removes its container (Docker 20.10, daemon/kill.go). */
const REMOVAL_MS = 20_000;
const POLL_MS = 200;

/** What `removeOrphans` removed, by name. */
export interface Orphans {
  /** Of members that the plan has, and networks: a run that was cut off made them. */
  readonly interrupted: readonly string[];
  /** Of members that the plan has no longer. */
  readonly dropped: readonly string[];
}

/**
 * Removes containers that carry this stack's label but are in no state: what a terraform that was killed outright
 * leaves behind, and what would make the next apply fail with "name in use"; and those that the engine could not remove
 * to the end: no apply can start them again. Their data is on volumes. A network that is in no state goes for the same
 * reason, with all that is connected to it. So do the rendered files of members that the plan has no longer.
 *
 * @param patienceMs for each of those that somebody else is removing at that moment
 */
export async function removeOrphans(
  home: Home,
  plan: AnyPlan,
  engine: Docker,
  patienceMs = REMOVAL_MS,
): Promise<Orphans> {
  const known = new Set(
    plan.domains.flatMap(({ stack }) => idsInState(home, plan.name, stack, 'docker_container')),
  );
  const ours = await engine.listContainers({
    all: true,
    filters: { label: [`${OWNER_LABEL}=${plan.name}`] },
  });
  const networks = await orphanNetworks(home, plan, engine);
  const isOn = ({ NetworkSettings }: Docker.ContainerInfo): boolean =>
    Object.values(NetworkSettings?.Networks ?? {}).some(({ NetworkID }) =>
      networks.some(({ Id }) => Id === NetworkID),
    );
  const orphans = ours.filter(
    (container) => !known.has(container.Id) || HALF_REMOVED.includes(container.State) || isOn(container),
  );
  await Promise.all(orphans.map(({ Id }) => removeContainer(engine, Id, patienceMs)));
  await Promise.all(networks.map(({ Id }) => engine.getNetwork(Id).remove()));
  const seeds = await removeSeeds(plan, engine);
  const wanted = new Set([
    ...plan.members.map(({ name }) => name),
    ...plan.domains.map(({ seedContainer }) => seedContainer),
  ]);
  const names = orphans.map(nameOf);
  return {
    interrupted: [...names.filter((name) => wanted.has(name)), ...networks.map(({ Name }) => Name)],
    dropped: [...names.filter((name) => !wanted.has(name)), ...seeds],
  };
}

const idsInState = (home: Home, stack: string, cdktfStack: string, type: string): string[] =>
  attributesInState<{ id: string }>(home, stack, cdktfStack, type).flatMap(({ id }) => id ?? []);

/** Networks of this deployment that terraform does not know. */
async function orphanNetworks(
  home: Home,
  plan: AnyPlan,
  engine: Docker,
): Promise<Docker.NetworkInspectInfo[]> {
  // On several hosts each has its own way to the LAN beside its containers.
  const stacks = [...networkStacks(plan), ...plan.domains.map(({ stack }) => stack)];
  const known = new Set(stacks.flatMap((stack) => idsInState(home, plan.name, stack, 'docker_network')));
  const ours = await engine.listNetworks({ filters: { label: ownLabels(home, plan.name) } });
  return ours.filter(({ Id }) => !known.has(Id));
}

/** Rendered files hold passwords: those of members that are gone stay for nobody. */
async function removeSeeds(plan: AnyPlan, engine: Docker): Promise<string[]> {
  const wanted = new Set(plan.members.map(({ name }) => seedVolume(name)));
  const { Volumes } = await engine.listVolumes({ filters: { label: [`${OWNER_LABEL}=${plan.name}`] } });
  const states = plan.domains.map(({ name }) => `-${name}${seedVolume('')}`);
  const gone = (Volumes ?? []).filter(
    ({ Name }) =>
      Name.endsWith(seedVolume('')) &&
      !wanted.has(Name) &&
      // Those of a domain that stays are terraform's to remove, with the container that uses them.
      !states.some((suffix) => Name.endsWith(suffix)),
  );
  await Promise.all(gone.map(({ Name }) => engine.getVolume(Name).remove()));
  return gone.map(({ Name }) => Name);
}

/** Removes a container, or waits until it is gone when a removal is under way: its name is in use until then. */
export async function removeContainer(engine: Docker, id: string, patienceMs = REMOVAL_MS): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      await engine.getContainer(id).remove({ force: true });
      return;
    } catch (error) {
      const { statusCode, message } = error as Error & { statusCode?: number };
      if (statusCode === 404) return;
      const underWay = statusCode === 409 && message.includes('already in progress');
      if (!underWay || performance.now() > deadline) throw error;
      // asked again, not only looked at: that other removal may fail
      await delay(POLL_MS);
    }
  }
}

/** Labels of what this checkout deployed; a stack of the same name from another one does not match. */
function ownLabels(home: Home, stack: string): string[] {
  return [`${OWNER_LABEL}=${stack}`, `${INSTANCE_LABEL}=${readInstance(home, stack) ?? 'none'}`];
}

/** What `sweep` removed, by name. */
export interface Swept {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  /** Containers of a stack of this name that another checkout deployed: left alone. */
  readonly foreign: readonly string[];
}

/**
 * Removes by label what terraform no longer knows (lost state, half-made stack): containers, network, seed volumes,
 * and the data volumes only when asked. Volumes carry no instance, so none is touched while a stack of the same name
 * from another checkout stands.
 */
export async function sweep(home: Home, engine: Docker, stack: string, withData: boolean): Promise<Swept> {
  const label = ownLabels(home, stack);
  const containers = await engine.listContainers({ all: true, filters: { label } });
  await Promise.all(containers.map(({ Id }) => removeContainer(engine, Id, REMOVAL_MS)));
  const networks = await engine.listNetworks({ filters: { label } });
  await Promise.all(networks.map(({ Id }) => engine.getNetwork(Id).remove()));
  const stackLabel = [`${OWNER_LABEL}=${stack}`];
  const foreign = await engine.listContainers({ all: true, filters: { label: stackLabel } });
  const { Volumes } = await engine.listVolumes({ filters: { label: stackLabel } });
  const ours = foreign.length > 0 ? [] : (Volumes ?? []);
  const volumes = ours.filter(({ Name }) => withData || !Name.endsWith('-data'));
  await Promise.all(volumes.map(({ Name }) => engine.getVolume(Name).remove()));
  return {
    containers: containers.map(nameOf),
    networks: networks.map(({ Name }) => Name),
    volumes: volumes.map(({ Name }) => Name),
    foreign: foreign.map(nameOf),
  };
}

const nameOf = ({ Names }: Docker.ContainerInfo): string => Names[0]?.replace(/^\//, '') ?? '?';
