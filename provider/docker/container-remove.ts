/** Taking a container away. */
import type { ObjectValue } from '../protocol/values.ts';
import { type Engine, EngineError } from './engine.ts';

/** Stops a container as its options ask and removes it. One that is gone already is fine. */
export async function removeContainer(
  engine: Engine,
  id: string,
  name: string,
  options: ObjectValue,
): Promise<void> {
  // 304: it had stopped already.
  await engine.find(`Error stopping container ${name}`, async (docker) => {
    const container = docker.getContainer(id);
    try {
      await container.stop({ t: Number(options.destroy_grace_seconds ?? 0) });
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 304) {
        throw error;
      }
    }
  });
  try {
    await engine.find(`Error deleting container ${name}`, (docker) =>
      docker.getContainer(id).remove({ force: true, v: options.remove_volumes !== false }),
    );
  } catch (error) {
    // Containers that remove themselves are often on their way out.
    if (!(error instanceof EngineError) || !error.reason.includes('already in progress')) {
      throw error;
    }
  }
}
