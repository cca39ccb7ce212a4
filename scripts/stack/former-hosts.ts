import { join, resolve } from 'node:path';
import type Docker from 'dockerode';
import { connect, readTls } from '../../provider/docker/connect.ts';
import { INSTANCE_LABEL, OWNER_LABEL } from '../../stacks/owner-label.ts';
import { dataVolume } from '../../stacks/volume-names.ts';
import type { HostsPlan } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import type { DomainEngine } from './domain-engine.ts';
import { SSH_CONNECT_SECONDS } from './engines.ts';
import type { Home } from './home.ts';
import { readInstance } from './instance.ts';
import { parseList, readIfPresent, writePrivate } from './private-file.ts';
import { withinReach } from './routed-client.ts';

/** A machine that a domain was put on, and how its engine is reached. */
interface Placed {
  readonly domain: string;
  readonly docker: string;
  readonly address: string;
  /** Absolute. */
  readonly certificates?: string;
}

/** A machine that was of a domain, and where something of the stack still is. */
export interface FormerHost extends DomainEngine {
  readonly host: Placed;
  /** How many containers of the stack are there. */
  readonly containers: number;
}

/** What became of the machines that were of other domains, or of none that the stack file still has. */
export interface FormerHosts {
  /** Of domains that the file has no longer, where no other domain of it has the machine now. */
  readonly gone: readonly FormerHost[];
  /** Of domains for which the file names another machine now. */
  readonly moved: readonly FormerHost[];
  /** In words; whether something of the stack is there, nobody knows. */
  readonly silent: readonly string[];
  /** Of all domains that the file has no longer. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Where it is written down on which machines a stack was put. */
export const recordFile = (home: Home, stack: string): string => join(home.stack(stack), 'hosts.json');

function readPlaced(home: Home, stack: string): readonly Placed[] {
  // Damaged: nobody knows of a machine that is gone from the file, as before there was a record.
  return parsePlaced(readIfPresent(recordFile(home, stack)) ?? '[]') ?? [];
}

/** The machines in a text; undefined when it is no such list. */
export const parsePlaced = (text: string): readonly Placed[] | undefined => parseList(text, isPlaced);

function isPlaced(value: unknown): value is Placed {
  const { address, certificates = '', docker, domain } = Object(value) as Partial<Placed>;
  return [address, certificates, docker, domain].every((word) => typeof word === 'string');
}

function writePlaced(home: Home, stack: string, placed: readonly Placed[]): void {
  home.privateDir(home.stack(stack));
  writePrivate(recordFile(home, stack), `${JSON.stringify(placed, undefined, 2)}\n`);
}

/**
 * Keeps on which machines a stack is put, for a time when its file no longer names them. A machine is known by its address.
 *
 * @param folder that paths of certificates are relative to
 */
export function recordHosts(home: Home, plan: HostsPlan, domains: ReadonlySet<string>, folder: string): void {
  const now = plan.domains
    .filter(({ name }) => domains.has(name))
    .map(
      ({ name: domain, host: { address, certificates, docker } }): Placed => ({
        domain,
        docker,
        address,
        ...(certificates === undefined ? {} : { certificates: resolve(folder, certificates) }),
      }),
    );
  const others = readPlaced(home, plan.name).filter(
    ({ address }) => !now.some((each) => each.address === address),
  );
  writePlaced(home, plan.name, [...others, ...now]);
}

/**
 * Asks the machines that the stack was put on and that its file has no longer, or has for other domains, all at once. Those where
 * nothing of it is left are forgotten.
 */
export async function findFormerHosts(home: Home, plan: HostsPlan): Promise<FormerHosts> {
  const known = readPlaced(home, plan.name);
  const names = new Set(plan.domains.map(({ name }) => name));
  const ownerOf = (address: string): string | undefined =>
    plan.domains.find(({ host }) => host.address === address)?.name;
  const found = await Promise.all(
    known
      .filter(({ address, domain }) => ownerOf(address) !== domain)
      .map((host) => ask(home, plan.name, host)),
  );
  const standing = found.filter((each) => typeof each !== 'string');
  const left = standing.filter(({ isEmpty }) => !isEmpty);
  if (left.length < standing.length) {
    const empty = standing.filter(({ isEmpty }) => isEmpty).map(({ host }) => host);
    writePlaced(
      home,
      plan.name,
      known.filter((each) => !empty.includes(each)),
    );
  }
  return {
    gone: left.filter(({ domain, host }) => !names.has(domain) && ownerOf(host.address) === undefined),
    moved: left.filter(({ domain }) => names.has(domain)),
    silent: found.filter((each) => typeof each === 'string'),
    addresses: new Map(
      known.filter(({ domain }) => !names.has(domain)).map(({ address, domain }) => [domain, address]),
    ),
  };
}

/** @returns in words, why it says nothing */
async function ask(
  home: Home,
  stack: string,
  host: Placed,
): Promise<(FormerHost & { readonly isEmpty: boolean }) | string> {
  const { certificates, docker: url, domain } = host;
  try {
    const tls = certificates === undefined ? undefined : readTls(certificates);
    const docker = await connect(url, { tls, connectSeconds: SSH_CONNECT_SECONDS });
    const { containers, volumes } = await withinReach((gaveUp) =>
      countOf(docker, home, { stack, domain }, gaveUp),
    );
    return { domain, docker, host, containers, isEmpty: containers + volumes === 0 };
  } catch (error) {
    return `${url}, which was host ${domain}: ${(error as Error).message}`;
  }
}

/** What an engine has of a domain: names of members and their volumes end with it. */
async function countOf(
  docker: Docker,
  home: Home,
  { stack, domain }: { stack: string; domain: string },
  abortSignal: AbortSignal,
): Promise<{ containers: number; volumes: number }> {
  const label = [`${OWNER_LABEL}=${stack}`];
  const instance = `${INSTANCE_LABEL}=${readInstance(home, stack) ?? 'none'}`;
  const listed: Docker.VolumeListOptions & { abortSignal: AbortSignal } = { filters: { label }, abortSignal };
  const containers = await docker.listContainers({
    all: true,
    filters: { label: [...label, instance] },
    abortSignal,
  });
  const { Volumes } = await docker.listVolumes(listed);
  return {
    containers: containers.filter(({ Names }) => Names.some((name) => name.endsWith(`-${domain}`))).length,
    volumes: (Volumes ?? []).filter(({ Name }) => Name.endsWith(`-${dataVolume(domain)}`)).length,
  };
}

/**
 * Refuses a domain that moves to another machine while it stands on the one before: there would be two of each of its members.
 *
 * @throws NotSoError naming both machines
 */
export function demandNotMoved(plan: HostsPlan, { moved }: FormerHosts): void {
  for (const { containers, domain, host } of moved) {
    const now = plan.domains.find(({ name }) => name === domain);
    // Of data alone that stays there nobody is in the way.
    if (now === undefined || containers === 0) continue;
    throw new NotSoError(
      `domain ${domain} stands on ${host.docker} (${containers} containers), and the stack file names ${now.host.docker} for it: each of its members would be there twice`,
      {
        where: `domain ${domain}`,
        remedy:
          `nothing was changed; add the new machine as a further domain, run \`twemstack up\`, then take ${domain} out of the file and run it again; ` +
          `or put the old machine back, hand its masters over (\`twemstack switchover\`), switch it off for good, and run \`twemstack up\` with the new one`,
      },
    );
  }
}
