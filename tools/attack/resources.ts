import { readdirSync, readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import type { Plan } from '../../topology/types.ts';

/** What a member has of the machine. */
export interface Resources {
  /** Bytes that are its own: memory that no file backs. */
  readonly memory: number;
  readonly descriptors: number;
}

/** Looks at the processes of all members that run on this machine. */
export async function resourcesOf(plan: Plan, engine: Docker): Promise<ReadonlyMap<string, Resources>> {
  const found = await Promise.all(
    plan.members.map(async ({ name }): Promise<Array<[string, Resources]>> => {
      try {
        const { Processes } = (await engine.getContainer(name).top({ ps_args: '-o pid' })) as {
          Processes: string[][];
        };
        const own = Processes.map(([pid]) => resourcesOfProcess(pid));
        return [[name, { memory: sum(own, 'memory'), descriptors: sum(own, 'descriptors') }]];
      } catch {
        // It is being started again, which is seen elsewhere.
        return [];
      }
    }),
  );
  return new Map(found.flat());
}

const sum = (all: readonly Resources[], what: keyof Resources): number =>
  all.reduce((total, each) => total + each[what], 0);

function resourcesOfProcess(pid: string): Resources {
  try {
    const anonymous = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return { memory: Number(anonymous?.[1] ?? 0) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    // Gone since it was listed, as a healthcheck's commands are.
    return { memory: 0, descriptors: 0 };
  }
}
