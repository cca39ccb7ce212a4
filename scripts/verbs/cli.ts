import type Docker from 'dockerode';
import { UNPRIVILEGED } from '../../topology/container-options.ts';
import { didYouMean } from '../../topology/nearest.ts';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { isLedByOthers } from '../../topology/vips.ts';
import { InputError, NotSoError } from '../errors.ts';
import { listContainers } from '../observe/engine.ts';
import { execAttached } from '../observe/exec-attached.ts';
import { vipsHeldBy } from '../observe/holds-vip.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { demandEngines } from '../stack/engines.ts';
import { Home, homeFolder, stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import type { CommonOptions } from './context.ts';

export interface CliOptions extends CommonOptions {
  readonly as: 'application' | 'operator';
  readonly pool?: string;
  readonly member?: string;
}

/** Where redis-cli runs, and whom it asks there. */
interface Place {
  readonly container: string;
  readonly words: readonly string[];
  readonly password: string;
}

/**
 * redis-cli inside the stack, for machines that have none or cannot reach the stack's network: through the VIP as
 * `application`, or at one member as `operator`. Its exit code is redis-cli's.
 */
export async function cliVerb(options: CliOptions, args: readonly string[]): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const credentials = deployedCredentials(new Home(homeFolder(options.file)), plan.name);
  const { client: engine } = await demandEngines(plan, stackFolder(options.file));
  const place =
    options.as === 'operator'
      ? await atMember(plan, credentials, engine, options)
      : await atEdge(plan, credentials, engine, options);
  return execAttached(engine, place.container, {
    command: ['redis-cli', ...place.words, ...args],
    environment: [`REDISCLI_AUTH=${place.password}`],
    user: UNPRIVILEGED,
  });
}

async function atEdge(
  plan: AnyPlan,
  { application }: Credentials,
  engine: Docker,
  options: CliOptions,
): Promise<Place> {
  if (options.member !== undefined) {
    throw new InputError('--member is for --as operator; applications are served at the VIP alone', {
      where: '--member',
    });
  }
  const pool =
    options.pool === undefined ? plan.pools[0] : plan.pools.find(({ name }) => name === options.pool);
  if (pool === undefined) {
    const pools = plan.pools.map(({ name }) => name);
    throw new InputError(`there is no pool "${options.pool}"`, {
      where: '--pool',
      remedy: `${didYouMean(options.pool ?? '', pools)}the pools are ${pools.join(', ')}`,
    });
  }
  const edges = await runningOf(plan, engine, plan.edges);
  const held = await Promise.all(edges.map((edge) => vipsHeldBy(plan, engine, edge)));
  // Any edge reaches the VIP; the one that has it needs no other.
  const holder = held.findIndex((vips) => vips.includes(plan.vip));
  const container = edges[Math.max(0, holder)];
  // Where others lead applications, they may not do so yet.
  const own = plan.edges.find(({ name }) => name === container)?.address;
  const address = isLedByOthers(plan) && own !== undefined ? own : plan.vip;
  return { container, words: ['-h', address, '-p', String(pool.listen)], password: application };
}

async function atMember(
  plan: AnyPlan,
  { operator }: Credentials,
  engine: Docker,
  options: CliOptions,
): Promise<Place> {
  const members = [...plan.shards.flatMap((shard) => shard.members), ...plan.sentinels];
  const wanted =
    options.member === undefined ? members : members.filter(({ name }) => name === options.member);
  if (wanted.length === 0) {
    const names = members.map(({ name }) => name);
    throw new InputError(`there is no redis and no sentinel "${options.member}"`, {
      where: '--member',
      remedy: `${didYouMean(options.member ?? '', names)}there are ${names.join(', ')}`,
    });
  }
  const [container] = await runningOf(plan, engine, wanted);
  const member = members.find(({ name }) => name === container) ?? wanted[0];
  const words = ['-h', member.address, '-p', String(member.port), '--user', 'operator'];
  return { container, words, password: operator };
}

/** Names of those that run. @throws NotSoError when none does */
async function runningOf(
  plan: AnyPlan,
  engine: Docker,
  members: ReadonlyArray<{ readonly name: string }>,
): Promise<string[]> {
  const containers = await listContainers(engine, plan.name);
  const running = members.flatMap(({ name }) => (containers.get(name)?.status === 'running' ? [name] : []));
  if (running.length > 0) return running;
  throw new NotSoError(
    `none of ${members.map(({ name }) => name).join(', ')} runs, so there is nobody to ask`,
    {
      remedy: '`twemstack status` shows how the stack stands, `twemstack up` starts it',
    },
  );
}
