/** docker_container: create, watch, change in place what can be, remove. */
import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { Plan } from '../protocol/planner.ts';
import { HalfMade, type Operation, type ResourceType } from '../protocol/resource-type.ts';
import { isEmpty, isUnknown, type ObjectValue, UNKNOWN, type Value } from '../protocol/values.ts';
import { itemsOf, readBlocks, writeBlocks, writeEndpoint } from './container-blocks.ts';
import { clearName, explainStart } from './container-conflicts.ts';
import { awaitUsable, inspectContainer } from './container-health.ts';
import {
  type ContainerParts,
  type EngineJson,
  readOptions,
  updateRequest,
  writeOptions,
} from './container-options.ts';
import { removeContainer } from './container-remove.ts';
import { containerSchema } from './container-schema.ts';
import { namedSources, uploadFiles } from './container-upload.ts';
import { type Engine, EngineError } from './engine.ts';
import { ensureImage } from './image-pull.ts';

/** What changes when a stopped container is started again. */
const CHANGED_BY_START = ['exit_code', 'network_data'];

function validate(config: ObjectValue): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const upload of itemsOf(config.upload)) {
    const named = [upload.content, upload.content_base64, upload.source].filter((value) => value !== null);
    const sources = namedSources(upload);
    if (named.length === 0 || sources.length > 1) {
      const rule = sources.length > 1 ? 'only one' : 'one';
      found.push({
        severity: 'error',
        summary: `error with upload content: ${rule} of 'content', 'content_base64', or 'source' must be set for ${upload.file}`,
        path: ['upload'],
      });
    }
  }
  for (const volume of itemsOf(config.volumes)) {
    if (isEmpty(volume.container_path)) {
      found.push({ severity: 'error', summary: 'volumes: container_path must be set', path: ['volumes'] });
    }
  }
  const command = Array.isArray(config.command) ? config.command : [];
  if (command.includes('')) {
    found.push({ severity: 'error', summary: 'values for command may not be empty', path: ['command'] });
  }
  return found;
}

/** Starting a stopped container gives it new facts; memory without a swap of its own moves the swap along. */
function adjustPlan(plan: Plan, prior: ObjectValue | null, config: ObjectValue): void {
  const { planned } = plan;
  if (prior === null || plan.replace.length > 0) {
    return;
  }
  if (prior.must_run === false && planned.must_run === true && planned.start === true) {
    for (const name of CHANGED_BY_START) {
      planned[name] = UNKNOWN;
    }
    // A host port the engine chose is another one after each start.
    const configured = itemsOf(config.ports);
    planned.ports = itemsOf(planned.ports).map((port, index) =>
      configured[index]?.external === null ? { ...port, external: UNKNOWN } : port,
    );
  }
  if (config.memory_swap === null && prior.memory !== planned.memory && Number(prior.memory_swap) > 0) {
    planned.memory_swap = UNKNOWN;
  }
}

async function create(operation: Operation<Engine>, planned: ObjectValue): Promise<ObjectValue> {
  const { engine } = operation;
  const name = String(planned.name);
  await ensureImage(
    operation,
    String(planned.image),
    `Unable to create container with image ${planned.image}`,
  );
  await clearName(operation, planned);
  const parts: ContainerParts = { config: {}, hostConfig: {} };
  writeOptions(planned, parts);
  writeBlocks(planned, parts);
  const body = { name, Image: planned.image, ...parts.config, HostConfig: parts.hostConfig };
  const made = await engine.call(`Unable to create container ${name}`, (docker) =>
    docker.createContainer(body as ContainerCreateOptions),
  );
  try {
    await connectNetworks(engine, made.id, planned);
    await uploadFiles(engine, made.id, planned);
    if (planned.start === true) {
      await start(operation, made.id, planned);
    }
    return complete(planned, await inspectContainer(engine, made.id));
  } catch (error) {
    throw new HalfMade({ ...planned, id: made.id }, error);
  }
}

/** The container is created on the default network; with networks of its own it leaves that one first. */
async function connectNetworks(engine: Engine, id: string, planned: ObjectValue): Promise<void> {
  const networks = itemsOf(planned.networks_advanced);
  if (networks.length === 0) {
    return;
  }
  try {
    await engine.call('Unable to disconnect the default network', (docker) =>
      docker.getNetwork('bridge').disconnect({ Container: id, Force: false }),
    );
  } catch (error) {
    if (!(error instanceof EngineError) || !/is not connected/.test(error.reason)) {
      throw error;
    }
  }
  for (const network of networks) {
    await engine.call(`Unable to connect to network '${network.name}'`, (docker) =>
      docker
        .getNetwork(String(network.name))
        .connect({ Container: id, EndpointConfig: writeEndpoint(network) }),
    );
  }
}

async function start(operation: Operation<Engine>, id: string, planned: ObjectValue): Promise<void> {
  try {
    await operation.engine.call(`Unable to start container ${planned.name}`, (docker) =>
      docker.getContainer(id).start(),
    );
  } catch (error) {
    throw await explainStart(operation.engine, error, planned);
  }
  await awaitUsable(operation, id, planned);
}

/** The planned state with everything that was unknown filled in. */
function complete(planned: ObjectValue, found: ContainerInspectInfo): ObjectValue {
  const observed = observe(planned, found);
  const state = { ...planned };
  for (const [name, value] of Object.entries(planned)) {
    if (isUnknown(value) || name === 'ports') {
      state[name] = observed[name] ?? null;
    }
  }
  return state;
}

function observe(before: ObjectValue, found: ContainerInspectInfo): ObjectValue {
  const parts: ContainerParts = {
    config: found.Config as unknown as EngineJson,
    hostConfig: found.HostConfig as unknown as EngineJson,
  };
  const running = found.State.Running;
  const settings = found.NetworkSettings as unknown as { Bridge?: string; Ports?: EngineJson };
  const byId = String(before.image).startsWith('sha256:');
  return {
    ...before,
    ...readOptions(before, parts),
    ...readBlocks(before, parts, running ? (settings.Ports ?? null) : null),
    id: found.Id,
    name: found.Name.replace(/^\//, ''),
    image: byId ? found.Image : found.Config.Image,
    bridge: settings.Bridge ?? '',
    exit_code: running ? (isUnknown(before.exit_code) ? 0 : before.exit_code) : found.State.ExitCode,
    container_logs: isUnknown(before.container_logs) ? '' : before.container_logs,
    network_data: readNetworks(found),
    // A stopped container that should run shows up as this one difference, which the next apply mends by starting it.
    must_run: before.must_run === true && before.start !== false && !running ? false : before.must_run,
  };
}

function readNetworks(found: ContainerInspectInfo): Value {
  return Object.entries(found.NetworkSettings.Networks ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, network]) => ({
      network_name: name,
      ip_address: network.IPAddress,
      ip_prefix_length: network.IPPrefixLen,
      gateway: network.Gateway,
      global_ipv6_address: network.GlobalIPv6Address,
      global_ipv6_prefix_length: network.GlobalIPv6PrefixLen,
      ipv6_gateway: network.IPv6Gateway,
      mac_address: network.MacAddress,
    }));
}

async function read({ engine }: Operation<Engine>, state: ObjectValue): Promise<ObjectValue | null> {
  const id = String(state.id);
  const found = await engine.find(`Unable to read container ${state.name}`, (docker) =>
    docker.getContainer(id).inspect(),
  );
  return found ? observe(state, found) : null;
}

async function update(
  operation: Operation<Engine>,
  prior: ObjectValue,
  planned: ObjectValue,
): Promise<ObjectValue> {
  const id = String(prior.id);
  const request = updateRequest(prior, planned);
  if (request) {
    await operation.engine.call(`Unable to update container ${planned.name}`, (docker) =>
      docker.getContainer(id).update(request),
    );
  }
  if (prior.must_run === false && planned.must_run === true && planned.start === true) {
    await start(operation, id, planned);
  }
  return complete(planned, await inspectContainer(operation.engine, id));
}

async function remove({ engine }: Operation<Engine>, prior: ObjectValue): Promise<void> {
  await removeContainer(engine, String(prior.id), String(prior.name), prior);
}

export const containerType: ResourceType<Engine> = {
  schema: containerSchema,
  validate,
  adjustPlan,
  create,
  read,
  update,
  delete: remove,
};
