import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { renderRedisUsers } from '../../../sentinel/users-acl.ts';
import { ACCOUNTS, type Account } from '../../../topology/types.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { startRedis } from '../../support/redis-server.ts';
import { planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

type Table = Readonly<Partial<Record<Account, { may: readonly string[]; mayNot: readonly string[] }>>>;

const DANGEROUS = [
  'CONFIG GET maxmemory',
  'CONFIG SET maxmemory 1',
  'FLUSHALL',
  'FLUSHDB',
  'KEYS *',
  'DEBUG SLEEP 0',
  'SHUTDOWN NOSAVE',
  'REPLICAOF NO ONE',
  'ACL LIST',
  'CLIENT LIST',
  'MONITOR',
  'SLOWLOG GET',
  'SWAPDB 0 1',
  'MIGRATE 127.0.0.1 1 k 0 1',
  'BGREWRITEAOF',
  'MODULE LIST',
];
/** Of these, what the proxy does for applications; FLUSHALL is FLUSHDB to it, SWAPDB is for stacks of one shard, as here, and of CONFIG it passes on what is no secret. */
const ALL_SERVERS = ['FLUSHDB', 'KEYS *', 'SWAPDB 0 1', 'CONFIG GET maxmemory', 'SLOWLOG GET'];
const APPLICATION_WORK = [
  'PING',
  'SET key value',
  'GET key',
  'MGET key other',
  'DEL key',
  'LPUSH list 2 1',
  'SORT list',
  'DUMP list',
  'EVAL return(1) 0',
  'SCRIPT LOAD return(1)',
  'SCRIPT EXISTS sha',
  'SCRIPT FLUSH',
  'MULTI',
  'DISCARD',
  'PUBLISH channel message',
  'PUBLISH __sentinel__ message',
  'SUBSCRIBE __keyspace@0__:key',
  'SUBSCRIBE _',
  'PSUBSCRIBE news.*',
  'SCAN 0',
  'EXPIRE list 100',
  'XADD stream * field value',
  'SELECT 0',
];

/** Over these sentinels tell each other who is master. */
const SENTINEL_CHANNELS = [
  'PUBLISH __sentinel__:hello lie',
  'PUBLISH __sentinel__: lie',
  'SPUBLISH __sentinel__:hello lie',
  'SUBSCRIBE __sentinel__:hello',
  'SSUBSCRIBE __sentinel__:hello',
];

const ON_REDIS: Table = {
  proxy: {
    may: [
      ...APPLICATION_WORK,
      'ROLE',
      'INFO replication',
      'WAIT 0 10',
      'CLIENT SETNAME proxy',
      ...ALL_SERVERS,
      'DBSIZE',
      'RANDOMKEY',
      'LASTSAVE',
      'LATENCY LATEST',
      'FUNCTION LIST',
    ],
    mayNot: [
      ...DANGEROUS.filter((each) => !ALL_SERVERS.includes(each)),
      ...SENTINEL_CHANNELS,
      'REPLCONF listening-port 1',
    ],
  },
  replication: {
    may: ['PING', 'REPLCONF listening-port 1', 'ROLE', 'INFO replication'],
    mayNot: [...DANGEROUS, 'GET key', 'SET key value', 'SCAN 0', 'PUBLISH channel message', 'CONFIG REWRITE'],
  },
  sentinel: {
    may: [
      'PING',
      'INFO',
      'ROLE',
      'PUBLISH __sentinel__:hello message',
      'CLIENT SETNAME sentinel',
      'MULTI',
      'EXEC',
    ],
    // Roles are the guards' to change, whatever a sentinel believes.
    mayNot: [...DANGEROUS, 'SLAVEOF NO ONE', 'CONFIG REWRITE', 'GET key', 'SET key value', 'SCAN 0'],
  },
  guard: {
    may: [
      ...['PING', 'ROLE', 'INFO replication', 'REPLICAOF', 'CONFIG SET', 'CLIENT KILL TYPE pubsub'],
      ...['CLIENT PAUSE 1 WRITE', 'CLIENT UNPAUSE', 'SHUTDOWN ABORT'],
    ],
    mayNot: DANGEROUS.filter((command) => !/^(REPLICAOF|CONFIG SET)/.test(command)).concat(
      'GET key',
      'SET key value',
      'PUBLISH __sentinel__:hello lie',
      'CONFIG REWRITE',
    ),
  },
  monitor: {
    may: ['PING', 'INFO', 'ROLE', 'CLIENT SETNAME exporter', 'SLOWLOG LEN', 'SLOWLOG GET', 'LATENCY LATEST'],
    mayNot: DANGEROUS.filter((command) => command !== 'SLOWLOG GET').concat(
      SENTINEL_CHANNELS,
      'SLOWLOG RESET',
      'LATENCY RESET',
      'GET key',
      'SET key value',
      'SCAN 0',
      'EVAL return(1) 0',
      'CONFIG REWRITE',
    ),
  },
  operator: { may: ['CONFIG GET maxmemory', 'KEYS *', 'CLIENT LIST', 'ACL LIST', 'INFO'], mayNot: [] },
};

const CHANGES_SENTINEL = [
  'SENTINEL failover shard-1',
  'SENTINEL reset shard-1',
  'SENTINEL remove shard-1',
  'SENTINEL set shard-1 quorum 1',
  'SENTINEL monitor x 127.0.0.1 1 1',
  'SENTINEL config get announce-ip',
  'SENTINEL flushconfig',
  'SENTINEL simulate-failure help',
  'SHUTDOWN NOSAVE',
  'ACL LIST',
  'CLIENT LIST',
];

const ON_SENTINEL: Table = {
  proxy: {
    may: [
      'PING',
      'SENTINEL get-master-addr-by-name shard-1',
      'SENTINEL master shard-1',
      'SENTINEL masters',
      'SENTINEL replicas shard-1',
      'SENTINEL sentinels shard-1',
      'ROLE',
      'CLIENT SETNAME proxy',
      'SUBSCRIBE +switch-master',
    ],
    mayNot: [
      ...CHANGES_SENTINEL,
      'PUBLISH __sentinel__:hello lie',
      'SENTINEL is-master-down-by-addr 127.0.0.1 1 1 *',
    ],
  },
  replication: {
    may: ['PING', 'SENTINEL get-master-addr-by-name shard-1', 'SENTINEL master shard-1'],
    mayNot: [
      ...CHANGES_SENTINEL,
      'SENTINEL debug',
      'PUBLISH __sentinel__:hello lie',
      'SUBSCRIBE +switch-master',
    ],
  },
  sentinel: {
    may: ['PING', 'SENTINEL master shard-1', 'SENTINEL is-master-down-by-addr 127.0.0.1 1 1 *'],
    mayNot: [...CHANGES_SENTINEL, 'PUBLISH other lie', 'SUBSCRIBE +switch-master'],
  },
  guard: {
    may: [
      'PING',
      'SENTINEL failover no-such-shard',
      'SUBSCRIBE +selected-slave +failover-state-wait-promotion -failover-abort-not-elected',
    ],
    // Who becomes master is the guards' to say, so they may begin what asks them for it; nothing else.
    mayNot: [
      ...CHANGES_SENTINEL.filter((command) => !command.startsWith('SENTINEL failover')),
      'PUBLISH __sentinel__:hello lie',
      'SUBSCRIBE +switch-master',
      'SENTINEL masters',
    ],
  },
  monitor: {
    may: ['PING', 'INFO', 'SENTINEL masters', 'SENTINEL replicas shard-1', 'SENTINEL ckquorum shard-1'],
    mayNot: [
      ...CHANGES_SENTINEL,
      'SENTINEL debug',
      'PUBLISH __sentinel__:hello lie',
      'SUBSCRIBE +switch-master',
      'CLIENT LIST',
    ],
  },
  operator: { may: ['SENTINEL ckquorum shard-1', 'CLIENT LIST', 'SENTINEL flushconfig'], mayNot: [] },
};

describe('accounts may do what they must, and nothing else', { timeout: 90_000 }, () => {
  let tier: NativeTier;

  before(async () => {
    tier = await NativeTier.started('monitoring: on\n');
  });
  after(() => tier?.close());

  async function check(server: { address: string; port: number }, table: Table): Promise<void> {
    for (const [account, { may, mayNot }] of Object.entries(table)) {
      for (const command of may) {
        const answer = await answerTo(server, account as Account, command);
        assert.doesNotMatch(answer, /NOPERM|NOAUTH/, `${account} must be able to ${command}`);
      }
      for (const command of mayNot) {
        assert.match(
          await answerTo(server, account as Account, command),
          /^(NOPERM|ERR DEBUG command not allowed)/,
          `${account}: ${command}`,
        );
      }
    }
  }

  test('on redis', async () => {
    await check(await tier.settled(2), ON_REDIS);
  });

  test('on sentinel', async () => {
    await check(tier.sentinels[0], ON_SENTINEL);
  });

  test('nobody gets anything without a password, or with a wrong one', async () => {
    for (const server of [tier.redises[0], tier.sentinels[0]]) {
      for (const command of ['PING', 'INFO', server.role === 'redis' ? 'GET key' : 'SENTINEL masters']) {
        assert.match(await answerTo(server, undefined, command), /^NOAUTH/);
      }
      for (const account of [...ACCOUNTS, 'default']) {
        assert.match(await answerTo(server, account as Account, 'PING', 'wrong'), /^WRONGPASS/);
      }
    }
  });

  test("an application's password is good at the proxies alone", async () => {
    for (const server of [...tier.redises, ...tier.sentinels])
      assert.match(await answerTo(server, 'application', 'PING'), /^WRONGPASS/, server.name);
  });

  test('no password is in an argument list, an environment or a log', async () => {
    await waitUntil(
      'a failover to have happened',
      async () => {
        const master = await tier.settled(2);
        await tier.kill(master);
        const successor = await tier.settled(1);
        await tier.start(master);
        return successor.name !== master.name;
      },
      { withinMs: 30_000 },
    );
    await tier.settled(2);
    for (const member of [...tier.redises, ...tier.sentinels]) {
      const { environment, argumentsOf, log } = tier.exposed(member);
      for (const [account, password] of Object.entries(TEST_CREDENTIALS)) {
        assert.ok(!environment.includes(password), `${account} in the environment of ${member.name}`);
        assert.ok(!argumentsOf.includes(password), `${account} in the arguments of ${member.name}`);
        assert.ok(!log.includes(password), `${account} in the log of ${member.name}`);
      }
    }
  });
});

describe('the append-only file of a redis with these accounts', () => {
  test('gives back what was written in a transaction and by a script, after a crash and after an orderly end', async () => {
    const data = mkdtempSync(join(tmpdir(), 'twemstack-aof-'));
    const plan = planOf('name: beta\nvip: 198.18.0.100\n');
    writeFileSync(join(data, 'users.acl'), renderRedisUsers(plan.pools, TEST_CREDENTIALS));
    const settings = [
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--dir',
      data,
      '--aclfile',
      join(data, 'users.acl'),
    ];
    let redis = await startRedis(settings);
    const clients: Redis[] = [];
    const open = (): Redis => {
      const login = { username: 'proxy', password: TEST_CREDENTIALS.proxy, protocol: 2 } as const;
      const client = new Redis(redis.port, '127.0.0.1', { ...login, retryStrategy: () => null });
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    };
    try {
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        const before = open();
        await before.set(`plain ${signal}`, 'value');
        await before.multi().rpush(`list ${signal}`, 'a', 'b').incr(`count ${signal}`).exec();
        const script = "redis.call('SET', KEYS[1], 1); redis.call('SADD', KEYS[2], 'x', 'y')";
        await before.eval(script, 2, `one ${signal}`, `other ${signal}`);
        const { port } = redis;
        if (signal === 'SIGKILL') redis.daemon.signal(signal);
        await redis.daemon.stop();
        redis = await startRedis(settings, port);
        const after = open();
        assert.equal(await after.get(`plain ${signal}`), 'value');
        assert.deepEqual(await after.lrange(`list ${signal}`, 0, -1), ['a', 'b'], 'a transaction');
        assert.equal(await after.get(`count ${signal}`), '1');
        assert.equal(await after.get(`one ${signal}`), '1', 'a script');
        assert.deepEqual((await after.smembers(`other ${signal}`)).sort(), ['x', 'y']);
      }
    } finally {
      for (const client of clients) client.disconnect();
      await redis.stop();
      rmSync(data, { recursive: true, force: true });
    }
  });
});

/** First line of the reply, an error's without its minus. Inline commands over a plain socket: clients greet unasked. */
async function answerTo(
  { address, port }: { address: string; port: number },
  account: Account | undefined,
  command: string,
  password?: string,
): Promise<string> {
  const socket = connect(port, address);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const say = async (line: string): Promise<string> => {
    socket.write(`${line}\r\n`);
    return String((await lines.next()).value).replace(/^-/, '');
  };
  try {
    if (account !== undefined) {
      const login = await say(`AUTH ${account} ${password ?? TEST_CREDENTIALS[account]}`);
      if (login !== '+OK') return login;
    }
    return await say(command);
  } finally {
    socket.destroy();
  }
}
