import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { hostRoutes, uplinkMtu } from '../../scripts/prepare/host-network.ts';
import { formatAddress, formatSubnet, overlaps, type Subnet, subnet } from '../../topology/ipv4.ts';
import { killAll } from './signal-all.ts';

/** What a command in the namespace printed, and how it ended. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A network namespace of its own with a way out to the world through this machine. */
export interface NetworkNamespace {
  readonly name: string;
  /** This machine's address as seen from inside. */
  readonly gateway: string;
  /** Prefix of a command line that makes it run inside; ends in exec, so that pids are the command's own. */
  readonly enter: readonly string[];
  run(command: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>;
  /** Removes it, its cable and the firewall rules. */
  remove(): Promise<void>;
}

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

/**
 * Makes a namespace called `name` (at most 11 characters: device names are longer by 4), joined to this machine by a
 * veth pair in a free /30 of 198.19.0.0/16, with masquerading. Removes one of the same name first: names are recorded
 * nowhere, what a crashed run left is found by them.
 */
export async function createNetns(name: string): Promise<NetworkNamespace> {
  await removeNetns(name);
  const link = freeSubnet();
  const [outer, inner] = [`${name}-out`, `${name}-in`];
  const [gateway, address] = [formatAddress(link.base + 1), formatAddress(link.base + 2)];
  const mtu = String(uplinkMtu() ?? 1500);
  const enter = ['nsenter', `--net=/run/netns/${name}`];
  await must(['ip', 'netns', 'add', name]);
  await must([
    'ip',
    'link',
    'add',
    outer,
    'mtu',
    mtu,
    'type',
    'veth',
    'peer',
    'name',
    inner,
    'mtu',
    mtu,
    'netns',
    name,
  ]);
  await must(['ip', 'address', 'add', `${gateway}/30`, 'dev', outer]);
  await must(['ip', 'link', 'set', outer, 'up']);
  await must([...enter, 'ip', 'link', 'set', 'lo', 'up']);
  await must([...enter, 'ip', 'address', 'add', `${address}/30`, 'dev', inner]);
  await must([...enter, 'ip', 'link', 'set', inner, 'up']);
  await must([...enter, 'ip', 'route', 'add', 'default', 'via', gateway]);
  if (readFileSync(FORWARDING, 'utf8').trim() !== '1') writeFileSync(FORWARDING, '1\n');
  for (const rule of firewallRules(name, outer, formatSubnet(link))) await must(['iptables', '-w', ...rule]);
  return {
    name,
    gateway,
    enter,
    run: async (command, env) =>
      ran(await execa(enter[0], [...enter.slice(1), ...command], { ...QUIET, env })),
    remove: () => removeNetns(name),
  };
}

/** Removes a namespace of that name, its cable and its firewall rules, as far as they are there. */
export async function removeNetns(name: string): Promise<void> {
  for (const table of ['nat', 'filter']) {
    const { stdout } = await execa('iptables', ['-w', '-t', table, '-S'], QUIET);
    for (const rule of String(stdout).split('\n')) {
      if (!rule.startsWith('-A') || !rule.includes(`--comment ${name} `)) continue;
      await must(['iptables', '-w', '-t', table, ...rule.replace('-A', '-D').split(' ')]);
    }
  }
  if (existsSync(`/sys/class/net/${name}-out`)) await must(['ip', 'link', 'delete', `${name}-out`]);
  if (existsSync(`/run/netns/${name}`)) await must(['ip', 'netns', 'delete', name]);
}

/** Pids of all processes in a namespace, oldest first. */
export async function pidsInside(namespace: string): Promise<number[]> {
  const { stdout } = await execa('ip', ['netns', 'pids', namespace], QUIET);
  return stdout
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** Ends every process in a namespace, and removes it; one that is not there is gone already. */
export async function endNamespace(namespace: string): Promise<void> {
  killAll(await pidsInside(namespace));
  await execa('ip', ['netns', 'delete', namespace], QUIET);
}

function firewallRules(name: string, outer: string, network: string): string[][] {
  const mark = ['-m', 'comment', '--comment', name];
  return [
    ['-t', 'nat', '-I', 'POSTROUTING', '1', '-s', network, '!', '-o', outer, ...mark, '-j', 'MASQUERADE'],
    // Ahead of an engine's own rules: those end in a policy that drops what they do not know.
    ['-I', 'FORWARD', '1', '-i', outer, ...mark, '-j', 'ACCEPT'],
    ['-I', 'FORWARD', '1', '-o', outer, ...mark, '-j', 'ACCEPT'],
  ];
}

function freeSubnet(): Subnet {
  const taken = hostRoutes();
  for (let third = 0; third < 256; third++) {
    const candidate = subnet(`198.19.${third}.0/30`);
    if (!taken.some((route) => overlaps(route.subnet, candidate))) return candidate;
  }
  throw new Error('all of 198.19.0.0/16 is in use on this machine');
}

const QUIET = { reject: false, stdin: 'ignore' } as const;

function ran(result: { exitCode?: number; stdout?: unknown; stderr?: unknown }): Ran {
  return {
    exitCode: result.exitCode ?? -1,
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
  };
}

async function must(command: readonly string[]): Promise<void> {
  const { exitCode, stderr } = ran(await execa(command[0], command.slice(1), QUIET));
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr.trim()}`);
}
