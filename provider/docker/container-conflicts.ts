/** When a name, an address or a port is taken: by whom, and what to do about it. */
import type { ContainerInfo } from 'dockerode';
import { ProviderError } from '../protocol/diagnostics.ts';
import type { Operation } from '../protocol/resource-type.ts';
import type { ObjectValue } from '../protocol/values.ts';
import { itemsOf } from './container-blocks.ts';
import { removeContainer } from './container-remove.ts';
import { type Engine, EngineError } from './engine.ts';
import { isOwnLeftover, OWNER_LABEL, toLabelMap } from './labels.ts';

/**
 * Makes room for the container's name. A container of the same stack is what an apply left behind that was killed before
 * terraform could write it down; it is removed. Anything else is a stranger's and not touched.
 */
export async function clearName({ engine, warn }: Operation<Engine>, planned: ObjectValue): Promise<void> {
  const name = String(planned.name);
  const found = await findByName(engine, name);
  if (!found) {
    return;
  }
  if (!isOwnLeftover(found.Labels, toLabelMap(planned.labels))) {
    throw new ProviderError(`Unable to create container: the name "${name}" is already in use`, {
      detail: `By container ${found.Id.slice(0, 12)} (image ${found.Image}, ${found.Status}), which this configuration did not make. Remove it (docker rm -f ${name}), rename it (docker rename), or choose another name.`,
      path: ['name'],
    });
  }
  await removeContainer(engine, found.Id, name, planned);
  warn({
    summary: `Replaced container ${name}, left over from an apply that was killed`,
    detail: `It carried the label ${OWNER_LABEL}=${found.Labels[OWNER_LABEL]} but was in no terraform state.`,
  });
}

async function findByName(engine: Engine, name: string): Promise<ContainerInfo | undefined> {
  const found = await engine.call('Unable to list containers', (docker) =>
    docker.listContainers({ all: true, filters: { name: [name] } }),
  );
  return found.find((container) => container.Names.includes(`/${name}`));
}

/** Adds to a failed start who holds the address or the port. */
export async function explainStart(engine: Engine, error: unknown, planned: ObjectValue): Promise<unknown> {
  if (!(error instanceof EngineError)) {
    return error;
  }
  if (/port is already allocated|address already in use/.test(error.reason)) {
    const ports = itemsOf(planned.ports).map((port) => Number(port.external));
    const holders = (await runningContainers(engine)).filter((container) =>
      container.Ports.some((port) => port.PublicPort !== undefined && ports.includes(port.PublicPort)),
    );
    const held = holders.map((container) => container.Names[0].slice(1)).join(', ');
    return new ProviderError(error.message, {
      detail: `${held ? `The port is held by container ${held}.` : 'The port is held by a process of the host (ss -ltnp tells which).'} Free it or publish another one.`,
      path: ['ports'],
      cause: error,
    });
  }
  if (/address already in use/i.test(error.reason)) {
    const taken = await holdersOfAddresses(engine, planned);
    return new ProviderError(error.message, {
      detail: `${taken || 'The address is reserved in the network (gateway or aux_address).'} Give this container another ipv4_address or remove the other one.`,
      path: ['networks_advanced'],
      cause: error,
    });
  }
  return error;
}

async function runningContainers(engine: Engine): Promise<ContainerInfo[]> {
  return engine.call('Unable to list containers', (docker) => docker.listContainers());
}

async function holdersOfAddresses(engine: Engine, planned: ObjectValue): Promise<string> {
  const wanted = itemsOf(planned.networks_advanced).map((network) => String(network.ipv4_address));
  const found: string[] = [];
  for (const container of await runningContainers(engine)) {
    for (const [network, endpoint] of Object.entries(container.NetworkSettings.Networks)) {
      if (wanted.includes(endpoint.IPAddress)) {
        found.push(
          `${endpoint.IPAddress} in network ${network} belongs to container ${container.Names[0].slice(1)}.`,
        );
      }
    }
  }
  return found.join(' ');
}
