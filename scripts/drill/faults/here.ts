import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import type { Member } from '../../../topology/types.ts';
import { findProgram } from '../../prepare/platform.ts';
import type { Surroundings } from '../drill.ts';
import { hasLocalAddress } from '../watch/vip.ts';

/** Debian packages of the programs that faults are made with. */
const PACKAGES = 'iptables strace util-linux';

/**
 * Pid of a member's first process on this machine; undefined when it does not run here. A pid that the engine of another
 * machine tells may be anybody's here, so the process must have the member's address.
 */
export async function processHere(engine: Docker, member: Member): Promise<number | undefined> {
  const { State } = await engine.getContainer(member.name).inspect();
  if (State.Pid === 0) return undefined;
  try {
    const routes = readFileSync(`/proc/${State.Pid}/net/fib_trie`, 'utf8');
    return hasLocalAddress(routes, member.address) ? State.Pid : undefined;
  } catch {
    return undefined;
  }
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
