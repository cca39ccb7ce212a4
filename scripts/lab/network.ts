import { existsSync } from 'node:fs';
import { execa } from 'execa';
import type { Subnet } from '../../topology/ipv4.ts';
import { type LabHost, type LabPlace, machineAddress } from './place.ts';

const ip = (...words: string[]): Promise<unknown> => execa('ip', words, { stdin: 'ignore' });

const exists = (namespace: string): boolean => existsSync(`/run/netns/${namespace}`);

/**
 * The lab's LAN: a bridge in a namespace of its own, so that this machine forwards nothing, with a cable to this machine.
 */
export async function wireSwitch(place: LabPlace, network: Subnet): Promise<void> {
  if (exists(place.switch)) return;
  await ip('netns', 'add', place.switch);
  const here = ['-n', place.switch];
  await ip(...here, 'link', 'set', 'lo', 'up');
  await ip(...here, 'link', 'add', 'lan', 'type', 'bridge');
  await ip(...here, 'link', 'set', 'lan', 'up');
  await ip('link', 'add', place.name, 'type', 'veth', 'peer', 'name', 'machine', 'netns', place.switch);
  await ip(...here, 'link', 'set', 'machine', 'master', 'lan', 'up');
  await ip('address', 'add', `${machineAddress(network)}/${network.prefix}`, 'dev', place.name);
  await ip('link', 'set', place.name, 'up');
}

/** The port of the switch that a host's cable is in. */
export const portOf = ({ name }: LabHost): string => `port-${name}`;

/** A host's namespace, with a cable from its eth0 to the switch. */
export async function wireHost(host: LabHost, place: LabPlace, network: Subnet): Promise<void> {
  if (exists(host.namespace)) return;
  await ip('netns', 'add', host.namespace);
  const here = ['-n', host.namespace];
  const port = portOf(host);
  await ip(...here, 'link', 'set', 'lo', 'up');
  await ip(
    ...['-n', place.switch, 'link', 'add', port, 'type', 'veth'],
    ...['peer', 'name', 'eth0', 'address', host.mac, 'netns', host.namespace],
  );
  await ip('-n', place.switch, 'link', 'set', port, 'master', 'lan', 'up');
  await ip(...here, 'address', 'add', `${host.address}/${network.prefix}`, 'dev', 'eth0');
  await ip(...here, 'link', 'set', 'eth0', 'up');
}

/**
 * Takes a host off the LAN, with its namespace and all of its addresses. The cable goes by name: a namespace that is deleted
 * lets go of its devices a little later, and a new cable could not be put in.
 */
export async function removeHost(host: LabHost, place: LabPlace): Promise<void> {
  const port = ['-n', place.switch, 'link', 'delete', portOf(host)];
  await execa('ip', port, { stdin: 'ignore', reject: false });
  if (exists(host.namespace)) await ip('netns', 'delete', host.namespace);
}

/** Removes namespaces and this machine's end of the cable; devices inside go with them. */
export async function unwire(place: LabPlace, hosts: readonly LabHost[]): Promise<void> {
  if (existsSync(`/sys/class/net/${place.name}`)) await ip('link', 'delete', place.name);
  for (const namespace of [...hosts.map((host) => host.namespace), place.switch])
    if (exists(namespace)) await ip('netns', 'delete', namespace);
}
