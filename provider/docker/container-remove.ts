/** Taking a container away. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectValue } from '../protocol/values.ts';
import { type Engine, EngineError } from './engine.ts';

/** An engine that is busy with a container's files fails to remove them, and leaves the container `dead`. */
const BUSY = /unable to remove filesystem|device or resource busy/;
const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 200;

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
  for (let attempt = 1; ; attempt++) {
    try {
      await engine.find(`Error deleting container ${name}`, (docker) =>
        docker.getContainer(id).remove({ force: true, v: options.remove_volumes !== false }),
      );
      return;
    } catch (error) {
      const reason = error instanceof EngineError ? error.reason : '';
      // Containers that remove themselves are often on their way out.
      if (reason.includes('already in progress')) return;
      if (!BUSY.test(reason) || attempt === ATTEMPTS) throw error;
      await delay(BETWEEN_ATTEMPTS_MS);
    }
  }
}
