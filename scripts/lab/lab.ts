import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, readTls } from '../../provider/docker/connect.ts';
import { formatSubnet, type Subnet, subnet } from '../../topology/ipv4.ts';
import { EnvironmentError, InputError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { cacheFolder } from '../prepare/debian-base.ts';
import { detectPlatform, findProgram, requireDisk, requireLinux } from '../prepare/platform.ts';
import type { Step } from '../report/steps.ts';
import { hostPid, removeCgroups, startHost, stopHost } from './host.ts';
import { makeKeys } from './keys.ts';
import { unwire, wireHost, wireSwitch } from './network.ts';
import {
  freeNetwork,
  LAB_HOSTS,
  type LabHost,
  type LabHostName,
  type LabPlace,
  LEAST_HOSTS,
  labHosts,
  labPlace,
  labVip,
} from './place.ts';

/** Program -> Debian package. */
const PROGRAMS = {
  bash: 'bash',
  docker: 'docker.io',
  dockerd: 'docker.io',
  ip: 'iproute2',
  iptables: 'iptables',
  nsenter: 'util-linux',
  openssl: 'openssl',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
  unshare: 'util-linux',
} as const;
const ENGINE_MS = 60_000;
const ANSWER_MS = 3000;
/** The host that the stack file reaches by TLS, and not by ssh. */
const BY_TLS: LabHostName = 'c';
/** Any network, to name the parts of a lab that was never given one. */
const NOWHERE = subnet('198.18.240.0/24');

/** A host of a lab as it is now. */
export interface LabHostStatus {
  readonly host: LabHost;
  readonly running: boolean;
  /** Version of its engine, asked over TLS; undefined when it does not answer. */
  readonly engine: string | undefined;
}

export interface Lab {
  readonly place: LabPlace;
  readonly vip: string;
  readonly hosts: readonly LabHost[];
}

export interface LabWishes {
  /** Default: those that it has, else three. More are added to those that run. */
  readonly hosts?: number;
  /** Called with a host's name when its engine answers. */
  readonly onAnswer?: (host: string) => void;
}

/**
 * Three engines or more as hosts on this machine, each in namespaces of its own, reachable by ssh and TLS. What runs already
 * is left as it is. Changes nothing on this machine but what `labDown` takes back.
 *
 * @throws InputError when fewer hosts are wanted than it has
 * @throws EnvironmentError when this machine lacks something, or an engine does not come up
 */
export async function labUp(place: LabPlace, step: Step, wishes: LabWishes = {}): Promise<Lab> {
  const { hosts: count = sizeOf(place), onAnswer } = wishes;
  requireTools();
  requireSize(place, count);
  requireDisk(place.folder, `the images and data of ${count} engines`);
  makeFolder(place.folder, 0o700);
  const network = networkOf(place) ?? freeNetwork();
  writeFileSync(place.sizeFile, String(count));
  writeFileSync(place.networkFile, formatSubnet(network));
  const lab: Lab = { place, vip: labVip(network), hosts: labHosts(place, network, count) };
  step.progress('keys and certificates');
  await makeKeys(place, lab.hosts);
  writeFileSync(place.stackFile, stackFileOf(lab));
  await wireSwitch(place, network);
  for (const host of lab.hosts) {
    if (hostPid(host) !== undefined) continue;
    step.progress(`starting host ${host.name}`);
    await wireHost(host, place, network);
    startHost(host, place);
  }
  await Promise.all(
    lab.hosts.map(async (host) => {
      await awaitEngine(host, place, step);
      onAnswer?.(host.name);
    }),
  );
  return lab;
}

/** Ends the hosts and removes all that is theirs, data and images included. Returns whether there was anything. */
export async function labDown(place: LabPlace, step: Step): Promise<boolean> {
  requireRoot();
  const hosts = labHosts(place, networkOf(place) ?? NOWHERE, LAB_HOSTS.length);
  const was = existsSync(place.folder);
  for (const host of hosts) {
    step.progress(`switching host ${host.name} off`);
    await stopHost(host);
  }
  await unwire(place, hosts);
  for (const host of hosts) await removeCgroups(host);
  step.progress('removing its data');
  rmSync(place.folder, { recursive: true, force: true });
  return was;
}

/** The lab of this machine whose hosts have these addresses; undefined when none has. They are kept in the cache folder. */
export function findLab(addresses: readonly string[]): Lab | undefined {
  if (!existsSync(cacheFolder())) return undefined;
  for (const name of readdirSync(cacheFolder())) {
    const place = labPlace(join(cacheFolder(), name));
    const network = networkOf(place);
    if (network === undefined) continue;
    const hosts = labHosts(place, network, sizeOf(place));
    if (addresses.every((address) => hosts.some((host) => host.address === address)))
      return { place, vip: labVip(network), hosts };
  }
  return undefined;
}

/** Every host of a lab; undefined when there is no lab. */
export async function labStatus(place: LabPlace): Promise<LabHostStatus[] | undefined> {
  const network = networkOf(place);
  if (network === undefined) return undefined;
  return Promise.all(
    labHosts(place, network, sizeOf(place)).map(async (host) => ({
      host,
      running: hostPid(host) !== undefined,
      engine: await engineOf(host, place),
    })),
  );
}

async function engineOf(host: LabHost, place: LabPlace): Promise<string | undefined> {
  try {
    const docker = await connect(host.tls, { tls: readTls(place.keys), timeoutMs: ANSWER_MS });
    return (await docker.version()).Version;
  } catch {
    return undefined;
  }
}

async function awaitEngine(host: LabHost, place: LabPlace, step: Step): Promise<void> {
  const until = performance.now() + ENGINE_MS;
  while ((await engineOf(host, place)) === undefined) {
    if (performance.now() > until || hostPid(host) === undefined)
      throw new EnvironmentError(`the engine of lab host ${host.name} does not come up\n${lastWords(host)}`, {
        where: host.logFile,
        remedy: 'mend what its log names, then `twemstack lab up` again; `lab down` removes everything',
      });
    step.progress(`waiting for the engine of host ${host.name}`);
    await sleep(200);
  }
}

function lastWords({ logFile }: LabHost): string {
  const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n') : [];
  return lines
    .filter((line) => !/level="?(info|warning|debug)/.test(line))
    .slice(-10)
    .map((line) => `    ${line}`)
    .join('\n');
}

function networkOf({ networkFile }: LabPlace): Subnet | undefined {
  return existsSync(networkFile) ? subnet(readFileSync(networkFile, 'utf8').trim()) : undefined;
}

function sizeOf({ sizeFile }: LabPlace): number {
  return existsSync(sizeFile) ? Number(readFileSync(sizeFile, 'utf8')) : LEAST_HOSTS;
}

function requireSize(place: LabPlace, count: number): void {
  if (networkOf(place) === undefined || count >= sizeOf(place)) return;
  throw new InputError(`the lab has ${sizeOf(place)} hosts, more than ${count}`, {
    where: '--hosts',
    remedy:
      '`twemstack lab down` removes them with their data; hosts can be added to a lab, and not taken from it',
  });
}

function stackFileOf({ hosts, place, vip }: Lab): string {
  const domains = hosts.map(({ address, name, ssh, tls }) => {
    // One of both kinds at least, and the same one however many there are.
    const engine = name === BY_TLS ? `docker: "${tls}", certificates: "${place.keys}"` : `docker: "${ssh}"`;
    return `  - { name: ${name}, ${engine}, address: ${address} }\n`;
  });
  return `# The hosts of \`twemstack lab\`.\nname: lab\nvip: ${vip}\ndomains:\n${domains.join('')}`;
}

function requireRoot(): void {
  const platform = detectPlatform();
  requireLinux(platform);
  if (!platform.root)
    throw new EnvironmentError('a lab takes root: it is made of namespaces, bridges and engines', {
      where: 'lab',
      remedy: 'run the command as root',
    });
}

function requireTools(): void {
  requireRoot();
  const missing = Object.entries(PROGRAMS).filter(([program]) => findProgram(program) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
  throw new EnvironmentError(`${missing.map(([program]) => program).join(', ')}: not installed`, {
    where: 'lab',
    // Installing sshd would leave a door open on this machine, so that is the person's to decide.
    remedy: `on Debian: apt-get install ${packages}; sshd and docker of this machine itself need not run`,
  });
}
