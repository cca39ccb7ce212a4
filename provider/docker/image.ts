/** docker_image: an image pulled by name or built from a context. */
import type { ImageInspectInfo } from 'dockerode';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { Operation, ResourceType } from '../protocol/resource-type.ts';
import { isEmpty, type ObjectValue } from '../protocol/values.ts';
import { itemsOf } from './container-blocks.ts';
import type { Engine } from './engine.ts';
import { buildImage } from './image-build.ts';
import { ensureImage, findImage } from './image-pull.ts';
import { imageSchema } from './image-schema.ts';

function validate(config: ObjectValue): Diagnostic[] {
  return itemsOf(config.build).length > 0 && !isEmpty(config.pull_triggers)
    ? [{ severity: 'error', summary: '"build" conflicts with "pull_triggers"', path: ['pull_triggers'] }]
    : [];
}

/** The id is the engine's with the name behind it, as kreuzwerker/docker writes it: one image can have several names. */
function observe(before: ObjectValue, found: ImageInspectInfo): ObjectValue {
  const name = String(before.name);
  const repository = name.replace(/[:@][^/]*$/, '');
  const digest = (found.RepoDigests ?? []).find((one) => one.startsWith(`${repository}@`));
  return { ...before, id: `${found.Id}${name}`, image_id: found.Id, repo_digest: digest ?? '' };
}

async function create(operation: Operation<Engine>, planned: ObjectValue): Promise<ObjectValue> {
  const name = String(planned.name);
  const [build] = itemsOf(planned.build);
  if (build) {
    await buildImage(operation, name, build, planned.triggers);
  }
  return observe(planned, await ensureImage(operation, name, `Unable to get image ${name}`));
}

async function read({ engine }: Operation<Engine>, state: ObjectValue): Promise<ObjectValue | null> {
  const found = await findImage(engine, String(state.name));
  return found ? observe(state, found) : null;
}

async function remove({ engine }: Operation<Engine>, prior: ObjectValue): Promise<void> {
  if (prior.keep_locally === true) {
    return;
  }
  const name = String(prior.name);
  await engine.find(`Unable to remove image ${name}`, (docker) =>
    docker.getImage(name).remove({ force: prior.force_remove === true }),
  );
}

export const imageType: ResourceType<Engine> = {
  schema: imageSchema,
  validate,
  create,
  read,
  update: async (operation, _prior, planned) => (await read(operation, planned)) ?? planned,
  delete: remove,
};
