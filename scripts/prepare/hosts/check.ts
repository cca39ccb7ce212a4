import type Docker from 'dockerode';
import { routersOf } from '../../../haproxy/keepalived-conf.ts';
import { OWNER_LABEL } from '../../../stacks/owner-label.ts';
import { containerOptions } from '../../../topology/container-options.ts';
import { formatAddress } from '../../../topology/ipv4.ts';
import type { HostsPlan, HostsPlanDomain } from '../../../topology/types.ts';
import { vipsOf } from '../../../topology/vips.ts';
import { EnvironmentError } from '../../errors.ts';
import { hostTitle } from '../../images/ship.ts';
import { readFileIn } from '../../observe/engine.ts';
import type { Reporter } from '../../report/steps.ts';
import type { DomainEngine } from '../../stack/domain-engine.ts';
import { withinReach } from '../../stack/routed-client.ts';
import { type Conflict, lanConflicts, nameConflicts, refuseConflicts } from '../conflicts.ts';
import { hostAddresses } from '../host-network.ts';
import { judgeHosts } from './judge.ts';
import { type ProbeWishes, probeHosts, SlowHost } from './probe.ts';

/** For what one engine is asked. */
const ENGINE_MS = 15_000;

/**
 * Whether the engines of the hosts take the stack: names, processors, memory, the router id of the edges. Asks their API
 * alone.
 *
 * @param engines of the hosts that are reached
 * @param instance of the deployment from this checkout; undefined when there was none yet
 * @throws EnvironmentError (exit 3) with everything that is in the way, on all hosts
 */
export async function checkEngines(
  plan: HostsPlan,
  engines: readonly DomainEngine[],
  instance: string | undefined,
  reporter: Reporter,
): Promise<void> {
  await reporter.step('conflicts', async (step) => {
    step.progress('asking all hosts for names and addresses');
    const found = await Promise.all(engines.map((engine) => lookAtEngine(plan, engine, instance)));
    refuseConflicts([
      ...besideOwnHost(plan),
      ...found.flatMap(({ conflicts }) => conflicts),
      ...differentProcessors(found.map(({ architecture }, index) => [engines[index].domain, architecture])),
    ]);
    for (const { warnings } of found) for (const warning of warnings) reporter.note(`warning: ${warning}`);
    step.outcome(`none: ${plan.members.length} names are free or this stack’s own`);
  });
}

/**
 * Whether the machines take the stack: addresses, ports, the virtual IP, and the ways between them. Looked at from inside,
 * in containers that are gone afterwards. Should they be too busy for it, that is said, and the stack goes on: it does not hang
 * on how fast somebody looks.
 *
 * @param engines of the hosts that are reached
 * @param image the edge's, which they have
 * @param former machines that the stack is to leave
 * @throws EnvironmentError (exit 3) with everything that is in the way, on all hosts
 */
export async function checkMachines(
  plan: HostsPlan,
  engines: readonly DomainEngine[],
  image: string,
  former: ProbeWishes['former'],
  reporter: Reporter,
): Promise<void> {
  await reporter.step('machines', async (step) => {
    step.progress('looking at addresses and ports, and trying the ways between the hosts');
    const facts = await probeHosts(plan, engines, image, { former }).catch((error: unknown) => {
      if (!(error instanceof SlowHost)) throw error;
      reporter.note(`warning: ${error.message}: its machine was not held against the stack`);
      return undefined;
    });
    if (facts === undefined) return step.outcome('not looked at, for want of time');
    const { refused, warnings } = judgeHosts(plan, facts);
    refuseConflicts(refused);
    for (const warning of warnings) reporter.note(`warning: ${warning}`);
    step.outcome(
      plan.lan === undefined
        ? 'addresses, ports and the virtual IP are free or this stack’s own, and hosts reach each other'
        : 'the members’ addresses and the virtual IP are free or this stack’s own; no host can try the ways between members',
    );
  });
}

interface EngineFacts {
  readonly conflicts: readonly Conflict[];
  readonly warnings: readonly string[];
  readonly architecture: string;
}

async function lookAtEngine(
  plan: HostsPlan,
  engine: DomainEngine,
  instance: string | undefined,
): Promise<EngineFacts> {
  const { docker } = engine;
  const domain = plan.domains.find(({ name }) => name === engine.domain);
  if (domain === undefined) throw new RangeError(`there is no domain ${engine.domain}`);
  const asked = Promise.all([
    docker.info() as Promise<{ readonly Architecture: string; readonly MemTotal: number }>,
    nameConflicts(plan, [domain], docker, instance),
    routerConflicts(plan, docker),
    plan.lan === undefined ? [] : docker.listNetworks().then((found) => lanConflicts(plan, domain, found)),
  ]);
  try {
    const [info, names, routers, lans] = await withinReach(() => asked, ENGINE_MS);
    return {
      architecture: info.Architecture,
      conflicts: [...names, ...routers, ...lans].map((conflict) => ({
        ...conflict,
        where: `${hostTitle(engine)}, ${conflict.where}`,
      })),
      warnings: memoryWarnings(plan, domain, info.MemTotal),
    };
  } catch (cause) {
    throw new EnvironmentError(`${hostTitle(engine)} cannot be asked: ${(cause as Error).message}`, {
      where: engine.host?.docker ?? engine.domain,
      remedy: 'nothing was changed; `twemstack hosts` tells whether it answers',
      cause,
    });
  }
}

/** Two groups of edges with one router id would take each other's adverts for their own, and both addresses go to one host. */
async function routerConflicts(plan: HostsPlan, docker: Docker): Promise<Conflict[]> {
  if (plan.entrance !== 'vrrp') return [];
  const edges = await docker.listContainers({ all: true, filters: { label: ['twemstack.role=edge'] } });
  const others = edges.filter(({ Labels }) => Labels[OWNER_LABEL] !== plan.name);
  const found = await Promise.all(
    others.map(async ({ Id, Labels, Names }): Promise<Conflict[]> => {
      const text = await readFileIn(docker, Id, '/etc/twemstack/keepalived.conf');
      const own = vipsOf(plan).map(({ vrid }) => vrid);
      return routersOf(text ?? '')
        .filter(({ vrid }) => own.includes(vrid))
        .map(({ vrid }) => ({
          what: `stack "${Labels[OWNER_LABEL]}" has the VRRP router id ${vrid}, too, and one LAN has room for one of them`,
          where: Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12),
          remedy: `give one of the two another \`edge.vrid\`, from 1 to 255${own.length > 1 ? `; this stack takes ${own.length} from there on, one for each VIP` : ''}`,
        }));
    }),
  );
  return found.flat();
}

/** Over macvlan a host does not reach its own members, so nothing could be asked of them from there. */
function besideOwnHost(plan: HostsPlan): Conflict[] {
  if (plan.lan === undefined) return [];
  const own = new Set(hostAddresses().map(({ address }) => formatAddress(address)));
  return plan.domains
    .filter(({ host }) => own.has(host.address))
    .map(({ host, name }) => ({
      what: `this machine is host ${name}, and over macvlan a host does not reach its own members`,
      where: host.address,
      remedy: 'run twemstack on another machine of the LAN, or take `network: macvlan` out',
    }));
}

/** Images are for one kind of processors. */
function differentProcessors(kinds: ReadonlyArray<readonly [string, string]>): Conflict[] {
  const [[first, kind], ...others] = kinds;
  const different = others.filter(([, other]) => other !== kind);
  if (different.length === 0) return [];
  return [
    {
      what: `the hosts have different processors: ${kinds.map(([name, each]) => `${name} ${each}`).join(', ')}`,
      where: `domain ${different.map(([name]) => name).join(', ')} beside ${first}`,
      remedy: 'images are built once, for one kind: use machines of one kind for all domains',
    },
  ];
}

function memoryWarnings(plan: HostsPlan, { members, name }: HostsPlanDomain, bytes: number): string[] {
  const needed = members.reduce((sum, member) => sum + containerOptions(plan, member).memoryMb, 0);
  const has = Math.round(bytes / 1024 ** 2);
  if (needed <= has) return [];
  return [
    `the members of host ${name} may take ${needed} MB together, and it has ${has} MB: when they do, the kernel ends one; lower redis.maxmemory, or give it more`,
  ];
}
