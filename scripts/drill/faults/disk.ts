import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import type { RedisMember } from '../../../topology/types.ts';
import { EnvironmentError } from '../../errors.ts';
import type { Drill, FaultContext } from '../drill.ts';
import { need, restore } from './break.ts';
import { outOfReach } from './here.ts';
import { failover, hangLimit } from './limits.ts';
import { hitShard } from './targets.ts';

const TOOLS = ['strace', 'setpriv'] as const;
const ATTACH_MS = 3000;

/**
 * Lets the kernel answer each write of a redis to its append-only file with "no space left on device", and nothing else
 * of it or of anybody: what a volume that is full looks like to this one member. Undone by letting go of the process.
 */
async function fillDisk(context: FaultContext, member: RedisMember): Promise<void> {
  const pid = await redisProcess(context, member);
  const files = need(appendOnlyFiles(pid), `append-only file of ${member.name}`);
  const fault = [
    '-e',
    'trace=write',
    '-e',
    'inject=write:error=ENOSPC',
    ...files.flatMap((file) => ['-P', file]),
  ];
  // With this program, however it ends, ends the fault.
  const command = ['--pdeathsig', 'TERM', 'strace', '-f', '-qq', '-o', '/dev/null', '-p', `${pid}`, ...fault];
  const tracer = execa('setpriv', command, { reject: false, stdin: 'ignore' });
  const { name } = member;
  const noted = {
    what: `${name} cannot write to its disk`,
    remedy: { kind: 'start', member: name },
  } as const;
  context.undoLater(noted, async () => {
    tracer.kill('SIGTERM');
    await tracer;
    context.timeline.note('drill', 'restored', `${member.name} can write to its disk`);
    // A redis that became a replica and could not write what its master sent has ended itself.
    await restore(context, name);
  });
  const attached = (): boolean => /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  for (const deadline = performance.now() + ATTACH_MS; !attached(); await delay(5)) {
    if (tracer.exitCode === null && performance.now() < deadline) continue;
    tracer.kill('SIGTERM');
    throw new EnvironmentError(`strace cannot attach to the redis of ${member.name} (pid ${pid})`, {
      where: String((await tracer).stderr),
      remedy: 'it needs CAP_SYS_PTRACE, and no other tracer or debugger at that process',
    });
  }
  context.timeline.note('drill', 'fault', `the disk of ${member.name} is full`);
}

/** Pid of a member's redis-server on this machine: the container's first process is its init. */
async function redisProcess({ engine }: FaultContext, { name }: RedisMember): Promise<number> {
  const { Processes } = (await engine.getContainer(name).top({ ps_args: '-o pid,comm' })) as {
    Processes: Array<[pid: string, program: string]>;
  };
  const found = Processes.find(([, program]) => program === 'redis-server');
  return Number(need(found, `redis-server process in ${name}`)[0]);
}

/** The append-only files a process has open, by the paths it knows them by. */
function appendOnlyFiles(pid: number): string[] | undefined {
  const folder = `/proc/${pid}/fd`;
  const files = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
  const found = files.filter((file) => file.endsWith('.aof'));
  return found.length > 0 ? found : undefined;
}

const diskFull: Drill = {
  name: 'disk-full',
  summary: 'the disk of a shard’s master is full: it refuses writes, so the sentinels replace it',
  alerts: [],
  refused: (surroundings) => outOfReach(surroundings, TOOLS),
  // To a sentinel an answer to PING that says MISCONF is none, so it takes as long as with a hung master.
  promised: (plan) => failover(hangLimit(plan)),
  // Until after the sentinels have made a replica of it.
  lasts: (plan) => plan.sentinel.downAfterMs + 7000,
  async inject(context) {
    const { shard, master } = hitShard(context);
    await fillDisk(context, master);
    return { at: performance.now(), members: [master.name], shard };
  },
};

export const DISK_DRILLS: readonly Drill[] = [diskFull];
