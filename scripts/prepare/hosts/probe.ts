import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { OWNER_LABEL } from '../../../stacks/owner-label.ts';
import { portsOf } from '../../../topology/ports.ts';
import type { HostsPlan, HostsPlanDomain } from '../../../topology/types.ts';
import { vipsOf } from '../../../topology/vips.ts';
import { EnvironmentError } from '../../errors.ts';
import { hostTitle } from '../../images/ship.ts';
import { execInContainer } from '../../observe/engine.ts';
import type { DomainEngine } from '../../stack/domain-engine.ts';
import type { FormerHosts } from '../../stack/former-hosts.ts';
import { withinReach } from '../../stack/routed-client.ts';
import { type HostFacts, parseFacts } from './facts.ts';
import { FACTS, HEARD, LISTEN, REACH } from './scripts.ts';

/** What all hosts together look like. */
export interface HostsFacts {
  readonly hosts: readonly HostFacts[];
  /** Ids of the stack's own containers. */
  readonly own: ReadonlySet<string>;
  /** Link addresses of those, where they have their own. */
  readonly ownLinks?: ReadonlySet<string>;
  /** What did not get from one host to another. */
  readonly blocked: readonly BlockedWay[];
}

export interface BlockedWay {
  /** Names of domains. */
  readonly from: string;
  readonly to: string;
  /** A TCP port, or VRRP. */
  readonly what: number | 'vrrp';
}

/** A container ends by itself after this long, should this program die; seconds. */
const LIFE_SECONDS = 60;
/** As long as anybody waits for all of it. */
const PATIENCE_MS = 13_000;
const REMOVAL_MS = 3000;
/** To see the machine as a member would, whose sockets there are, and to speak VRRP. Nothing that changes anything. */
const CAPABILITIES = ['NET_RAW', 'SYS_PTRACE', 'DAC_READ_SEARCH'];

/** A host, and the container from which it is looked at. */
interface Probe {
  readonly engine: DomainEngine;
  readonly domain: HostsPlanDomain;
  readonly container: Docker.Container;
  /** Ids of the stack's containers there. */
  readonly own: readonly string[];
  /** Their link addresses. */
  readonly ownLinks: readonly string[];
  /** By when it has to be over; of `performance.now()`. */
  readonly until: number;
}

export interface ProbeWishes {
  /** For all of it. */
  readonly patienceMs?: number;
  /** Machines that the stack is to leave: what answers there for an address of the stack is no stranger. */
  readonly former?: Pick<FormerHosts, 'gone' | 'addresses'>;
}

/**
 * Looks at the machines from inside, all at once, in containers that are gone afterwards. Nothing on them is changed. Ways
 * between them are only tried to where nothing of the stack runs yet: elsewhere its members use them already.
 *
 * @param engines of the hosts that are reached
 * @param image has bash, iproute2 and socat: the edge's
 * @throws EnvironmentError that names the host which could not be looked at; SlowHost when the time is over
 */
export async function probeHosts(
  plan: HostsPlan,
  engines: readonly DomainEngine[],
  image: string,
  { former, patienceMs = PATIENCE_MS }: ProbeWishes = {},
): Promise<HostsFacts> {
  const until = performance.now() + patienceMs;
  const begun = await Promise.allSettled(engines.map((engine) => beginProbe(plan, engine, image, until)));
  const probes = begun.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  try {
    for (const result of begun) if (result.status === 'rejected') throw result.reason;
    const left = [...(former?.addresses.values() ?? [])];
    const hosts = await Promise.all(probes.map((probe) => factsOf(plan, probe, left)));
    const formerLinks = await Promise.all(
      (former?.gone ?? []).map((host) => linksOn(host, plan.name, until)),
    );
    const blocked = await tryWays(plan, probes);
    return {
      hosts,
      own: new Set(probes.flatMap(({ own }) => own)),
      ownLinks: new Set([
        ...probes.flatMap(({ ownLinks }) => ownLinks),
        ...formerLinks.flat(),
        ...hosts.flatMap(({ vipAnswers }) => left.flatMap((address) => vipAnswers.get(address)?.link ?? [])),
      ]),
      blocked,
    };
  } finally {
    await Promise.allSettled(
      probes.map(({ container }) => withinReach(() => container.remove({ force: true }), REMOVAL_MS)),
    );
  }
}

async function beginProbe(
  plan: HostsPlan,
  engine: DomainEngine,
  image: string,
  until: number,
): Promise<Probe> {
  const domain = plan.domains.find(({ name }) => name === engine.domain);
  if (domain === undefined) throw new RangeError(`there is no domain ${engine.domain}`);
  return onHost(engine, until, async () => {
    const own = await engine.docker.listContainers({
      all: true,
      filters: { label: [`${OWNER_LABEL}=${plan.name}`] },
    });
    const container = await engine.docker.createContainer({
      Image: image,
      Entrypoint: ['sleep'],
      Cmd: [String(LIFE_SECONDS)],
      Labels: { 'twemstack.probe': plan.name },
      HostConfig: {
        NetworkMode: 'host',
        PidMode: 'host',
        AutoRemove: true,
        CapDrop: ['ALL'],
        CapAdd: CAPABILITIES,
        SecurityOpt: ['no-new-privileges:true', 'apparmor=unconfined'],
      },
    });
    await container.start();
    return {
      engine,
      domain,
      container,
      own: own.map(({ Id }) => Id),
      ownLinks: linksOf(own),
      until,
    };
  });
}

/** Link addresses of containers that have some of their own. */
const linksOf = (containers: readonly Docker.ContainerInfo[]): string[] =>
  containers
    .flatMap(({ NetworkSettings }) => Object.values(NetworkSettings?.Networks ?? {}))
    .map(({ MacAddress }) => MacAddress)
    .filter((link) => link !== '');

const linksOn = (engine: DomainEngine, stack: string, until: number): Promise<string[]> =>
  onHost(engine, until, async () =>
    linksOf(
      await engine.docker.listContainers({ all: true, filters: { label: [`${OWNER_LABEL}=${stack}`] } }),
    ),
  );

/** @param former addresses of machines that the stack is to leave */
async function factsOf(plan: HostsPlan, probe: Probe, former: readonly string[]): Promise<HostFacts> {
  const { address } = probe.domain.host;
  const peers = plan.domains.map(({ host }) => host.address).filter((peer) => peer !== address);
  const port = String(plan.pools[0].listen);
  const vips = [...vipsOf(plan).map((vip) => vip.address), ...ownAddresses(plan), ...former];
  return parseFacts(probe.domain.name, await run(probe, FACTS, [address, vips.join(' '), port, ...peers]));
}

/** Those that members have besides their hosts'. */
export const ownAddresses = ({ lan, members }: HostsPlan): string[] =>
  lan === undefined ? [] : members.map(({ address }) => address);

/** Every port and VRRP, from every host to every other; not where members have ways of their own, which no host can try. */
async function tryWays(plan: HostsPlan, probes: readonly Probe[]): Promise<BlockedWay[]> {
  if (plan.lan !== undefined) return [];
  const targets = probes.filter(({ own }) => own.length === 0);
  if (targets.length === 0 || probes.length < 2) return [];
  const word = `twemstack-${randomBytes(8).toString('hex')}`;
  const elects = plan.entrance === 'vrrp' && plan.edges.length > 1;
  const speaksVrrp = ({ domain }: Probe): boolean =>
    elects && plan.edges.some((edge) => edge.domain === domain.name);
  await Promise.all(
    targets.map((target) => {
      const { domain } = target;
      const mode = speaksVrrp(target) ? 'vrrp' : 'quiet';
      return run(target, LISTEN, [domain.host.address, mode, ...portsOnHost(plan, domain.name).map(String)]);
    }),
  );
  const closed = await Promise.all(
    probes.map(async (probe) => {
      const others = targets.filter((target) => target !== probe);
      const ways = others.flatMap((target) => {
        const { address } = target.domain.host;
        const vrrp = speaksVrrp(probe) && speaksVrrp(target) ? [`vrrp:${address}`] : [];
        return [...vrrp, ...portsOnHost(plan, target.domain.name).map((port) => `${address}:${port}`)];
      });
      const said = await run(probe, REACH, [probe.domain.host.address, word, ...ways]);
      return [...said.matchAll(/^closed (.+):(\d+)$/gm)].flatMap(([, address, port]) => {
        const to = others.find(({ domain }) => domain.host.address === address);
        return to === undefined ? [] : [{ from: probe.domain.name, to: to.domain.name, what: Number(port) }];
      });
    }),
  );
  const unheard = await Promise.all(
    targets.filter(speaksVrrp).map(async (target) => {
      const heard = await run(target, HEARD, [word]);
      return probes
        .filter((probe) => probe !== target && speaksVrrp(probe))
        .filter(({ domain }) => !heard.split('\n').includes(`${word} ${domain.host.address}`))
        .map(({ domain }) => ({ from: domain.name, to: target.domain.name, what: 'vrrp' as const }));
    }),
  );
  return [...closed.flat(), ...unheard.flat()];
}

/** Ports that the members of a domain listen on, on the address of their host. */
export const portsOnHost = (plan: HostsPlan, domain: string): number[] =>
  plan.members.filter((member) => member.domain === domain).flatMap(portsOf);

function run(probe: Probe, script: string, words: readonly string[]): Promise<string> {
  const command = ['bash', '-c', script, 'probe', ...words];
  return onHost(probe.engine, probe.until, () =>
    execInContainer(probe.engine.docker, probe.container.id, command, left(probe.until)),
  );
}

const left = (until: number): number => Math.max(0, Math.round(until - performance.now()));

/** A host took longer than there was time: it is said, and no reason against it. */
export class SlowHost extends Error {
  override readonly name = 'SlowHost';
}

/** @throws EnvironmentError that says which host it was, or SlowHost */
async function onHost<T>(engine: DomainEngine, until: number, work: () => Promise<T>): Promise<T> {
  try {
    return await withinReach(work, left(until));
  } catch (cause) {
    // A timer may be a little early.
    if (left(until) < 100) throw new SlowHost(`${hostTitle(engine)} took too long`);
    throw new EnvironmentError(`${hostTitle(engine)} cannot be looked at: ${(cause as Error).message}`, {
      where: engine.host?.docker ?? engine.domain,
      remedy: 'nothing was changed; `twemstack hosts` tells whether it answers',
      cause,
    });
  }
}
