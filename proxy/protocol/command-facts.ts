/*
 * What Redis 7.0 itself says of its commands (COMMAND, COMMAND DOCS): name, arity, flags and ACL categories (letters below, or -), what
 * becomes of its keys (letters, the first key / the others), first key, last key, step, version that brought it, group, arguments.
 */

/** Redis' names of the flags. */
export const FLAG_NAMES: Readonly<Record<string, string>> = {
  A: 'no_auth',
  B: 'allow_busy',
  F: 'fast',
  L: 'no_async_loading',
  M: 'skip_monitor',
  R: 'may_replicate',
  S: 'skip_slowlog',
  a: 'admin',
  b: 'blocking',
  k: 'asking',
  l: 'loading',
  m: 'denyoom',
  n: 'no_mandatory_keys',
  p: 'pubsub',
  r: 'readonly',
  s: 'noscript',
  t: 'stale',
  v: 'movablekeys',
  w: 'write',
  x: 'no_multi',
};

/** Of the ACL categories. */
export const CATEGORY_NAMES: Readonly<Record<string, string>> = {
  B: '@blocking',
  S: '@set',
  a: '@admin',
  b: '@bitmap',
  c: '@connection',
  d: '@dangerous',
  e: '@scripting',
  f: '@fast',
  g: '@geo',
  h: '@hash',
  k: '@keyspace',
  l: '@list',
  o: '@slow',
  p: '@pubsub',
  r: '@read',
  s: '@string',
  t: '@transaction',
  w: '@write',
  x: '@stream',
  y: '@hyperloglog',
  z: '@sortedset',
};

/** Of what becomes of a key. */
export const KEY_FLAG_NAMES: Readonly<Record<string, string>> = {
  M: 'RM',
  O: 'OW',
  R: 'RO',
  W: 'RW',
  a: 'access',
  c: 'incomplete',
  d: 'delete',
  i: 'insert',
  n: 'not_key',
  u: 'update',
  v: 'variable_flags',
};

export const COMMAND_FACTS = `
acl -2 - o - 0 0 0 6.0.0 server
append 3 wmF fsw Wi 1 1 1 2.0.0 string key value
asking 1 F cf - 0 0 0 3.0.0 cluster
auth -2 sltFAB cf - 0 0 0 1.0.0 connection [username] password
bgrewriteaof 1 asL ado - 0 0 0 1.0.0 server
bgsave -1 asL ado - 0 0 0 1.0.0 server [SCHEDULE]
bitcount -2 r bro Ra 1 1 1 2.6.0 bitmap key [start end [BYTE|BIT]]
bitfield -2 wm bow Wauv 1 1 1 3.2.0 bitmap key [GET encoding offset|[OVERFLOW <WRAP|SAT|FAIL>] <SET encoding offset value|INCRBY encoding offset increment> [GET encoding offset|[OVERFLOW <WRAP|SAT|FAIL>] <SET encoding offset value|INCRBY encoding offset increment> ...]]
bitfield_ro -2 rF bfr Ra 1 1 1 6.0.0 bitmap key [GET encoding offset [GET encoding offset ...]]
bitop -4 wm bow Ou/Ra 2 -1 1 2.6.0 bitmap operation destkey key [key ...]
bitpos -3 r bro Ra 1 1 1 2.8.7 bitmap key bit [start [end [BYTE|BIT]]]
blmove 6 wmsb Blow Wad/Wi 1 2 1 6.2.0 list source destination <LEFT|RIGHT> <LEFT|RIGHT> timeout
blmpop -5 wbv Blow Wad 0 0 0 7.0.0 list timeout numkeys key [key ...] <LEFT|RIGHT> [COUNT count]
blpop -3 wsb Blow Wad 1 -2 1 2.0.0 list key [key ...] timeout
brpop -3 wsb Blow Wad 1 -2 1 2.0.0 list key [key ...] timeout
brpoplpush 4 wmsb Blow Wad/Wi 1 2 1 2.2.0 list source destination timeout
bzmpop -5 wbv Bozw Wad 0 0 0 7.0.0 sorted-set timeout numkeys key [key ...] <MIN|MAX> [COUNT count]
bzpopmax -3 wsbF Bfzw Wad 1 -2 1 5.0.0 sorted-set key [key ...] timeout
bzpopmin -3 wsbF Bfzw Wad 1 -2 1 5.0.0 sorted-set key [key ...] timeout
client -2 - o - 0 0 0 2.4.0 connection
cluster -2 - o - 0 0 0 3.0.0 cluster
command -1 lt co - 0 0 0 2.8.13 server
config -2 - o - 0 0 0 2.0.0 server
copy -3 wm kow Ra/Ou 1 2 1 6.2.0 generic source destination [DB destination-db] [REPLACE]
dbsize 1 rF fkr - 0 0 0 1.0.0 server
debug -2 aslt ado - 0 0 0 1.0.0 server
decr 2 wmF fsw Wau 1 1 1 1.0.0 string key
decrby 3 wmF fsw Wau 1 1 1 1.0.0 string key decrement
del -2 w kow Md 1 -1 1 1.0.0 generic key [key ...]
discard 1 sltFB ft - 0 0 0 2.0.0 transactions
dump 2 r kro Ra 1 1 1 2.6.0 generic key
echo 2 ltF cf - 0 0 0 1.0.0 connection message
eval -3 stMnv eo Wau 0 0 0 2.6.0 scripting script numkeys [key [key ...]] [arg [arg ...]]
eval_ro -3 rstMnv eo Ra 0 0 0 7.0.0 scripting script numkeys [key [key ...]] [arg [arg ...]]
evalsha -3 stMnv eo Wau 0 0 0 2.6.0 scripting sha1 numkeys [key [key ...]] [arg [arg ...]]
evalsha_ro -3 rstMnv eo Ra 0 0 0 7.0.0 scripting sha1 numkeys [key [key ...]] [arg [arg ...]]
exec 1 sltS ot - 0 0 0 1.2.0 transactions
exists -2 rF fkr R 1 -1 1 1.0.0 generic key [key ...]
expire -3 wF fkw Wu 1 1 1 1.0.0 generic key seconds [NX|XX|GT|LT]
expireat -3 wF fkw Wu 1 1 1 1.2.0 generic key unix-time-seconds [NX|XX|GT|LT]
expiretime 2 rF fkr Ra 1 1 1 7.0.0 generic key
failover -1 ast ado - 0 0 0 6.2.0 server [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]
fcall -3 stMnv eo Wau 0 0 0 7.0.0 scripting function numkeys [key [key ...]] [arg [arg ...]]
fcall_ro -3 rstMnv eo Ra 0 0 0 7.0.0 scripting function numkeys [key [key ...]] [arg [arg ...]]
flushall -1 w dkow - 0 0 0 1.0.0 server [ASYNC|SYNC]
flushdb -1 w dkow - 0 0 0 1.0.0 server [ASYNC|SYNC]
function -2 - o - 0 0 0 7.0.0 scripting
geoadd -5 wm gow Wu 1 1 1 3.2.0 geo key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]
geodist -4 r gro Ra 1 1 1 3.2.0 geo key member1 member2 [M|KM|FT|MI]
geohash -2 r gro Ra 1 1 1 3.2.0 geo key member [member ...]
geopos -2 r gro Ra 1 1 1 3.2.0 geo key member [member ...]
georadius -6 wmv gow Ra/Ou/Ou 1 1 1 3.2.0 geo key longitude latitude radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC] [STORE key] [STOREDIST key]
georadius_ro -6 r gro Ra 1 1 1 3.2.10 geo key longitude latitude radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC]
georadiusbymember -5 wmv gow Ra/Ou/Ou 1 1 1 3.2.0 geo key member radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC] [STORE key] [STOREDIST key]
georadiusbymember_ro -5 r gro Ra 1 1 1 3.2.10 geo key member radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC]
geosearch -7 r gro Ra 1 1 1 6.2.0 geo key <FROMMEMBER member|FROMLONLAT longitude latitude> <BYRADIUS radius <M|KM|FT|MI>|BYBOX width height <M|KM|FT|MI>> [ASC|DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]
geosearchstore -8 wm gow Ou/Ra 1 2 1 6.2.0 geo destination source <FROMMEMBER member|FROMLONLAT longitude latitude> <BYRADIUS radius <M|KM|FT|MI>|BYBOX width height <M|KM|FT|MI>> [ASC|DESC] [COUNT count [ANY]] [STOREDIST]
get 2 rF frs Ra 1 1 1 1.0.0 string key
getbit 3 rF bfr Ra 1 1 1 2.2.0 bitmap key offset
getdel 2 wF fsw Wad 1 1 1 6.2.0 string key
getex -2 wF fsw Wau 1 1 1 6.2.0 string key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]
getrange 4 r ros Ra 1 1 1 2.4.0 string key start end
getset 3 wmF fsw Wau 1 1 1 1.0.0 string key value
hdel -3 wF fhw Wd 1 1 1 2.0.0 hash key field [field ...]
hello -1 sltFAB cf - 0 0 0 6.0.0 connection [protover [AUTH username password] [SETNAME clientname]]
hexists 3 rF fhr R 1 1 1 2.0.0 hash key field
hget 3 rF fhr Ra 1 1 1 2.0.0 hash key field
hgetall 2 r hro Ra 1 1 1 2.0.0 hash key
hincrby 4 wmF fhw Wau 1 1 1 2.0.0 hash key field increment
hincrbyfloat 4 wmF fhw Wau 1 1 1 2.6.0 hash key field increment
hkeys 2 r hro Ra 1 1 1 2.0.0 hash key
hlen 2 rF fhr R 1 1 1 2.0.0 hash key
hmget -3 rF fhr Ra 1 1 1 2.0.0 hash key field [field ...]
hmset -4 wmF fhw Wu 1 1 1 2.0.0 hash key field value [field value ...]
hrandfield -2 r hro Ra 1 1 1 6.2.0 hash key [count [WITHVALUES]]
hscan -3 r hro Ra 1 1 1 2.8.0 hash key cursor [MATCH pattern] [COUNT count]
hset -4 wmF fhw Wu 1 1 1 2.0.0 hash key field value [field value ...]
hsetnx 4 wmF fhw Wi 1 1 1 2.0.0 hash key field value
hstrlen 3 rF fhr R 1 1 1 3.2.0 hash key field
hvals 2 r hro Ra 1 1 1 2.0.0 hash key
incr 2 wmF fsw Wau 1 1 1 1.0.0 string key
incrby 3 wmF fsw Wau 1 1 1 1.0.0 string key increment
incrbyfloat 3 wmF fsw Wau 1 1 1 2.6.0 string key increment
info -1 lt do - 0 0 0 1.0.0 server [section [section ...]]
keys 2 r dkro - 0 0 0 1.0.0 generic pattern
lastsave 1 ltF adf - 0 0 0 1.0.0 server
latency -2 - o - 0 0 0 2.8.13 server
lcs -3 r ros Ra 1 2 1 7.0.0 string key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]
lindex 3 r lro Ra 1 1 1 1.0.0 list key index
linsert 5 wm low Wi 1 1 1 2.2.0 list key <BEFORE|AFTER> pivot element
llen 2 rF flr R 1 1 1 1.0.0 list key
lmove 5 wm low Wad/Wi 1 2 1 6.2.0 list source destination <LEFT|RIGHT> <LEFT|RIGHT>
lmpop -4 wv low Wad 0 0 0 7.0.0 list numkeys key [key ...] <LEFT|RIGHT> [COUNT count]
lolwut -1 rF fr - 0 0 0 5.0.0 server [VERSION version]
lpop -2 wF flw Wad 1 1 1 1.0.0 list key [count]
lpos -3 r lro Ra 1 1 1 6.0.6 list key element [RANK rank] [COUNT num-matches] [MAXLEN len]
lpush -3 wmF flw Wi 1 1 1 1.0.0 list key element [element ...]
lpushx -3 wmF flw Wi 1 1 1 2.2.0 list key element [element ...]
lrange 4 r lro Ra 1 1 1 1.0.0 list key start stop
lrem 4 w low Wd 1 1 1 1.0.0 list key count element
lset 4 wm low Wu 1 1 1 1.0.0 list key index element
ltrim 4 w low Wd 1 1 1 1.0.0 list key start stop
memory -2 - o - 0 0 0 4.0.0 server
mget -2 rF frs Ra 1 -1 1 1.0.0 string key [key ...]
migrate -6 wv dkow Wad/Wadc 3 3 1 2.6.0 generic host port <key|""> destination-db timeout [COPY] [REPLACE] [[AUTH password]|[AUTH2 username password]] [KEYS key [key ...]]
module -2 - o - 0 0 0 4.0.0 server
monitor 1 aslt ado - 0 0 0 1.0.0 server
move 3 wF fkw Wau 1 1 1 1.0.0 generic key db
mset -3 wm osw Ou 1 -1 2 1.0.1 string key value [key value ...]
msetnx -3 wm osw Oi 1 -1 2 1.0.1 string key value [key value ...]
multi 1 sltFB ft - 0 0 0 1.2.0 transactions
object -2 - o - 0 0 0 2.2.3 generic
persist 2 wF fkw Wu 1 1 1 2.2.0 generic key
pexpire -3 wF fkw Wu 1 1 1 2.6.0 generic key milliseconds [NX|XX|GT|LT]
pexpireat -3 wF fkw Wu 1 1 1 2.6.0 generic key unix-time-milliseconds [NX|XX|GT|LT]
pexpiretime 2 rF fkr Ra 1 1 1 7.0.0 generic key
pfadd -2 wmF fyw Wi 1 1 1 2.8.9 hyperloglog key [element [element ...]]
pfcount -2 r yro Wa 1 -1 1 2.8.9 hyperloglog key [key ...]
pfdebug 3 wma adyow Wa 2 2 1 2.8.9 hyperloglog subcommand key
pfmerge -2 wm yow Wai/Ra 1 -1 1 2.8.9 hyperloglog destkey sourcekey [sourcekey ...]
pfselftest 1 a adyo - 0 0 0 2.8.9 hyperloglog
ping -1 F cf - 0 0 0 1.0.0 connection [message]
psetex 4 wm osw Ou 1 1 1 2.6.0 string key milliseconds value
psubscribe -2 pslt po - 0 0 0 2.0.0 pubsub pattern [pattern ...]
psync -3 asLx ado - 0 0 0 2.8.0 server replicationid offset
pttl 2 rF fkr Ra 1 1 1 2.6.0 generic key
publish 3 pltF fp - 0 0 0 2.0.0 pubsub channel message
pubsub -2 - o - 0 0 0 2.8.0 pubsub
punsubscribe -1 pslt po - 0 0 0 2.0.0 pubsub [pattern [pattern ...]]
quit -1 sltFAB cf - 0 0 0 1.0.0 connection
randomkey 1 r kro - 0 0 0 1.0.0 generic
readonly 1 ltF cf - 0 0 0 3.0.0 cluster
readwrite 1 ltF cf - 0 0 0 3.0.0 cluster
rename 3 w kow Wad/Ou 1 2 1 1.0.0 generic key newkey
renamenx 3 wF fkw Wad/Oi 1 2 1 1.0.0 generic key newkey
replconf -1 asltB ado - 0 0 0 3.0.0 server
replicaof 3 astL ado - 0 0 0 5.0.0 server <host port|NO ONE>
reset 1 sltFAB cf - 0 0 0 6.2.0 connection
restore -4 wm dkow Ou 1 1 1 2.6.0 generic key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
restore-asking -4 wmk dkow Ou 1 1 1 3.0.0 server key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
role 1 sltF adf - 0 0 0 2.8.12 server
rpop -2 wF flw Wad 1 1 1 1.0.0 list key [count]
rpoplpush 3 wm low Wad/Wi 1 2 1 1.2.0 list source destination
rpush -3 wmF flw Wi 1 1 1 1.0.0 list key element [element ...]
rpushx -3 wmF flw Wi 1 1 1 2.2.0 list key element [element ...]
sadd -3 wmF fSw Wi 1 1 1 1.0.0 set key member [member ...]
save 1 asLx ado - 0 0 0 1.0.0 server
scan -2 r kro - 0 0 0 2.8.0 generic cursor [MATCH pattern] [COUNT count] [TYPE type]
scard 2 rF frS R 1 1 1 1.0.0 set key
script -2 - o - 0 0 0 2.6.0 scripting
sdiff -2 r rSo Ra 1 -1 1 1.0.0 set key [key ...]
sdiffstore -3 wm Sow Ou/Ra 1 -1 1 1.0.0 set destination key [key ...]
select 2 ltF cf - 0 0 0 1.0.0 connection index
set -3 wm osw Wauv 1 1 1 1.0.0 string key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]
setbit 4 wm bow Wau 1 1 1 2.2.0 bitmap key offset value
setex 4 wm osw Ou 1 1 1 2.0.0 string key seconds value
setnx 3 wmF fsw Oi 1 1 1 1.0.0 string key value
setrange 4 wm osw Wu 1 1 1 2.2.0 string key offset value
shutdown -1 asltxB ado - 0 0 0 1.0.0 server [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]
sinter -2 r rSo Ra 1 -1 1 1.0.0 set key [key ...]
sintercard -3 rv rSo Ra 0 0 0 7.0.0 set numkeys key [key ...] [LIMIT limit]
sinterstore -3 wm Sow Wu/Ra 1 -1 1 1.0.0 set destination key [key ...]
sismember 3 rF frS R 1 1 1 1.0.0 set key member
slaveof 3 astL ado - 0 0 0 1.0.0 server <host port|NO ONE>
slowlog -2 - o - 0 0 0 2.2.12 server
smembers 2 r rSo Ra 1 1 1 1.0.0 set key
smismember -3 rF frS Ra 1 1 1 6.2.0 set key member [member ...]
smove 4 wF fSw Wad/Wi 1 2 1 1.0.0 set source destination member
sort -2 wmv dlSozw Ra/Ra/Ou 1 1 1 1.0.0 generic key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC|DESC] [ALPHA] [STORE destination]
sort_ro -2 rv dlrSoz Ra/Ra 1 1 1 7.0.0 generic key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC|DESC] [ALPHA]
spop -2 wF fSw Wad 1 1 1 1.0.0 set key [count]
spublish 3 pltF fp n 1 1 1 7.0.0 pubsub shardchannel message
srandmember -2 r rSo Ra 1 1 1 1.0.0 set key [count]
srem -3 wF fSw Wd 1 1 1 1.0.0 set key member [member ...]
sscan -3 r rSo Ra 1 1 1 2.8.0 set key cursor [MATCH pattern] [COUNT count]
ssubscribe -2 pslt po n 1 -1 1 7.0.0 pubsub shardchannel [shardchannel ...]
strlen 2 rF frs R 1 1 1 2.2.0 string key
subscribe -2 pslt po - 0 0 0 2.0.0 pubsub channel [channel ...]
substr 4 r ros Ra 1 1 1 1.0.0 string key start end
sunion -2 r rSo Ra 1 -1 1 1.0.0 set key [key ...]
sunionstore -3 wm Sow Ou/Ra 1 -1 1 1.0.0 set destination key [key ...]
sunsubscribe -1 pslt po n 1 -1 1 7.0.0 pubsub [shardchannel [shardchannel ...]]
swapdb 3 wF dfkw - 0 0 0 4.0.0 server index1 index2
sync 1 asLx ado - 0 0 0 1.0.0 server
time 1 ltF f - 0 0 0 2.6.0 server
touch -2 rF fkr R 1 -1 1 3.2.1 generic key [key ...]
ttl 2 rF fkr Ra 1 1 1 1.0.0 generic key
type 2 rF fkr R 1 1 1 1.0.0 generic key
unlink -2 wF fkw Md 1 -1 1 4.0.0 generic key [key ...]
unsubscribe -1 pslt po - 0 0 0 2.0.0 pubsub [channel [channel ...]]
unwatch 1 sltFB ft - 0 0 0 2.2.0 transactions
wait 3 s co - 0 0 0 3.0.0 generic numreplicas timeout
watch -2 sltFB ft R 1 -1 1 2.2.0 transactions key [key ...]
xack -4 wF fxw Wu 1 1 1 5.0.0 stream key group id [id ...]
xadd -5 wmF fxw Wu 1 1 1 5.0.0 stream key [NOMKSTREAM] [<MAXLEN|MINID> [=|~] threshold [LIMIT count]] <*|id> field value [field value ...]
xautoclaim -6 wF fxw Wd 1 1 1 6.2.0 stream key group consumer min-idle-time start [COUNT count] [JUSTID]
xclaim -6 wF fxw Wu 1 1 1 5.0.0 stream key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]
xdel -3 wF fxw Wd 1 1 1 5.0.0 stream key id [id ...]
xgroup -2 - o - 0 0 0 5.0.0 stream
xinfo -2 - o - 0 0 0 5.0.0 stream
xlen 2 rF frx R 1 1 1 5.0.0 stream key
xpending -3 r rox Ra 1 1 1 5.0.0 stream key group [[IDLE min-idle-time] start end count [consumer]]
xrange -4 r rox Ra 1 1 1 5.0.0 stream key start end [COUNT count]
xread -4 rbv Brox Ra 0 0 0 5.0.0 stream [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
xreadgroup -7 wbv Boxw Ra 0 0 0 5.0.0 stream GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]
xrevrange -4 r rox Ra 1 1 1 5.0.0 stream key end start [COUNT count]
xsetid -3 wmF fxw Wu 1 1 1 5.0.0 stream key last-id [ENTRIESADDED entries_added] [MAXDELETEDID max_deleted_entry_id]
xtrim -4 w oxw Wd 1 1 1 5.0.0 stream key <MAXLEN|MINID> [=|~] threshold [LIMIT count]
zadd -4 wmF fzw Wu 1 1 1 1.2.0 sorted-set key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]
zcard 2 rF frz R 1 1 1 1.2.0 sorted-set key
zcount 4 rF frz Ra 1 1 1 2.0.0 sorted-set key min max
zdiff -3 rv roz Ra 0 0 0 6.2.0 sorted-set numkeys key [key ...] [WITHSCORES]
zdiffstore -4 wmv ozw Ou/Ra 1 1 1 6.2.0 sorted-set destination numkeys key [key ...]
zincrby 4 wmF fzw Wau 1 1 1 1.2.0 sorted-set key increment member
zinter -3 rv roz Ra 0 0 0 6.2.0 sorted-set numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX>] [WITHSCORES]
zintercard -3 rv roz Ra 0 0 0 7.0.0 sorted-set numkeys key [key ...] [LIMIT limit]
zinterstore -4 wmv ozw Ou/Ra 1 1 1 2.0.0 sorted-set destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX>]
zlexcount 4 rF frz Ra 1 1 1 2.8.9 sorted-set key min max
zmpop -4 wv ozw Wad 0 0 0 7.0.0 sorted-set numkeys key [key ...] <MIN|MAX> [COUNT count]
zmscore -3 rF frz Ra 1 1 1 6.2.0 sorted-set key member [member ...]
zpopmax -2 wF fzw Wad 1 1 1 5.0.0 sorted-set key [count]
zpopmin -2 wF fzw Wad 1 1 1 5.0.0 sorted-set key [count]
zrandmember -2 r roz Ra 1 1 1 6.2.0 sorted-set key [count [WITHSCORES]]
zrange -4 r roz Ra 1 1 1 1.2.0 sorted-set key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
zrangebylex -4 r roz Ra 1 1 1 2.8.9 sorted-set key min max [LIMIT offset count]
zrangebyscore -4 r roz Ra 1 1 1 1.0.5 sorted-set key min max [WITHSCORES] [LIMIT offset count]
zrangestore -5 wm ozw Ou/Ra 1 2 1 6.2.0 sorted-set dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]
zrank 3 rF frz Ra 1 1 1 2.0.0 sorted-set key member
zrem -3 wF fzw Wd 1 1 1 1.2.0 sorted-set key member [member ...]
zremrangebylex 4 w ozw Wd 1 1 1 2.8.9 sorted-set key min max
zremrangebyrank 4 w ozw Wd 1 1 1 2.0.0 sorted-set key start stop
zremrangebyscore 4 w ozw Wd 1 1 1 1.2.0 sorted-set key min max
zrevrange -4 r roz Ra 1 1 1 1.2.0 sorted-set key start stop [WITHSCORES]
zrevrangebylex -4 r roz Ra 1 1 1 2.8.9 sorted-set key max min [LIMIT offset count]
zrevrangebyscore -4 r roz Ra 1 1 1 2.2.0 sorted-set key max min [WITHSCORES] [LIMIT offset count]
zrevrank 3 rF frz Ra 1 1 1 2.0.0 sorted-set key member
zscan -3 r roz Ra 1 1 1 2.8.0 sorted-set key cursor [MATCH pattern] [COUNT count]
zscore 3 rF frz Ra 1 1 1 1.2.0 sorted-set key member
zunion -3 rv roz Ra 0 0 0 6.2.0 sorted-set numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX>] [WITHSCORES]
zunionstore -4 wmv ozw Ou/Ra 1 1 1 2.0.0 sorted-set destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX>]
`;
