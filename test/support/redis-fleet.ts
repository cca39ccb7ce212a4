import { homeIn, poolsOf } from '../../scripts/data/key-homes.ts';
import type { Plan } from '../../topology/types.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { planOf, TEST_CREDENTIALS } from './stack-fixture.ts';

/** A stack of masters alone, as plain processes without persistence, each a shard. */
export interface RedisFleet {
  readonly plan: Plan;
  /** By shard. */
  readonly servers: ReadonlyMap<string, RedisServer>;
  /** The server on which the first pool looks for a key. */
  serverOf(key: string | Buffer): RedisServer;
  stop(): Promise<void>;
}

/** @param more of the stack file, behind name and number of shards */
export async function startFleet(
  shards: number,
  settings: readonly string[] = [],
  more = '',
): Promise<RedisFleet> {
  const plan = planOf(`name: fleet\nvip: 198.18.0.100\nshards: ${shards}\nreplicas: 0\n${more}`);
  const account = [
    '--user',
    'operator',
    'on',
    `>${TEST_CREDENTIALS.operator}`,
    '~*',
    '&*',
    '+@all',
    '--repl-diskless-sync-delay',
    '0',
  ];
  const servers = new Map<string, RedisServer>();
  const stop = async (): Promise<void> => {
    for (const server of servers.values()) await server.stop();
  };
  try {
    for (const { name } of plan.shards)
      servers.set(name, await startRedis(['--enable-debug-command', 'local', ...account, ...settings]));
  } catch (error) {
    await stop();
    throw error;
  }
  const server = (shard: string): RedisServer => {
    const found = servers.get(shard);
    if (found === undefined) throw new Error(`there is no ${shard}`);
    return found;
  };
  const placed = plan.shards.map((shard) => {
    const [member] = shard.members;
    const here = { ...member, address: '127.0.0.1', port: server(shard.name).port };
    return { ...shard, members: [here], initialMaster: here };
  });
  const home = homeIn(poolsOf(plan)[0]);
  return {
    plan: { ...plan, shards: placed },
    servers,
    serverOf: (key) => server(home(Buffer.from(key)) ?? ''),
    stop,
  };
}
