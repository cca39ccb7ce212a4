/** What each command of Redis 7.0 does, in Redis' words (COMMAND DOCS): name, summary. */
export const COMMAND_SUMMARIES = `
acl A container for Access List Control commands
append Append a value to a key
asking Sent by cluster clients after an -ASK redirect
auth Authenticate to the server
bgrewriteaof Asynchronously rewrite the append-only file
bgsave Asynchronously save the dataset to disk
bitcount Count set bits in a string
bitfield Perform arbitrary bitfield integer operations on strings
bitfield_ro Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD
bitop Perform bitwise operations between strings
bitpos Find first bit set or clear in a string
blmove Pop an element from a list, push it to another list and return it; or block until one is available
blmpop Pop elements from a list, or block until one is available
blpop Remove and get the first element in a list, or block until one is available
brpop Remove and get the last element in a list, or block until one is available
brpoplpush Pop an element from a list, push it to another list and return it; or block until one is available
bzmpop Remove and return members with scores in a sorted set or block until one is available
bzpopmax Remove and return the member with the highest score from one or more sorted sets, or block until one is available
bzpopmin Remove and return the member with the lowest score from one or more sorted sets, or block until one is available
client A container for client connection commands
cluster A container for cluster commands
command Get array of Redis command details
config A container for server configuration commands
copy Copy a key
dbsize Return the number of keys in the selected database
debug A container for debugging commands
decr Decrement the integer value of a key by one
decrby Decrement the integer value of a key by the given number
del Delete a key
discard Discard all commands issued after MULTI
dump Return a serialized version of the value stored at the specified key
echo Echo the given string
eval Execute a Lua script server side
eval_ro Execute a read-only Lua script server side
evalsha Execute a Lua script server side
evalsha_ro Execute a read-only Lua script server side
exec Execute all commands issued after MULTI
exists Determine if a key exists
expire Set a key's time to live in seconds
expireat Set the expiration for a key as a UNIX timestamp
expiretime Get the expiration Unix timestamp for a key
failover Start a coordinated failover between this server and one of its replicas
fcall Invoke a function
fcall_ro Invoke a read-only function
flushall Remove all keys from all databases
flushdb Remove all keys from the current database
function A container for function commands
geoadd Add one or more geospatial items in the geospatial index represented using a sorted set
geodist Returns the distance between two members of a geospatial index
geohash Returns members of a geospatial index as standard geohash strings
geopos Returns longitude and latitude of members of a geospatial index
georadius Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a point
georadius_ro A read-only variant for GEORADIUS
georadiusbymember Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a member
georadiusbymember_ro A read-only variant for GEORADIUSBYMEMBER
geosearch Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle
geosearchstore Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle, and store the result in another key
get Get the value of a key
getbit Returns the bit value at offset in the string value stored at key
getdel Get the value of a key and delete the key
getex Get the value of a key and optionally set its expiration
getrange Get a substring of the string stored at a key
getset Set the string value of a key and return its old value
hdel Delete one or more hash fields
hello Handshake with Redis
hexists Determine if a hash field exists
hget Get the value of a hash field
hgetall Get all the fields and values in a hash
hincrby Increment the integer value of a hash field by the given number
hincrbyfloat Increment the float value of a hash field by the given amount
hkeys Get all the fields in a hash
hlen Get the number of fields in a hash
hmget Get the values of all the given hash fields
hmset Set multiple hash fields to multiple values
hrandfield Get one or multiple random fields from a hash
hscan Incrementally iterate hash fields and associated values
hset Set the string value of a hash field
hsetnx Set the value of a hash field, only if the field does not exist
hstrlen Get the length of the value of a hash field
hvals Get all the values in a hash
incr Increment the integer value of a key by one
incrby Increment the integer value of a key by the given amount
incrbyfloat Increment the float value of a key by the given amount
info Get information and statistics about the server
keys Find all keys matching the given pattern
lastsave Get the UNIX time stamp of the last successful save to disk
latency A container for latency diagnostics commands
lcs Find longest common substring
lindex Get an element from a list by its index
linsert Insert an element before or after another element in a list
llen Get the length of a list
lmove Pop an element from a list, push it to another list and return it
lmpop Pop elements from a list
lolwut Display some computer art and the Redis version
lpop Remove and get the first elements in a list
lpos Return the index of matching elements on a list
lpush Prepend one or multiple elements to a list
lpushx Prepend an element to a list, only if the list exists
lrange Get a range of elements from a list
lrem Remove elements from a list
lset Set the value of an element in a list by its index
ltrim Trim a list to the specified range
memory A container for memory diagnostics commands
mget Get the values of all the given keys
migrate Atomically transfer a key from a Redis instance to another one
module A container for module commands
monitor Listen for all requests received by the server in real time
move Move a key to another database
mset Set multiple keys to multiple values
msetnx Set multiple keys to multiple values, only if none of the keys exist
multi Mark the start of a transaction block
object A container for object introspection commands
persist Remove the expiration from a key
pexpire Set a key's time to live in milliseconds
pexpireat Set the expiration for a key as a UNIX timestamp specified in milliseconds
pexpiretime Get the expiration Unix timestamp for a key in milliseconds
pfadd Adds the specified elements to the specified HyperLogLog
pfcount Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s)
pfdebug Internal commands for debugging HyperLogLog values
pfmerge Merge N different HyperLogLogs into a single one
pfselftest An internal command for testing HyperLogLog values
ping Ping the server
psetex Set the value and expiration in milliseconds of a key
psubscribe Listen for messages published to channels matching the given patterns
psync Internal command used for replication
pttl Get the time to live for a key in milliseconds
publish Post a message to a channel
pubsub A container for Pub/Sub commands
punsubscribe Stop listening for messages posted to channels matching the given patterns
quit Close the connection
randomkey Return a random key from the keyspace
readonly Enables read queries for a connection to a cluster replica node
readwrite Disables read queries for a connection to a cluster replica node
rename Rename a key
renamenx Rename a key, only if the new key does not exist
replconf An internal command for configuring the replication stream
replicaof Make the server a replica of another instance, or promote it as master
reset Reset the connection
restore Create a key using the provided serialized value, previously obtained using DUMP
restore-asking An internal command for migrating keys in a cluster
role Return the role of the instance in the context of replication
rpop Remove and get the last elements in a list
rpoplpush Remove the last element in a list, prepend it to another list and return it
rpush Append one or multiple elements to a list
rpushx Append an element to a list, only if the list exists
sadd Add one or more members to a set
save Synchronously save the dataset to disk
scan Incrementally iterate the keys space
scard Get the number of members in a set
script A container for Lua scripts management commands
sdiff Subtract multiple sets
sdiffstore Subtract multiple sets and store the resulting set in a key
select Change the selected database for the current connection
set Set the string value of a key
setbit Sets or clears the bit at offset in the string value stored at key
setex Set the value and expiration of a key
setnx Set the value of a key, only if the key does not exist
setrange Overwrite part of a string at key starting at the specified offset
shutdown Synchronously save the dataset to disk and then shut down the server
sinter Intersect multiple sets
sintercard Intersect multiple sets and return the cardinality of the result
sinterstore Intersect multiple sets and store the resulting set in a key
sismember Determine if a given value is a member of a set
slaveof Make the server a replica of another instance, or promote it as master
slowlog A container for slow log commands
smembers Get all the members in a set
smismember Returns the membership associated with the given elements for a set
smove Move a member from one set to another
sort Sort the elements in a list, set or sorted set
sort_ro Sort the elements in a list, set or sorted set. Read-only variant of SORT
spop Remove and return one or multiple random members from a set
spublish Post a message to a shard channel
srandmember Get one or multiple random members from a set
srem Remove one or more members from a set
sscan Incrementally iterate Set elements
ssubscribe Listen for messages published to the given shard channels
strlen Get the length of the value stored in a key
subscribe Listen for messages published to the given channels
substr Get a substring of the string stored at a key
sunion Add multiple sets
sunionstore Add multiple sets and store the resulting set in a key
sunsubscribe Stop listening for messages posted to the given shard channels
swapdb Swaps two Redis databases
sync Internal command used for replication
time Return the current server time
touch Alters the last access time of a key(s). Returns the number of existing keys specified
ttl Get the time to live for a key in seconds
type Determine the type stored at key
unlink Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking
unsubscribe Stop listening for messages posted to the given channels
unwatch Forget about all watched keys
wait Wait for the synchronous replication of all the write commands sent in the context of the current connection
watch Watch the given keys to determine execution of the MULTI/EXEC block
xack Marks a pending message as correctly processed, effectively removing it from the pending entries list of the consumer group. Return value of the command is the number of messages successfully acknowledged, that is, the IDs we were actually able to resolve in the PEL
xadd Appends a new entry to a stream
xautoclaim Changes (or acquires) ownership of messages in a consumer group, as if the messages were delivered to the specified consumer
xclaim Changes (or acquires) ownership of a message in a consumer group, as if the message was delivered to the specified consumer
xdel Removes the specified entries from the stream. Returns the number of items actually deleted, that may be different from the number of IDs passed in case certain IDs do not exist
xgroup A container for consumer groups commands
xinfo A container for stream introspection commands
xlen Return the number of entries in a stream
xpending Return information and entries from a stream consumer group pending entries list, that are messages fetched but never acknowledged
xrange Return a range of elements in a stream, with IDs matching the specified IDs interval
xread Return never seen elements in multiple streams, with IDs greater than the ones reported by the caller for each stream. Can block
xreadgroup Return new entries from a stream using a consumer group, or access the history of the pending entries for a given consumer. Can block
xrevrange Return a range of elements in a stream, with IDs matching the specified IDs interval, in reverse order (from greater to smaller IDs) compared to XRANGE
xsetid An internal command for replicating stream values
xtrim Trims the stream to (approximately if '~' is passed) a certain size
zadd Add one or more members to a sorted set, or update its score if it already exists
zcard Get the number of members in a sorted set
zcount Count the members in a sorted set with scores within the given values
zdiff Subtract multiple sorted sets
zdiffstore Subtract multiple sorted sets and store the resulting sorted set in a new key
zincrby Increment the score of a member in a sorted set
zinter Intersect multiple sorted sets
zintercard Intersect multiple sorted sets and return the cardinality of the result
zinterstore Intersect multiple sorted sets and store the resulting sorted set in a new key
zlexcount Count the number of members in a sorted set between a given lexicographical range
zmpop Remove and return members with scores in a sorted set
zmscore Get the score associated with the given members in a sorted set
zpopmax Remove and return members with the highest scores in a sorted set
zpopmin Remove and return members with the lowest scores in a sorted set
zrandmember Get one or multiple random elements from a sorted set
zrange Return a range of members in a sorted set
zrangebylex Return a range of members in a sorted set, by lexicographical range
zrangebyscore Return a range of members in a sorted set, by score
zrangestore Store a range of members from sorted set into another key
zrank Determine the index of a member in a sorted set
zrem Remove one or more members from a sorted set
zremrangebylex Remove all members in a sorted set between the given lexicographical range
zremrangebyrank Remove all members in a sorted set within the given indexes
zremrangebyscore Remove all members in a sorted set within the given scores
zrevrange Return a range of members in a sorted set, by index, with scores ordered from high to low
zrevrangebylex Return a range of members in a sorted set, by lexicographical range, ordered from higher to lower strings
zrevrangebyscore Return a range of members in a sorted set, by score, with scores ordered from high to low
zrevrank Determine the index of a member in a sorted set, with scores ordered from high to low
zscan Incrementally iterate sorted sets elements and associated scores
zscore Get the score associated with the given member in a sorted set
zunion Add multiple sorted sets
zunionstore Add multiple sorted sets and store the resulting sorted set in a new key
`;
