import type Docker from 'dockerode';
import type { Member } from '../../../topology/types.ts';
import { routesHere } from '../../observe/local-addresses.ts';
import { findProgram } from '../../prepare/platform.ts';
import type { Surroundings } from '../drill.ts';

/** Debian packages of the programs that faults are made with. */
const PACKAGES = 'iptables strace util-linux';

/** Pid of a member's first process on this machine; undefined when it does not run here. */
export async function processHere(engine: Docker, member: Member): Promise<number | undefined> {
  const { State } = await engine.getContainer(member.name).inspect();
  return routesHere(State.Pid, member.address) === undefined ? undefined : State.Pid;
}

/** Why a fault that is done to members from outside their containers, with these programs, cannot be done from here. */
export async function outOfReach(
  { plan, engine }: Surroundings,
  programs: readonly string[],
): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root';
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length > 0) return `it needs ${missing.join(' and ')} (apt-get install ${PACKAGES})`;
  for (const member of plan.members) {
    const found = await processHere(engine, member).catch(() => undefined);
    if (found !== undefined) return undefined;
  }
  return 'its engine runs on another machine, and so do the processes and networks of its members';
}
