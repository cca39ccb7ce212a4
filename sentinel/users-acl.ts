import { createHash } from 'node:crypto';
import type { Account, Credentials, FurtherPasswords, PoolSpec } from '../topology/types.ts';

/** The account that everyone is before AUTH: on a sentinel, nothing. */
const NOBODY = 'user default reset off';
/**
 * On a redis nobody can be it either, for it is off; but redis reads its append-only file in its name, and what was written
 * in a transaction or by a script is held against its rights there (Redis 7.0, multi.c, execCommand). Without rights all of
 * that would be gone after a restart.
 */
const READS_THE_FILE = `${NOBODY} ~* &* +@all`;

/**
 * Channels over which sentinels tell each other who is master, and believe what they hear: whoever may publish there can
 * make them move a shard to any address. Closed to all but those who need them, in scripts as well.
 */
const SENTINEL_CHANNELS = '__sentinel__:';

/**
 * What applications may do. SORT and RESTORE count as dangerous in Redis' categories, but twemproxy serves both, and
 * an application that moves here keeps working. PSUBSCRIBE stands apart, for redis holds its patterns against the list
 * letter by letter: any pattern, or none that is of use. Who listens to all channels hears who is master, no more.
 */
const APPLICATION = `~* ${channelsWithout(SENTINEL_CHANNELS)} +@all -@admin -@dangerous +sort +sort_ro +restore`;
const ANY_PATTERN = '(allchannels -@all +psubscribe)';

/**
 * Accounts on a redis server. An application has none: its password is good at the proxies alone, so nobody gets by what
 * they see to (confirmed writes, limits). Rules as found to suffice for a whole failover in the failover reference.
 */
const REDIS_RULES = {
  operator: '~* &* +@all',
  // In an application's name, and: who is master, is it loading, is a write on its replicas; one who waits has left. Of
  // CONFIG the proxies pass on what is no secret, and scripts cannot call it.
  proxy: `${APPLICATION} +role +info +wait +client|unblock +config|get +lastsave +latency +slowlog ${ANY_PATTERN}`,
  // PSYNC and REPLCONF replicate; ROLE and INFO are how an entrypoint finds out who has the data before it starts.
  replication: '-@all +psync +replconf +ping +role +info',
  // Finds out and agrees who is master. It may not change roles: the guards do, for they know who has the data. What it
  // sends at a promotion (MULTI, SLAVEOF …) is refused as a whole, and it waits for the role to change all the same.
  sentinel:
    'allchannels -@all +multi +exec +ping +subscribe +publish +role +info +client|setname +script|kill',
  // The guard beside each redis, and those of the other members, which look whether their master answers. EVAL, FCALL and
  // FUNCTION bound what Lua takes (guard/lua-bound.ts), and CLIENT TRACKING what redis remembers for clients; a script can do
  // no more than its caller. SHUTDOWN ABORT and CLIENT PAUSE are for a master that ends (guard/retirement.ts).
  guard:
    '-@all +auth +ping +info +role +replicaof +client|kill +client|pause +client|unpause +shutdown|abort +config|set +script|flush +eval +fcall +multi +exec +function|load +function|delete +function|flush +client|tracking',
  // What the exporter asks. Not CONFIG GET, which shows the password of `replication`.
  monitor: '-@all +auth +ping +info +role +client|setname +slowlog|len +slowlog|get +latency|latest',
} as const satisfies Partial<Record<Account, string>>;

const WHO_IS_MASTER =
  '+auth +hello +ping +client|setname +sentinel|get-master-addr-by-name +sentinel|master +sentinel|masters';

/** Accounts on a sentinel; applications have no business there. */
const SENTINEL_RULES: Readonly<Partial<Record<Account, string>>> = {
  operator: '~* &* +@all',
  proxy: `allchannels -@all ${WHO_IS_MASTER} +subscribe +psubscribe +unsubscribe +punsubscribe +role +info +sentinel|replicas +sentinel|sentinels`,
  // A redis member's entrypoint asks who is master.
  replication: `-@all ${WHO_IS_MASTER}`,
  // Sentinels among themselves: the vote, and the hello message; DEBUG sets its rhythm (image/lib/tune.sh).
  sentinel: `&__sentinel__:hello -@all ${WHO_IS_MASTER} +publish +subscribe +sentinel|is-master-down-by-addr +sentinel|debug`,
  // Whom they want promoted, and whether somebody was selected before it listened; who was not elected goes on at its word.
  guard:
    '&+selected-slave &+failover-state-wait-promotion &-failover-abort-not-elected -@all +auth +ping +subscribe +sentinel|master +sentinel|replicas +sentinel|failover',
  monitor: `-@all ${WHO_IS_MASTER} +info +role +sentinel|replicas +sentinel|slaves +sentinel|sentinels +sentinel|ckquorum`,
};

/** What a pool may do unless it refuses it (`dangerous`). Where every pool refuses it, scripts are refused it here. */
const ALL_KEYS = '+keys +flushdb';
/** And this where one shard is all there is: a script would exchange the databases of one server, and leave the others' as they are. */
const ALL_DATABASES = '+swapdb';

/** Accounts of every redis server of a stack: the same file on all of them. @param isWatched by monitors, which have an account */
export function renderRedisUsers(
  pools: readonly Pick<PoolSpec, 'dangerous' | 'shards'>[],
  credentials: Credentials,
  further: FurtherPasswords = {},
  isWatched = false,
): string {
  const rules = watched(REDIS_RULES, isWatched);
  if (pools.every(({ dangerous }) => dangerous === 'refuse'))
    return renderUsers(READS_THE_FILE, rules, credentials, further);
  const isOneShard = new Set(pools.flatMap(({ shards }) => shards)).size === 1;
  const rights = isOneShard ? `${ALL_KEYS} ${ALL_DATABASES}` : ALL_KEYS;
  const proxy = REDIS_RULES.proxy.replace(ANY_PATTERN, `${rights} ${ANY_PATTERN}`);
  return renderUsers(READS_THE_FILE, { ...rules, proxy }, credentials, further);
}

/** Accounts of every sentinel of a stack: the same file on all of them. */
export const renderSentinelUsers = (
  credentials: Credentials,
  further: FurtherPasswords = {},
  isWatched = false,
): string => renderUsers(NOBODY, watched(SENTINEL_RULES, isWatched), credentials, further);

type Rules = Readonly<Partial<Record<Account, string>>>;

/** Nobody is let in whom no member is. */
function watched({ monitor, ...others }: Rules, isWatched: boolean): Rules {
  return isWatched ? { ...others, monitor } : others;
}

/**
 * ACL patterns (Redis 7.0: they allow only) that together match every channel which does not begin with the prefix: each
 * leaves it at another letter, or ends before it does.
 */
function channelsWithout(prefix: string): string {
  const patterns = [...prefix].flatMap((letter, at) => {
    const begin = prefix.slice(0, at);
    return at === 0 ? [`[^${letter}]*`] : [begin, `${begin}[^${letter}]*`];
  });
  return patterns.map((pattern) => `&${pattern}`).join(' ');
}

/** An ACL file takes no comments and no clear text from us: passwords are SHA-256 in hex. */
function renderUsers(
  before: string,
  rules: Readonly<Partial<Record<Account, string>>>,
  credentials: Credentials,
  further: FurtherPasswords,
): string {
  const users = (Object.entries(rules) as [Account, string][]).map(([account, rule]) => {
    const passwords = [credentials[account], further[account]].filter((each) => each !== undefined);
    const hashes = passwords.map((password) => `#${sha256(password)}`).join(' ');
    return `user ${account} reset on ${hashes} ${rule}`;
  });
  return `${[before, ...users].join('\n')}\n`;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
