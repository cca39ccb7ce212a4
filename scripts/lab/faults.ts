import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { execa } from 'execa';
import type { Step } from '../report/steps.ts';
import { hostPid, stopHost } from './host.ts';
import { type Lab, labUp } from './lab.ts';
import { portOf, removeHost } from './network.ts';
import type { LabHost, LabPlace } from './place.ts';

/** A bridge that leads to nobody: what is on it has its carrier and hears nothing. */
const NOWHERE = 'nowhere';
/** Chain of what a host does not hear. */
const DEAF = 'LAB-DEAF';
/** A burst that has room for a whole packet: none larger would ever pass. */
const SLOW = ['tbf', 'rate', '5mbit', 'burst', '4kb', 'latency', '400ms'];
const QUIETLY = { stdin: 'ignore', reject: false } as const;

const ip = (...words: string[]): Promise<unknown> => execa('ip', words, { stdin: 'ignore' });

/** Pulls a host's cable: its device has no carrier any more. */
export async function pullCable(place: LabPlace, host: LabHost): Promise<void> {
  await ip('-n', place.switch, 'link', 'set', portOf(host), 'down');
}

/** Cuts a host off from everybody, and its device does not notice. */
export async function isolateHost(place: LabPlace, host: LabHost): Promise<void> {
  const here = ['-n', place.switch];
  const there = await execa('ip', [...here, 'link', 'show', NOWHERE], { stdin: 'ignore', reject: false });
  if (there.exitCode !== 0) {
    await ip(...here, 'link', 'add', NOWHERE, 'type', 'bridge');
    await ip(...here, 'link', 'set', NOWHERE, 'up');
  }
  await ip(...here, 'link', 'set', portOf(host), 'master', NOWHERE);
}

/** Takes a host's power away: nothing gets out any more, everything ends, and its addresses are gone with its network. */
export async function cutPower(place: LabPlace, host: LabHost): Promise<void> {
  await pullCable(place, host);
  await stopHost(host);
  await removeHost(host, place);
}

/** Stops a host as its hypervisor does: nothing in it runs, and nobody hears it. */
export async function pauseHost(place: LabPlace, host: LabHost): Promise<void> {
  await isolateHost(place, host);
  freezeHost(host);
}

/** A host hears no other one any more; they hear it, and whoever is no host goes on in both directions. */
export async function cutHalf(host: LabHost, others: readonly LabHost[]): Promise<void> {
  await deafen(host, '-N', DEAF);
  for (const { address } of others) await deafen(host, '-A', DEAF, '-s', address, '-j', 'DROP');
  await deafen(host, '-I', 'INPUT', '-j', DEAF);
}

const deafen = ({ namespace }: LabHost, ...words: string[]): Promise<unknown> =>
  execa('ip', ['netns', 'exec', namespace, 'iptables', '-w', ...words], { stdin: 'ignore' });

/** All processes of a host stand still, and its kernel goes on: it confirms what arrives, and accepts connections. */
export function freezeHost(host: LabHost): void {
  // What is being made at that moment is found the second time.
  for (let pass = 0; pass < 2; pass++) signalHost(host, 'SIGSTOP');
}

/** A cable that carries 5 Mbit/s in either direction: a little more than what a host sends and hears under a drill’s load. */
export async function slowHost(place: LabPlace, host: LabHost): Promise<void> {
  for (const [namespace, device] of endsOf(place, host))
    await execa('tc', ['-n', namespace, 'qdisc', 'add', 'dev', device, 'root', ...SLOW], { stdin: 'ignore' });
}

/** Both ends of a host's cable: namespace and device. */
const endsOf = (place: LabPlace, host: LabHost): Array<readonly [string, string]> => [
  [host.namespace, 'eth0'],
  [place.switch, portOf(host)],
];

/** Ends a host's engine; its host starts it again a second later. @throws Error when it has none */
export async function endEngine(host: LabHost, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const pid = processesOf(host).find((each) => nameOf(each) === 'dockerd');
  if (pid === undefined) throw new Error(`no engine runs on host ${host.name}`);
  process.kill(pid, signal);
}

/** An empty machine in the place of one that has no power: the same name, address and keys, and no data, images or containers. */
export function emptyHost({ folder }: LabHost): void {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Takes everything of this back: power, cables, processes. Returns when every engine answers.
 *
 * @param onBack called with a host's name when its engine answers
 */
export async function mendLab(
  { hosts, place }: Lab,
  step: Step,
  onBack: (host: string) => void = () => undefined,
): Promise<void> {
  for (const host of hosts) {
    if (hostPid(host) === undefined) {
      // Its addresses must not outlive it, should it have ended by itself.
      await removeHost(host, place);
      continue;
    }
    await ip('-n', place.switch, 'link', 'set', portOf(host), 'master', 'lan', 'up');
    await hearAgain(host);
    for (const [namespace, device] of endsOf(place, host))
      await execa('tc', ['-n', namespace, 'qdisc', 'del', 'dev', device, 'root'], QUIETLY);
    signalHost(host, 'SIGCONT');
  }
  await labUp(place, step, { onAnswer: onBack });
}

/** Nothing of it need be there. */
async function hearAgain({ namespace }: LabHost): Promise<void> {
  const there = ['netns', 'exec', namespace, 'iptables', '-w'];
  for (const words of [
    ['-D', 'INPUT', '-j', DEAF],
    ['-F', DEAF],
    ['-X', DEAF],
  ])
    await execa('ip', [...there, ...words], QUIETLY);
}

/** To all processes of a host, those in its containers too. */
function signalHost(host: LabHost, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of processesOf(host)) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone meanwhile.
    }
  }
}

/** Pids of all processes of a host: they share its network, or are in the control groups of its engine's containers. */
function processesOf({ namespace }: LabHost): number[] {
  const path = `/run/netns/${namespace}`;
  if (!existsSync(path)) return [];
  const network = `net:[${statSync(path).ino}]`;
  const group = `/${namespace}/docker/`;
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const ours =
        /^\d+$/.test(pid) &&
        (readlinkSync(`/proc/${pid}/ns/net`) === network ||
          readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(group));
      return ours ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
