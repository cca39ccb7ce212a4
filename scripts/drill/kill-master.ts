import { NotSoError } from '../errors.ts';
import { currentMaster } from '../observe/assess.ts';
import { collectStatus } from '../observe/status.ts';
import type { Drill } from './drill.ts';

/** SIGKILL for the master of the first shard: no goodbye, no last sync. */
export const killMaster: Drill = {
  name: 'kill-master',
  summary:
    'kill -9 the master of the first shard; a replica takes over; the old master comes back as its replica',
  // down_after until the sentinels agree, then election, promotion and re-pointing (reference: 2.2-2.4 s at 1 s).
  resumeWithin: (plan) => plan.sentinel.downAfterMs + 3000,
  async inject({ plan, credentials, engine, timeline }) {
    const shard = plan.shards[0].name;
    const master = currentMaster(await collectStatus(plan, credentials, engine), shard);
    if (master === undefined) throw new NotSoError(`${shard} has no single master to kill`);
    const container = engine.getContainer(master.name);
    const at = performance.now();
    await container.kill({ signal: 'SIGKILL' });
    timeline.note('drill', 'fault', `killed ${master.name}, master of ${shard}`);
    let undone = false;
    return {
      at,
      member: master.name,
      shard,
      async undo() {
        if (undone) return;
        undone = true;
        // The engine takes a kill for a manual stop, so its restart policy does not bring the container back.
        await container.start();
        timeline.note('drill', 'restored', `started ${master.name}`);
      },
    };
  },
};
