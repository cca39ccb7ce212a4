import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { dataVolume, seedVolume } from '../../stacks/volume-names.ts';
import type { HostsPlan } from '../../topology/types.ts';
import { engineRefusal } from '../errors.ts';
import type { DomainEngine } from './domain-engine.ts';

/** As long as anybody waits for one host to list what it has. Milliseconds. */
export const HOST_MS = 3000;

/**
 * The engines of several hosts as one client, for whoever speaks of containers and volumes by name: names are unique over all
 * hosts of a stack, so each request goes to the engine that has, or is to have, what is named. Lists are of all engines.
 *
 * A host that does not answer is left out of lists, and is in `unreachable` until it answers again. What no name leads to
 * (`info`, `version`, events) belongs to one engine alone: ask for that one.
 */
export class RoutedClient extends Docker {
  readonly parts: readonly DomainEngine[];
  readonly #patienceMs: number;
  readonly #onLan: boolean;
  readonly #unreachable = new Map<string, string>();
  readonly #leftOut = new Map<string, string>();
  /** Name or id of what is known -> its engine. */
  readonly #places = new Map<string, Docker>();

  constructor(plan: HostsPlan, parts: readonly DomainEngine[], patienceMs = HOST_MS) {
    // Never looked up: whatever is not routed here fails, rather than reach some engine.
    super({ protocol: 'http', host: 'docker.invalid', port: 80 });
    this.parts = parts;
    this.#patienceMs = patienceMs;
    this.#onLan = plan.lan !== undefined;
    for (const { docker, domain } of parts) {
      const planned = plan.domains.find(({ name }) => name === domain);
      if (planned === undefined) continue;
      this.#places.set(planned.seedContainer, docker);
      for (const { name } of planned.members)
        for (const each of [name, dataVolume(name), seedVolume(name)]) this.#places.set(each, docker);
    }
  }

  /** Domains whose host did not answer when it was last asked, and why. */
  get unreachable(): ReadonlyMap<string, string> {
    return this.#unreachable;
  }

  /** Domains whose host is not asked any more, and why. */
  get leftOut(): ReadonlyMap<string, string> {
    return this.#leftOut;
  }

  /**
   * Asks these hosts nothing more. Whoever changes a stack and has found them gone goes on without them to the end: to wait for them again
   * at every question takes most of the time, and one that came back half-way would have half of what is done.
   *
   * @param away domain -> why its host was not reached
   */
  leaveOut(away: ReadonlyMap<string, string>): void {
    for (const [domain, why] of away) {
      this.#leftOut.set(domain, why);
      this.#unreachable.set(domain, why);
    }
  }

  /** Engine of a container or volume, by name or by an id that was listed. @throws Error for one that nobody knows */
  engineOf(name: string): Docker {
    const found = this.#places.get(name);
    if (found === undefined) throw new Error(`no host of the stack is known to have ${name}`);
    return found;
  }

  override getContainer(id: string): Docker.Container {
    return this.engineOf(id).getContainer(id);
  }

  override getVolume(name: string): Docker.Volume {
    return this.engineOf(name).getVolume(name);
  }

  override listContainers(...[options]: unknown[]): Promise<Docker.ContainerInfo[]> {
    return this.#everywhere(
      (docker, abortSignal) =>
        docker.listContainers({ ...(options as Docker.ContainerListOptions), abortSignal }),
      ({ Id, Names }) => [Id, ...Names.map((name) => name.replace(/^\//, ''))],
    );
  }

  override async listVolumes(
    ...[options]: unknown[]
  ): Promise<{ Volumes: Docker.VolumeInspectInfo[]; Warnings: string[] }> {
    const Volumes = await this.#everywhere(
      async (docker, abortSignal) =>
        (await docker.listVolumes({ ...(options as Docker.VolumeListOptions), abortSignal })).Volumes ?? [],
      ({ Name }) => [Name],
    );
    return { Volumes, Warnings: [] };
  }

  /** None, where members use the networks of their hosts. */
  override listNetworks(...[options]: unknown[]): Promise<Docker.NetworkInspectInfo[]> {
    if (!this.#onLan) return Promise.resolve([]);
    return this.#everywhere(
      (docker, abortSignal) => {
        const asked: Docker.NetworkListOptions & { abortSignal: AbortSignal } = {
          ...(options as Docker.NetworkListOptions),
          abortSignal,
        };
        return docker.listNetworks(asked);
      },
      ({ Id }) => [Id],
    );
  }

  /** By an id that was listed: names are the same on all hosts. */
  override getNetwork(id: string): Docker.Network {
    return this.engineOf(id).getNetwork(id);
  }

  override listImages(...[options]: unknown[]): Promise<Docker.ImageInfo[]> {
    return this.#everywhere(
      (docker, abortSignal) => docker.listImages({ ...(options as Docker.ListImagesOptions), abortSignal }),
      () => [],
    );
  }

  /** Made where the first volume that it mounts is. */
  override async createContainer(options: Docker.ContainerCreateOptions): Promise<Docker.Container> {
    const [mount] = options.HostConfig?.Mounts ?? [];
    const docker = this.engineOf(mount?.Source ?? options.name ?? '');
    const made = await docker.createContainer(options);
    this.#places.set(made.id, docker);
    return made;
  }

  async #everywhere<T>(
    list: (docker: Docker, gaveUp: AbortSignal) => Promise<readonly T[]>,
    names: (item: T) => readonly string[],
  ): Promise<T[]> {
    const lists = await Promise.all(
      this.parts.map(async ({ docker, domain }) => {
        if (this.#leftOut.has(domain)) return [];
        try {
          const found = await withinReach((gaveUp) => list(docker, gaveUp), this.#patienceMs);
          this.#unreachable.delete(domain);
          for (const item of found) for (const name of names(item)) this.#places.set(name, docker);
          return found;
        } catch (error) {
          // An engine that answers and refuses is reached.
          if (engineRefusal(error) !== undefined) throw error;
          this.#unreachable.set(domain, (error as Error).message);
          return [];
        }
      }),
    );
    return lists.flat();
  }
}

/**
 * An answer of one host, or an error when it takes longer than anybody waits.
 *
 * @param ask is to end its requests when the signal says so: one that nobody waits for any more would keep the program from
 * ending for as long as a silent host is tried, which may be minutes
 */
export async function withinReach<T>(
  ask: (gaveUp: AbortSignal) => Promise<T>,
  patienceMs = HOST_MS,
): Promise<T> {
  const patience = new AbortController();
  const gaveUp = new AbortController();
  const answer = ask(gaveUp.signal);
  try {
    return await Promise.race([
      answer,
      sleep(patienceMs, undefined, { signal: patience.signal }).then(() => {
        throw new Error(`does not answer within ${patienceMs / 1000} s`);
      }),
    ]);
  } catch (error) {
    gaveUp.abort();
    throw error;
  } finally {
    patience.abort();
    // Whoever lost the race may still fail.
    answer.catch(() => undefined);
  }
}
