import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { execa } from 'execa';
import type { Step } from '../report/steps.ts';
import { hostPid, stopHost } from './host.ts';
import { type Lab, labUp } from './lab.ts';
import { portOf, removeHost } from './network.ts';
import type { LabHost, LabPlace } from './place.ts';

/** A bridge that leads to nobody: what is on it has its carrier and hears nothing. */
const NOWHERE = 'nowhere';

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
  // What is being made at that moment is found the second time.
  for (let pass = 0; pass < 2; pass++) signalHost(host, 'SIGSTOP');
}

/** Takes everything of this back: power, cables, processes. Returns when every engine answers. */
export async function mendLab({ hosts, place }: Lab, step: Step): Promise<void> {
  for (const host of hosts) {
    if (hostPid(host) === undefined) {
      // Its addresses must not outlive it, should it have ended by itself.
      await removeHost(host, place);
      continue;
    }
    await ip('-n', place.switch, 'link', 'set', portOf(host), 'master', 'lan', 'up');
    signalHost(host, 'SIGCONT');
  }
  await labUp(place, step);
}

/** To all processes of a host, those in its containers too: they share its network. */
function signalHost({ namespace }: LabHost, signal: 'SIGSTOP' | 'SIGCONT'): void {
  const path = `/run/netns/${namespace}`;
  if (!existsSync(path)) return;
  const network = `net:[${statSync(path).ino}]`;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readlinkSync(`/proc/${pid}/ns/net`) === network) process.kill(Number(pid), signal);
    } catch {
      // Gone meanwhile.
    }
  }
}
