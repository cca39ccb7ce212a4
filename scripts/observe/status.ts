import type Docker from 'dockerode';
import type { GuardState } from '../../sentinel/guard/messages.ts';
import type {
  Credentials,
  EdgeMember,
  Member,
  Plan,
  ProxyMember,
  RedisMember,
  SentinelMember,
} from '../../topology/types.ts';
import { type ContainerState, execInContainer, listContainers } from './engine.ts';
import { askGuard } from './guard-call.ts';
import { withRedis } from './redis-call.ts';
import { type RedisView, readRedis } from './redis-view.ts';
import { readSentinel, type SentinelView } from './sentinel-view.ts';

const GUARD_MS = 800;

/** One member as it is now. */
export interface MemberStatus {
  readonly member: Member;
  readonly container?: ContainerState;
  /** What the member itself answered; undefined when it did not. */
  readonly redis?: RedisView;
  readonly sentinel?: SentinelView;
  /** Redis: why its guard could not make it master when a sentinel asked for that; empty when nothing is waited for. */
  readonly waiting?: string;
  /** Proxy: answered PING. */
  readonly serving?: boolean;
  /** Edge: holds the VIP. */
  readonly vip?: boolean;
  /** Why the member did not answer. */
  readonly error?: string;
}

export interface StackStatus {
  readonly members: readonly MemberStatus[];
  /** Whether a PING through the VIP was answered, per pool. */
  readonly pools: ReadonlyArray<{ readonly name: string; readonly port: number; readonly answers: boolean }>;
}

/** Asks the engine and every member at once; each has about a second, so a dead domain does not hold it up. */
export async function collectStatus(
  plan: Plan,
  credentials: Credentials,
  engine: Docker,
): Promise<StackStatus> {
  const containers = await listContainers(engine, plan.name);
  const [members, pools] = await Promise.all([
    Promise.all(
      plan.members.map((member) => observe(plan, member, containers.get(member.name), credentials, engine)),
    ),
    Promise.all(
      plan.pools.map(async (pool) => ({
        name: pool.name,
        port: pool.listen,
        answers: await answersPing(plan.vip, pool.listen),
      })),
    ),
  ]);
  return { members, pools };
}

async function observe(
  plan: Plan,
  member: Member,
  container: ContainerState | undefined,
  credentials: Credentials,
  engine: Docker,
): Promise<MemberStatus> {
  if (container === undefined) return { member, error: 'no container' };
  if (container.status !== 'running') return { member, container, error: `container is ${container.status}` };
  if (!container.networks.includes(plan.back.name))
    return { member, container, error: `is not on the network ${plan.back.name}: \`down\`, then \`up\`` };
  try {
    return { member, container, ...(await ask(plan, member, credentials, engine)) };
  } catch (error) {
    return { member, container, error: (error as Error).message };
  }
}

type Answer = Partial<Pick<MemberStatus, 'redis' | 'waiting' | 'sentinel' | 'serving' | 'vip' | 'error'>>;

function ask(plan: Plan, member: Member, credentials: Credentials, engine: Docker): Promise<Answer> {
  switch (member.role) {
    case 'redis':
      return askRedis(member, credentials);
    case 'sentinel':
      return askSentinel(member, credentials);
    case 'proxy':
      return askProxy(plan, member);
    case 'edge':
      return askEdge(plan, member, engine);
  }
}

async function askRedis(member: RedisMember, credentials: Credentials): Promise<Answer> {
  const login = { username: 'operator', password: credentials.operator };
  const [redis, waiting] = await Promise.all([
    readRedis(member, login),
    // One that does not answer makes its member unhealthy, which is shown.
    askGuard<GuardState>(member, credentials, { kind: 'state' }, GUARD_MS).then(
      (state) => state.waiting,
      () => '',
    ),
  ]);
  return { redis, waiting };
}

async function askSentinel(member: SentinelMember, credentials: Credentials): Promise<Answer> {
  return { sentinel: await readSentinel(member, { username: 'operator', password: credentials.operator }) };
}

async function askProxy(plan: Plan, member: ProxyMember): Promise<Answer> {
  const answers = await Promise.all(plan.pools.map((pool) => answersPing(member.address, pool.listen)));
  return answers.every(Boolean) ? { serving: true } : { serving: false, error: 'does not answer PING' };
}

async function askEdge(plan: Plan, member: EdgeMember, engine: Docker): Promise<Answer> {
  const addresses = await execInContainer(engine, member.name, ['ip', '-o', '-4', 'addr', 'show']);
  return { vip: addresses.split(/\s+/).some((word) => word.split('/')[0] === plan.vip) };
}

/** Whether `PING` is answered there, without a password: the proxies answer it for HAProxy's health check. */
export async function answersPing(address: string, port: number): Promise<boolean> {
  try {
    return await withRedis({ address, port }, {}, async (redis) => (await redis.ping()) === 'PONG');
  } catch {
    return false;
  }
}
