import { execa } from 'execa';
import type { Member } from '../../../topology/types.ts';
import { EnvironmentError } from '../../errors.ts';
import type { FaultContext } from '../drill.ts';
import { need } from './break.ts';
import { processHere } from './here.ts';

/** What the faults below are made with. */
export const CUTTERS = ['nsenter', 'iptables-restore'] as const;

/** Changes rules in the network of a container, all at one moment. From this machine: the images have no tools for it. */
async function changeRules(context: FaultContext, member: Member, rules: readonly string[]): Promise<void> {
  const pid = need(await processHere(context.engine, member), `process of ${member.name} on this machine`);
  const command = [`--net=/proc/${pid}/ns/net`, 'iptables-restore', '--noflush', '--wait'];
  const input = ['*filter', ...rules, 'COMMIT', ''].join('\n');
  const result = await execa('nsenter', command, { input, reject: false });
  if (result.exitCode === 0) return;
  throw new EnvironmentError(`the packet filter in the network of ${member.name} could not be changed`, {
    where: String(result.stderr || result.message),
    remedy: 'see whether iptables works on this machine at all: `iptables -L`',
  });
}

/** Drops everything between a member and some addresses, both ways. Undone by taking the rules away again. */
export async function cutOff(
  context: FaultContext,
  member: Member,
  addresses: readonly string[],
): Promise<void> {
  const matches = addresses.flatMap((address) => [`INPUT -s ${address}`, `OUTPUT -d ${address}`]);
  await drop(context, member, matches, `cut ${member.name} off from ${addresses.join(', ')}`);
}

/** Loses a share (0 to 1) of all packets of a member at random, both ways. Undone by taking the rules away again. */
export async function losePackets(context: FaultContext, member: Member, share: number): Promise<void> {
  const match = `-m statistic --mode random --probability ${share}`;
  const what = `${member.name} loses ${share * 100} % of its packets`;
  await drop(context, member, [`INPUT ${match}`, `OUTPUT ${match}`], what);
}

async function drop(
  context: FaultContext,
  member: Member,
  matches: readonly string[],
  what: string,
): Promise<void> {
  const rules = (action: '-A' | '-D'): string[] => matches.map((match) => `${action} ${match} -j DROP`);
  context.undoLater(async () => {
    // A container that was restarted in between has a new network without rules.
    await changeRules(context, member, rules('-D')).catch(() => undefined);
    context.timeline.note('drill', 'restored', `the network of ${member.name} is as before`);
  });
  await changeRules(context, member, rules('-A'));
  context.timeline.note('drill', 'fault', what);
}
