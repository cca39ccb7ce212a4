/*
 * Every command of Redis 7.0 and what becomes of it. Names in lower case; `!` in front marks a write.
 * Lines of one group share their fate; the key positions are Redis' own (COMMAND INFO), so that nothing is guessed.
 */

/** Routed by the key that is the first argument. */
export const BY_FIRST_KEY = `
!append bitcount !bitfield bitfield_ro bitpos !decr !decrby dump !expire !expireat expiretime !geoadd geodist
geohash geopos georadius_ro georadiusbymember_ro geosearch get getbit !getdel !getex getrange !getset !hdel hexists
hget hgetall !hincrby !hincrbyfloat hkeys hlen hmget !hmset hscan !hset !hsetnx hstrlen hvals !incr
!incrby !incrbyfloat lindex !linsert llen !lpop lpos !lpush !lpushx lrange !lrem !lset !ltrim !persist !pexpire
!pexpireat pexpiretime !pfadd !psetex pttl !restore !rpop !rpush !rpushx !sadd scard !set !setbit !setex !setnx
!setrange sismember smembers smismember !spop !srem sscan strlen substr ttl type !xack !xadd
!xautoclaim !xclaim !xdel xlen xpending xrange xrevrange !xsetid !xtrim !zadd zcard zcount !zincrby zlexcount
zmscore !zpopmax !zpopmin zrange zrangebylex zrangebyscore zrank !zrem !zremrangebylex
!zremrangebyrank !zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore`;

/** Routed as by a key by the channel that is the first argument: not repeated, nor sent to a replica. */
export const BY_CHANNEL = '!publish !spublish';

/** Keys at `first..last` (negative: from the end); all must live on one server. */
export const KEY_RANGES = `
!copy:1:2 !move:1:1 !geosearchstore:1:2 hrandfield:1:1 lcs:1:2 !lmove:1:2 !pfmerge:1:-1 pfcount:1:-1 !rename:1:2 !renamenx:1:2
!rpoplpush:1:2 sdiff:1:-1 !sdiffstore:1:-1 sinter:1:-1 !sinterstore:1:-1 !smove:1:2 srandmember:1:1 sunion:1:-1 !sunionstore:1:-1
zrandmember:1:1 !zrangestore:1:2 !bitop:2:-1 !msetnx:1:-1:2`;

/** The argument at this place says how many keys follow it; `+` = the first argument is a key too. */
export const COUNTED_KEYS = `
!eval:2 eval_ro:2 !evalsha:2 evalsha_ro:2 !fcall:2 fcall_ro:2 sintercard:1 zdiff:1 zinter:1 zintercard:1 zunion:1
!lmpop:1 !zmpop:1 !zdiffstore:2+ !zinterstore:2+ !zunionstore:2+`;

/** Split by key and merged. */
export const SPLIT = '!del exists mget !mset touch !unlink';

/** Subcommands with a key as second argument; every other subcommand is refused. */
export const SUBCOMMAND_KEYS = `
object:encoding,freq,idletime,refcount memory:usage xinfo:consumers,groups,stream
!xgroup:create,createconsumer,delconsumer,destroy,setid`;

/** Keys found by a keyword: SORT … STORE key (and what BY and GET may name), GEORADIUS … STORE|STOREDIST key */
export const KEYWORD_KEYS = '!sort sort_ro !georadius !georadiusbymember';

/** Forwarded to one server, any. */
export const ANY_SERVER = 'lolwut';

/** Dealt with by a family of the proxy's own (proxy/core/commands/<family>/family.ts): what it does → names. */
export const FAMILIES: readonly (readonly [does: string, names: string])[] = [
  [
    'sent to the server of its keys, over a connection of its own while it waits; refused when the keys live on several',
    '!blmove !blmpop !blpop !brpop !brpoplpush !bzmpop !bzpopmax !bzpopmin',
  ],
  [
    'sent to the server of its streams, with BLOCK over a connection of its own while it waits; refused when they live on several',
    'xread !xreadgroup',
  ],
  [
    'asked of all servers, over a connection of its own to each while it waits; the smallest number is the answer',
    'wait',
  ],
  ['answered by the proxy, from what all servers say of themselves', 'info pubsub'],
  ['GET of what applications look at, asked of all servers; the rest refused', 'config'],
  ['carried out by all servers, or asked of all; KILL refused', '!function'],
  ['asked of all servers, their logs merged', 'lastsave latency slowlog'],
  ['asked of one server after the other, under one cursor', 'scan'],
  ['asked of all servers; an error when one of them does not answer', 'dbsize keys randomkey'],
  ['carried out by all servers, in the database that is selected; an error says which did not', '!flushdb'],
  ["carried out by all servers, in the pool's databases; an error says which did not", '!flushall'],
  ['sent to the server, refused where the pool has several', '!swapdb'],
  [
    'sent to the servers of the channels, to all of them for patterns and events of keys, over connections of its own',
    'psubscribe punsubscribe ssubscribe subscribe sunsubscribe unsubscribe',
  ],
  [
    'LOAD, EXISTS, FLUSH: carried out by all servers, and what is loaded is kept by the proxy for EVALSHA wherever it goes',
    'script',
  ],
  [
    'kept by the proxy until EXEC sends the transaction to the server of its keys as one',
    'discard !exec multi',
  ],
  ['sent to the server of its keys, over a connection that the client has to itself', 'unwatch watch'],
  [
    'answered by the proxy',
    'asking auth client cluster command echo hello ping quit readonly readwrite reset role select time',
  ],
  ['WHOAMI: answered by the proxy; the rest refused', 'acl'],
];

/** Why what concerns one server is refused. */
export const ADMIN = 'it administers one server: connect to that server';

/** Refused in words: reason → names. */
export const REFUSED: readonly (readonly [reason: string, names: string])[] = [
  [
    ADMIN,
    `bgrewriteaof bgsave debug failover !migrate module monitor
pfdebug pfselftest psync replconf replicaof !restore-asking save shutdown slaveof sync`,
  ],
];
