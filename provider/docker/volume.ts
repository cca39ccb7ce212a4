/** docker_volume: a named volume. Deleting it deletes its data. */
import type { VolumeInspectInfo } from 'dockerode';
import { ProviderError } from '../protocol/diagnostics.ts';
import { misfits } from '../protocol/planner.ts';
import type { Operation, ResourceType } from '../protocol/resource-type.ts';
import { block, computed, either, optional, type Schema } from '../protocol/schema.ts';
import type { ObjectValue, Value } from '../protocol/values.ts';
import { type Engine, EngineError } from './engine.ts';
import { fromLabelMap, labelBlock, toLabelMap } from './labels.ts';
import { settle } from './settle.ts';
import { poll } from './wait.ts';

const schema: Schema = {
  version: 1,
  block: block(
    {
      id: either('string'),
      name: either('string'),
      driver: either('string'),
      driver_opts: optional(['map', 'string']),
      mountpoint: computed('string'),
    },
    { labels: labelBlock },
  ),
};

/** How long a volume may still be held by a container that is just being removed. */
const RELEASE_MS = 30_000;

function observe(before: ObjectValue, found: VolumeInspectInfo): ObjectValue {
  return {
    id: found.Name,
    name: found.Name,
    driver: found.Driver,
    driver_opts: settle(before.driver_opts, found.Options as Value),
    mountpoint: found.Mountpoint,
    labels: fromLabelMap(found.Labels),
  };
}

const textOf = (value: Value): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

async function create({ engine }: Operation<Engine>, planned: ObjectValue): Promise<ObjectValue> {
  const name = textOf(planned.name);
  if (name !== undefined) {
    await refuseStrangers(engine, name, planned);
  }
  const made = await engine.call(`Unable to create volume ${name ?? ''}`.trim(), async (docker) => {
    const volume = await docker.createVolume({
      Name: name,
      Driver: textOf(planned.driver),
      DriverOpts: (planned.driver_opts ?? undefined) as Record<string, string> | undefined,
      Labels: toLabelMap(planned.labels),
    });
    return docker.getVolume(volume.name).inspect();
  });
  return { ...observe(planned, made), driver_opts: planned.driver_opts, labels: planned.labels };
}

/**
 * Docker hands out an existing volume when asked to create one of its name. That is right for our own; another one's would
 * be replaced, that is emptied, as soon as terraform saw that it differs.
 */
async function refuseStrangers(engine: Engine, name: string, planned: ObjectValue): Promise<void> {
  const found = await engine.find(`Unable to read volume ${name}`, (docker) =>
    docker.getVolume(name).inspect(),
  );
  const differing = found ? misfits(schema.block, planned, observe(planned, found)) : [];
  if (found && differing.length > 0) {
    throw new ProviderError(
      `Unable to create volume ${name}: there is one of this name with other ${differing.join(', ')}`,
      {
        detail: `It was not made by this configuration (labels ${JSON.stringify(found.Labels ?? {})}, driver ${found.Driver}) and is not touched. Remove it (docker volume rm ${name}, its data is lost) or choose another name.`,
        path: ['name'],
      },
    );
  }
}

async function read({ engine }: Operation<Engine>, state: ObjectValue): Promise<ObjectValue | null> {
  const name = String(state.id);
  const found = await engine.find(`Unable to read volume ${name}`, (docker) =>
    docker.getVolume(name).inspect(),
  );
  return found ? observe(state, found) : null;
}

async function remove({ engine, signal }: Operation<Engine>, prior: ObjectValue): Promise<void> {
  const name = String(prior.id);
  let held: EngineError | undefined;
  const gone = await poll(
    async () => {
      try {
        await engine.find(`Unable to remove volume ${name}`, (docker) =>
          docker.getVolume(name).remove({ force: true }),
        );
        return true;
      } catch (error) {
        if (!(error instanceof EngineError) || !error.reason.includes('in use')) {
          throw error;
        }
        held = error;
        return undefined;
      }
    },
    { everyMs: 250, forMs: RELEASE_MS, signal, doing: `waiting for volume ${name} to be released` },
  );
  if (!gone && held) {
    throw held;
  }
}

export const volumeType: ResourceType<Engine> = {
  schema,
  create,
  read,
  update: async (_operation, _prior, planned) => planned,
  delete: remove,
};
