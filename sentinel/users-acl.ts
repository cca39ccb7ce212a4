import { createHash } from 'node:crypto';
import type { Account, Credentials, FurtherPasswords } from '../topology/types.ts';

/** The account that everyone is before AUTH: nothing. */
const NOBODY = 'user default reset off';

/**
 * What applications may do. SORT and RESTORE count as dangerous in Redis' categories, but twemproxy serves both, and
 * an application that moves here keeps working.
 */
const APPLICATION = '~* &* +@all -@admin -@dangerous +sort +sort_ro +restore';

/** Accounts on a redis server. Rules as found to suffice for a whole failover in the failover reference. */
const REDIS_RULES: Readonly<Record<Account, string>> = {
  application: APPLICATION,
  operator: '~* &* +@all',
  // In an application's name, and: who is master, is it loading, is a write on its replicas.
  proxy: `${APPLICATION} +role +info +wait`,
  // PSYNC and REPLCONF replicate; ROLE and INFO are how an entrypoint finds out who has the data before it starts.
  replication: '-@all +psync +replconf +ping +role +info',
  sentinel:
    'allchannels -@all +multi +exec +slaveof +ping +subscribe +publish +config|rewrite +role +info +client|setname +client|kill +script|kill',
};

const WHO_IS_MASTER =
  '+auth +hello +ping +client|setname +sentinel|get-master-addr-by-name +sentinel|master +sentinel|masters';

/** Accounts on a sentinel; applications have no business there. */
const SENTINEL_RULES: Readonly<Partial<Record<Account, string>>> = {
  operator: '~* &* +@all',
  proxy: `allchannels -@all ${WHO_IS_MASTER} +subscribe +psubscribe +unsubscribe +punsubscribe +role +sentinel|replicas +sentinel|sentinels`,
  // A redis member's entrypoint asks who is master.
  replication: `-@all ${WHO_IS_MASTER}`,
  // Sentinels among themselves: the vote, and the hello message. The rest is for its own helpers: DEBUG sets its rhythm
  // (image/lib/tune.sh), the channel tells of promotions, and REPLICAS who is to follow (image/lib/repoint.sh).
  sentinel: `&__sentinel__:hello &+failover-state-wait-promotion -@all ${WHO_IS_MASTER} +publish +subscribe +sentinel|is-master-down-by-addr +sentinel|debug +sentinel|replicas`,
};

/** Accounts of every redis server of a stack: the same file on all of them. */
export const renderRedisUsers = (credentials: Credentials, further: FurtherPasswords = {}): string =>
  renderUsers(REDIS_RULES, credentials, further);

/** Accounts of every sentinel of a stack: the same file on all of them. */
export const renderSentinelUsers = (credentials: Credentials, further: FurtherPasswords = {}): string =>
  renderUsers(SENTINEL_RULES, credentials, further);

/** An ACL file takes no comments and no clear text from us: passwords are SHA-256 in hex. */
function renderUsers(
  rules: Readonly<Partial<Record<Account, string>>>,
  credentials: Credentials,
  further: FurtherPasswords,
): string {
  const users = (Object.entries(rules) as [Account, string][]).map(([account, rule]) => {
    const passwords = [credentials[account], further[account]].filter((each) => each !== undefined);
    const hashes = passwords.map((password) => `#${sha256(password)}`).join(' ');
    return `user ${account} reset on ${hashes} ${rule}`;
  });
  return `${[NOBODY, ...users].join('\n')}\n`;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
