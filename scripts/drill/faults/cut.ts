import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { EnvironmentError } from '../../errors.ts';
import type { FaultContext } from '../drill.ts';

/** Runs a program in the network namespace of a container, from this machine: the images have no tools for it. */
async function inNetworkOf(context: FaultContext, member: string, command: readonly string[]): Promise<void> {
  const { State } = await context.engine.getContainer(member).inspect();
  const namespace = `/proc/${State.Pid}/ns/net`;
  if (State.Pid === 0 || !existsSync(namespace)) {
    throw new EnvironmentError(`the network of ${member} cannot be entered from here`, {
      where: namespace,
      remedy: 'run this drill as root on the machine of its engine',
    });
  }
  const result = await execa('nsenter', [`--net=${namespace}`, ...command], { reject: false });
  if (result.exitCode === 0) return;
  throw new EnvironmentError(`${command.join(' ')} failed in the network of ${member}`, {
    where: String(result.stderr || result.message),
    remedy: 'apt-get install iptables util-linux, and run as root',
  });
}

/** Drops everything between a member and some addresses, both ways. Undone by taking the rules away again. */
export async function cutOff(
  context: FaultContext,
  member: string,
  addresses: readonly string[],
): Promise<void> {
  const rules = addresses.flatMap((address) => [
    ['INPUT', '-s', address],
    ['OUTPUT', '-d', address],
  ]);
  await drop(context, member, rules, `cut ${member} off from ${addresses.join(', ')}`);
}

/** Loses a share (0 to 1) of all packets of a member at random, both ways. Undone by taking the rules away again. */
export async function losePackets(context: FaultContext, member: string, share: number): Promise<void> {
  const match = ['-m', 'statistic', '--mode', 'random', '--probability', String(share)];
  const rules = ['INPUT', 'OUTPUT'].map((chain) => [chain, ...match]);
  await drop(context, member, rules, `${member} loses ${share * 100} % of its packets`);
}

async function drop(
  context: FaultContext,
  member: string,
  rules: ReadonlyArray<readonly string[]>,
  what: string,
): Promise<void> {
  const all = async (action: '-A' | '-D'): Promise<void> => {
    for (const [chain, ...match] of rules)
      await inNetworkOf(context, member, ['iptables', '-w', action, chain, ...match, '-j', 'DROP']);
  };
  context.undoLater(async () => {
    // A container that was restarted in between has a new network without rules.
    await all('-D').catch(() => undefined);
    context.timeline.note('drill', 'restored', `the network of ${member} is as before`);
  });
  await all('-A');
  context.timeline.note('drill', 'fault', what);
}
