import type Docker from 'dockerode';
import type { GuardState } from '../../sentinel/guard/messages.ts';
import { isOnHosts } from '../../topology/plan.ts';
import type {
  AnyPlan,
  Credentials,
  EdgeMember,
  Member,
  MonitorMember,
  ProxyMember,
  RedisMember,
  SentinelMember,
} from '../../topology/types.ts';
import { areShared, entrancesOf, isLedByOthers } from '../../topology/vips.ts';
import { RoutedClient } from '../stack/routed-client.ts';
import type { ContainerState } from './engine.ts';
import { demandVips, type VipView, vipsSeenHere } from './holds-vip.ts';
import { type HostStatus, hostFacts, lookAtHost, notReached } from './host-status.ts';
import { type Lines, linesOnce } from './lines.ts';
import { withRedis } from './redis-call.ts';
import { type RedisView, readRedis } from './redis-view.ts';
import { readSentinel, type SentinelView } from './sentinel-view.ts';

const GUARD_MS = 800;
const MONITOR_MS = 1000;

/** One member as it is now. */
export interface MemberStatus extends VipView {
  readonly member: Member;
  readonly container?: ContainerState;
  /** What the member itself answered; undefined when it did not. */
  readonly redis?: RedisView;
  readonly sentinel?: SentinelView;
  /** Redis: why its guard could not make it master when a sentinel asked for that; empty when nothing is waited for. */
  readonly waiting?: string;
  /** Proxy: answered PING. */
  readonly serving?: boolean;
  /** Why the member did not answer. */
  readonly error?: string;
  /** Its host is not reached: what became of the member, nobody knows. */
  readonly away?: boolean;
}

/** One pool at one VIP, or, where others lead applications to the edges, on one edge, and at the address that they use. */
export interface PoolStatus {
  readonly name: string;
  readonly port: number;
  readonly answers: boolean;
  /** Which VIP, where there are several; or the address of the edge. */
  readonly vip?: string;
  /** Whether it answers is others' doing, and not to be seen from everywhere. */
  readonly outside?: true;
}

export interface StackStatus {
  readonly members: readonly MemberStatus[];
  /** Of a stack on several hosts. */
  readonly hosts?: readonly HostStatus[];
  /** Whether a PING through the VIP was answered, per pool; with several VIPs by each of them. */
  readonly pools: readonly PoolStatus[];
}

/**
 * Asks the engine and every member at once; each has about a second, so a dead domain does not hold it up.
 *
 * @param lines how they are reached; of whoever looks again and again, lines that are kept
 */
export async function collectStatus(
  plan: AnyPlan,
  credentials: Credentials,
  engine: Docker,
  lines: Lines = linesOnce(engine, plan.name),
): Promise<StackStatus> {
  const [seen, pools] = await Promise.all([
    engine instanceof RoutedClient
      ? onHosts(plan, credentials, engine, lines)
      : onEngine(plan, plan.members, await lines.containers(), credentials, engine, lines),
    askPools(plan),
  ]);
  return { ...seen, pools };
}

/** Through every entrance. */
function askPools(plan: AnyPlan): Promise<PoolStatus[]> {
  const areOthers = isLedByOthers(plan);
  const isOneVip = !areShared(plan) && !areOthers;
  const ask = (addresses: readonly string[], outside: Pick<PoolStatus, 'outside'>): Promise<PoolStatus>[] =>
    addresses.flatMap((vip) =>
      plan.pools.map(async ({ name, listen: port }) => {
        const answers = await answersPing(vip, port);
        return { name, port, answers, ...(isOneVip ? {} : { vip }), ...outside };
      }),
    );
  return Promise.all([
    ...ask(entrancesOf(plan), {}),
    ...(areOthers ? ask([plan.vip], { outside: true }) : []),
  ]);
}

type Seen = Pick<StackStatus, 'members' | 'hosts'>;

async function onEngine(
  plan: AnyPlan,
  members: readonly Member[],
  containers: ReadonlyMap<string, ContainerState>,
  credentials: Credentials,
  engine: Docker,
  lines: Lines,
): Promise<Seen> {
  return {
    members: await Promise.all(
      members.map((member) => observe(plan, member, containers.get(member.name), credentials, engine, lines)),
    ),
  };
}

/** All hosts at once: none waits for another one. */
async function onHosts(
  plan: AnyPlan,
  credentials: Credentials,
  engine: RoutedClient,
  lines: Lines,
): Promise<Seen> {
  const all = await Promise.all(
    plan.domains.map(async (domain) => {
      const docker = engine.parts.find((part) => part.domain === domain.name)?.docker ?? engine;
      const gone = engine.leftOut.get(domain.name);
      const { containers, host } =
        gone === undefined ? await lookAtHost(plan.name, domain, docker) : notReached(domain, gone);
      if (host.problem === undefined) {
        const [facts, seen] = await Promise.all([
          hostFacts(domain, docker, containers),
          onEngine(plan, domain.members, containers, credentials, docker, lines),
        ]);
        return { host: { ...host, ...facts }, ...seen };
      }
      const error = `host ${domain.name} is not reached`;
      return { host, members: domain.members.map((member) => ({ member, away: true, error })) };
    }),
  );
  return { members: all.flatMap(({ members }) => members), hosts: all.map(({ host }) => host) };
}

async function observe(
  plan: AnyPlan,
  member: Member,
  container: ContainerState | undefined,
  credentials: Credentials,
  engine: Docker,
  lines: Lines,
): Promise<MemberStatus> {
  if (container === undefined) return { member, error: 'no container' };
  if (container.status !== 'running') return { member, container, error: `container is ${container.status}` };
  if (!isOnHosts(plan) && !container.networks.includes(plan.back.name))
    return { member, container, error: `is not on the network ${plan.back.name}: \`down\`, then \`up\`` };
  try {
    return { member, container, ...(await ask(plan, member, container, credentials, engine, lines)) };
  } catch (error) {
    return { member, container, error: (error as Error).message };
  }
}

type Answer = Partial<
  Pick<MemberStatus, 'redis' | 'waiting' | 'sentinel' | 'serving' | 'vip' | 'vips' | 'error'>
>;

function ask(
  plan: AnyPlan,
  member: Member,
  container: ContainerState,
  credentials: Credentials,
  engine: Docker,
  lines: Lines,
): Promise<Answer> {
  switch (member.role) {
    case 'redis':
      return askRedis(member, credentials, lines);
    case 'sentinel':
      return askSentinel(member, credentials, lines);
    case 'proxy':
      return askProxy(plan, member);
    case 'edge':
      return askEdge(plan, member, container, engine);
    case 'monitor':
      return askMonitor(member);
  }
}

async function askRedis(member: RedisMember, credentials: Credentials, lines: Lines): Promise<Answer> {
  const login = { username: 'operator', password: credentials.operator };
  const [redis, waiting] = await Promise.all([
    readRedis(member, login, lines.withRedis),
    // One that does not answer makes its member unhealthy, which is shown.
    lines.askGuard<GuardState>(member, credentials, { kind: 'state' }, GUARD_MS).then(
      (state) => state.waiting,
      () => '',
    ),
  ]);
  return { redis, waiting };
}

async function askSentinel(member: SentinelMember, credentials: Credentials, lines: Lines): Promise<Answer> {
  const login = { username: 'operator', password: credentials.operator };
  return { sentinel: await readSentinel(member, login, lines.withRedis) };
}

async function askProxy(plan: AnyPlan, member: ProxyMember): Promise<Answer> {
  const answers = await Promise.all(
    plan.pools.map(({ listen, name }) => answersPing(member.address, member.poolPorts?.[name] ?? listen)),
  );
  return answers.every(Boolean) ? { serving: true } : { serving: false, error: 'does not answer PING' };
}

async function askMonitor({ address, port }: MonitorMember): Promise<Answer> {
  const { ok } = await fetch(`http://${address}:${port}/-/ready`, {
    signal: AbortSignal.timeout(MONITOR_MS),
  });
  return ok ? {} : { error: 'is not ready yet' };
}

async function askEdge(
  plan: AnyPlan,
  member: EdgeMember,
  { pid }: ContainerState,
  engine: Docker,
): Promise<Answer> {
  const vips = vipsSeenHere(plan, member, pid) ?? (await demandVips(plan, engine, member.name));
  return { vip: vips.length > 0, ...(areShared(plan) ? { vips } : {}) };
}

/** Whether `PING` is answered there, without a password: the proxies answer it for HAProxy's health check. */
export async function answersPing(address: string, port: number): Promise<boolean> {
  try {
    return await withRedis({ address, port }, {}, async (redis) => (await redis.ping()) === 'PONG');
  } catch {
    return false;
  }
}
