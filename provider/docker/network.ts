/** docker_network: a network with its own subnet. Nothing of it can be changed in place. */
import type { NetworkInspectInfo } from 'dockerode';
import { ProviderError } from '../protocol/diagnostics.ts';
import { misfits, type Plan } from '../protocol/planner.ts';
import type { Operation, ResourceType } from '../protocol/resource-type.ts';
import {
  block,
  computed,
  defaulted,
  either,
  optional,
  refused,
  required,
  type Schema,
  setOf,
} from '../protocol/schema.ts';
import { isEmpty, isObject, isUnknown, type ObjectValue, type Value } from '../protocol/values.ts';
import { type Engine, EngineError } from './engine.ts';
import { fromLabelMap, isOwnLeftover, labelBlock, toLabelMap } from './labels.ts';
import { settle } from './settle.ts';
import { poll } from './wait.ts';

const schema: Schema = {
  version: 1,
  block: block(
    {
      id: either('string'),
      name: required('string'),
      driver: either('string'),
      options: either(['map', 'string']),
      internal: either('bool'),
      attachable: optional('bool'),
      ipv6: optional('bool'),
      ipam_driver: defaulted('string', 'default'),
      ipam_options: optional(['map', 'string']),
      scope: computed('string'),
      check_duplicate: refused('bool', 'A second network of one name is always refused.'),
      ingress: refused('bool', 'Swarm networks are not covered.'),
    },
    {
      ipam_config: setOf(
        block({
          subnet: optional('string'),
          ip_range: optional('string'),
          gateway: optional('string'),
          aux_address: optional(['map', 'string']),
        }),
      ),
      labels: labelBlock,
    },
  ),
};

/** How long a network may still have endpoints of containers that are just being removed. */
const RELEASE_MS = 30_000;

interface IpamPool {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxAddress?: Record<string, string>;
  AuxiliaryAddresses?: Record<string, string>;
}

function poolOf(item: ObjectValue): IpamPool {
  const text = (value: Value): string | undefined => (isEmpty(value) ? undefined : String(value));
  return {
    Subnet: text(item.subnet),
    IPRange: text(item.ip_range),
    Gateway: text(item.gateway),
    AuxiliaryAddresses: isObject(item.aux_address) ? (item.aux_address as Record<string, string>) : undefined,
  };
}

/** The pool as configured, corrected by what the engine has; fields nobody configured are the engine's business. */
function observePool(before: ObjectValue, pools: IpamPool[]): ObjectValue | undefined {
  const pool = pools.find((candidate) => isEmpty(before.subnet) || candidate.Subnet === before.subnet);
  return (
    pool && {
      subnet: isEmpty(before.subnet) ? before.subnet : (pool.Subnet ?? null),
      ip_range: settle(before.ip_range, pool.IPRange ?? null),
      gateway: isEmpty(before.gateway) ? before.gateway : (pool.Gateway ?? null),
      aux_address: settle(before.aux_address, pool.AuxiliaryAddresses ?? pool.AuxAddress ?? null),
    }
  );
}

function observe(before: ObjectValue, found: NetworkInspectInfo): ObjectValue {
  const configured = Array.isArray(before.ipam_config) ? before.ipam_config.filter(isObject) : [];
  return {
    id: found.Id,
    name: found.Name,
    driver: found.Driver,
    options: (found.Options ?? {}) as ObjectValue,
    internal: found.Internal,
    attachable: settle(before.attachable, found.Attachable),
    ipv6: settle(before.ipv6, found.EnableIPv6),
    ipam_driver: found.IPAM?.Driver ?? null,
    ipam_options: settle(before.ipam_options, (found.IPAM?.Options ?? null) as Value),
    scope: found.Scope,
    ipam_config: configured.flatMap(
      (item) => observePool(item, (found.IPAM?.Config ?? []) as IpamPool[]) ?? [],
    ),
    labels: fromLabelMap(found.Labels),
  };
}

/** Without pools of its own the engine chose some; a state of the other provider lists them, and that is no change. */
function adjustPlan(plan: Plan, _prior: ObjectValue | null, config: ObjectValue): void {
  if (isEmpty(config.ipam_config)) {
    plan.replace = plan.replace.filter((name) => name !== 'ipam_config');
  }
}

async function create(operation: Operation<Engine>, planned: ObjectValue): Promise<ObjectValue> {
  const { engine } = operation;
  const name = String(planned.name);
  const own = await takeName(operation, planned);
  if (own) {
    return fillUnknown(planned, observe(planned, own));
  }
  const pools = (planned.ipam_config as ObjectValue[]).map(poolOf);
  const known = <Kind>(value: Value): Kind | undefined =>
    value === null || isUnknown(value) ? undefined : (value as Kind);
  try {
    const found = await engine.call(`Unable to create network ${name}`, async (docker) => {
      const network = await docker.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Driver: known<string>(planned.driver),
        Internal: known<boolean>(planned.internal),
        Attachable: known<boolean>(planned.attachable),
        EnableIPv6: known<boolean>(planned.ipv6),
        Options: known<Record<string, string>>(planned.options),
        Labels: toLabelMap(planned.labels),
        IPAM: {
          Driver: String(planned.ipam_driver),
          Config: pools as Record<string, string>[],
          Options: known<Record<string, string>>(planned.ipam_options),
        },
      });
      return network.inspect();
    });
    return fillUnknown(planned, observe(planned, found));
  } catch (error) {
    throw await explainOverlap(engine, error, name, pools);
  }
}

function fillUnknown(planned: ObjectValue, observed: ObjectValue): ObjectValue {
  return Object.fromEntries(
    Object.entries(planned).map(([name, value]) => [name, isUnknown(value) ? observed[name] : value]),
  );
}

/**
 * Looks who has the name. What an apply left behind that was killed is taken over if it is what is asked for (containers
 * may be on it), else removed. A stranger's network is not touched.
 */
async function takeName(
  { engine, warn }: Operation<Engine>,
  planned: ObjectValue,
): Promise<NetworkInspectInfo | undefined> {
  const name = String(planned.name);
  const same = await engine.call('Unable to list networks', (docker) =>
    docker.listNetworks({ filters: { name: [name] } }),
  );
  for (const found of same.filter((network) => network.Name === name)) {
    if (!isOwnLeftover(found.Labels, toLabelMap(planned.labels))) {
      throw new ProviderError(`Unable to create network: network with name ${name} already exists`, {
        detail: `It is ${found.Id.slice(0, 12)} with subnet ${subnetsOf(found)} and was not made by this configuration. Remove it (docker network rm ${name}) or choose another name.`,
        path: ['name'],
      });
    }
    if (misfits(schema.block, planned, observe(planned, found)).length === 0) {
      warn({ summary: `Took over network ${name}, left over from an apply that was killed` });
      return found;
    }
    await engine.call(`Unable to remove the left over network ${name}`, (docker) =>
      docker.getNetwork(found.Id).remove(),
    );
    warn({ summary: `Removed network ${name}, left over from an apply that was killed` });
  }
  return undefined;
}

async function explainOverlap(
  engine: Engine,
  error: unknown,
  name: string,
  pools: IpamPool[],
): Promise<unknown> {
  if (!(error instanceof EngineError) || !/overlap/i.test(error.reason)) {
    return error;
  }
  const all = await engine.call('Unable to list networks', (docker) => docker.listNetworks());
  const existing = all
    .filter((network) => network.IPAM?.Config?.length)
    .map((one) => `${one.Name} ${subnetsOf(one)}`);
  const wanted = pools.map((pool) => pool.Subnet).join(', ');
  return new ProviderError(
    `Unable to create network ${name}: subnet ${wanted} overlaps with an existing network`,
    {
      detail: `The engine says: ${error.reason}. It has ${existing.join('; ')}. Choose a free subnet or remove the other network.`,
      path: ['ipam_config'],
      cause: error,
    },
  );
}

function subnetsOf(network: NetworkInspectInfo): string {
  const pools = (network.IPAM?.Config ?? []) as IpamPool[];
  return pools.map((pool) => pool.Subnet).join(', ') || 'none';
}

async function read({ engine }: Operation<Engine>, state: ObjectValue): Promise<ObjectValue | null> {
  const id = String(state.id);
  const found = await engine.find(`Unable to read network ${state.name}`, (docker) =>
    docker.getNetwork(id).inspect(),
  );
  return found ? observe(state, found) : null;
}

async function remove({ engine, signal }: Operation<Engine>, prior: ObjectValue): Promise<void> {
  const network = `network ${prior.name}`;
  let held: EngineError | undefined;
  const gone = await poll(
    async () => {
      try {
        await engine.find(`Unable to remove ${network}`, (docker) =>
          docker.getNetwork(String(prior.id)).remove(),
        );
        return true;
      } catch (error) {
        if (!(error instanceof EngineError) || !error.reason.includes('active endpoints')) {
          throw error;
        }
        held = error;
        return undefined;
      }
    },
    { everyMs: 250, forMs: RELEASE_MS, signal, doing: `waiting for ${network} to be left by its containers` },
  );
  if (!gone && held) {
    const found = await engine.find(`Unable to read ${network}`, (docker) =>
      docker.getNetwork(String(prior.id)).inspect(),
    );
    const members = Object.values((found?.Containers ?? {}) as Record<string, { Name: string }>);
    throw new ProviderError(held.message, {
      detail: `Still attached: ${members.map((member) => member.Name).join(', ')}. Remove these containers or take them off the network.`,
    });
  }
}

export const networkType: ResourceType<Engine> = {
  schema,
  adjustPlan,
  create,
  read,
  update: async (_operation, _prior, planned) => planned,
  delete: remove,
};
