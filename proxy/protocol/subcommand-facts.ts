/** The subcommands of Redis 7.0, as `COMMAND_FACTS` has the commands. */
export const SUBCOMMAND_FACTS = `
acl|cat -2 slt o - 0 0 0 6.0.0 server [categoryname]
acl|deluser -3 aslt ado - 0 0 0 6.0.0 server username [username ...]
acl|dryrun -4 aslt ado - 0 0 0 7.0.0 server username command [arg [arg ...]]
acl|genpass -2 slt o - 0 0 0 6.0.0 server [bits]
acl|getuser 3 aslt ado - 0 0 0 6.0.0 server username
acl|help 2 lt o - 0 0 0 6.0.0 server
acl|list 2 aslt ado - 0 0 0 6.0.0 server
acl|load 2 aslt ado - 0 0 0 6.0.0 server
acl|log -2 aslt ado - 0 0 0 6.0.0 server [count|RESET]
acl|save 2 aslt ado - 0 0 0 6.0.0 server
acl|setuser -3 aslt ado - 0 0 0 6.0.0 server username [rule [rule ...]]
acl|users 2 aslt ado - 0 0 0 6.0.0 server
acl|whoami 2 slt o - 0 0 0 6.0.0 server
client|caching 3 slt co - 0 0 0 6.0.0 connection <YES|NO>
client|getname 2 slt co - 0 0 0 2.6.9 connection
client|getredir 2 slt co - 0 0 0 6.0.0 connection
client|help 2 lt co - 0 0 0 5.0.0 connection
client|id 2 slt co - 0 0 0 5.0.0 connection
client|info 2 slt co - 0 0 0 6.2.0 connection
client|kill -3 aslt acdo - 0 0 0 2.4.0 connection <ip:port|<[ID client-id]|[TYPE <NORMAL|MASTER|SLAVE|REPLICA|PUBSUB>]|[USER username]|[ADDR ip:port]|[LADDR ip:port]|[SKIPME yes/no]> [<[ID client-id]|[TYPE <NORMAL|MASTER|SLAVE|REPLICA|PUBSUB>]|[USER username]|[ADDR ip:port]|[LADDR ip:port]|[SKIPME yes/no]> ...]>
client|list -2 aslt acdo - 0 0 0 2.4.0 connection [TYPE <NORMAL|MASTER|REPLICA|PUBSUB>] [ID client-id [client-id ...]]
client|no-evict 3 aslt acdo - 0 0 0 7.0.0 connection <ON|OFF>
client|pause -3 aslt acdo - 0 0 0 2.9.50 connection timeout [WRITE|ALL]
client|reply 3 slt co - 0 0 0 3.2.0 connection <ON|OFF|SKIP>
client|setname 3 slt co - 0 0 0 2.6.9 connection connection-name
client|tracking -3 slt co - 0 0 0 6.0.0 connection <ON|OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]
client|trackinginfo 2 slt co - 0 0 0 6.2.0 connection
client|unblock -3 aslt acdo - 0 0 0 5.0.0 connection client-id [TIMEOUT|ERROR]
client|unpause 2 aslt acdo - 0 0 0 6.2.0 connection
cluster|addslots -3 atL ado - 0 0 0 3.0.0 cluster slot [slot ...]
cluster|addslotsrange -4 atL ado - 0 0 0 7.0.0 cluster start-slot end-slot [start-slot end-slot ...]
cluster|bumpepoch 2 atL ado - 0 0 0 3.0.0 cluster
cluster|count-failure-reports 3 at ado - 0 0 0 3.0.0 cluster node-id
cluster|countkeysinslot 3 t o - 0 0 0 3.0.0 cluster slot
cluster|delslots -3 atL ado - 0 0 0 3.0.0 cluster slot [slot ...]
cluster|delslotsrange -4 atL ado - 0 0 0 7.0.0 cluster start-slot end-slot [start-slot end-slot ...]
cluster|failover -2 atL ado - 0 0 0 3.0.0 cluster [FORCE|TAKEOVER]
cluster|flushslots 2 atL ado - 0 0 0 3.0.0 cluster
cluster|forget 3 atL ado - 0 0 0 3.0.0 cluster node-id
cluster|getkeysinslot 4 t o - 0 0 0 3.0.0 cluster slot count
cluster|help 2 lt o - 0 0 0 5.0.0 cluster
cluster|info 2 t o - 0 0 0 3.0.0 cluster
cluster|keyslot 3 t o - 0 0 0 3.0.0 cluster key
cluster|links 2 t o - 0 0 0 7.0.0 cluster
cluster|meet -4 atL ado - 0 0 0 3.0.0 cluster ip port [cluster_bus_port]
cluster|myid 2 t o - 0 0 0 3.0.0 cluster
cluster|nodes 2 t o - 0 0 0 3.0.0 cluster
cluster|replicas 3 at ado - 0 0 0 5.0.0 cluster node-id
cluster|replicate 3 atL ado - 0 0 0 3.0.0 cluster node-id
cluster|reset -2 ast ado - 0 0 0 3.0.0 cluster [HARD|SOFT]
cluster|saveconfig 2 atL ado - 0 0 0 3.0.0 cluster
cluster|set-config-epoch 3 atL ado - 0 0 0 3.0.0 cluster config-epoch
cluster|setslot -4 atL ado - 0 0 0 3.0.0 cluster slot <IMPORTING node-id|MIGRATING node-id|NODE node-id|STABLE>
cluster|shards 2 t o - 0 0 0 7.0.0 cluster
cluster|slaves 3 at ado - 0 0 0 3.0.0 cluster node-id
cluster|slots 2 t o - 0 0 0 3.0.0 cluster
command|count 2 lt co - 0 0 0 2.8.13 server
command|docs -2 lt co - 0 0 0 7.0.0 server [command-name [command-name ...]]
command|getkeys -4 lt co - 0 0 0 2.8.13 server
command|getkeysandflags -4 lt co - 0 0 0 7.0.0 server
command|help 2 lt co - 0 0 0 5.0.0 server
command|info -2 lt co - 0 0 0 2.8.13 server [command-name [command-name ...]]
command|list -2 lt co - 0 0 0 7.0.0 server [FILTERBY <MODULE module-name|ACLCAT category|PATTERN pattern>]
config|get -3 aslt ado - 0 0 0 2.0.0 server parameter [parameter ...]
config|help 2 lt o - 0 0 0 5.0.0 server
config|resetstat 2 aslt ado - 0 0 0 2.0.0 server
config|rewrite 2 aslt ado - 0 0 0 2.8.0 server
config|set -4 aslt ado - 0 0 0 2.0.0 server parameter value [parameter value ...]
function|delete 3 ws eow - 0 0 0 7.0.0 scripting library-name
function|dump 2 s eo - 0 0 0 7.0.0 scripting
function|flush -2 ws eow - 0 0 0 7.0.0 scripting [ASYNC|SYNC]
function|help 2 lt eo - 0 0 0 7.0.0 scripting
function|kill 2 sB eo - 0 0 0 7.0.0 scripting
function|list -2 s eo - 0 0 0 7.0.0 scripting [LIBRARYNAME library-name-pattern] [WITHCODE]
function|load -3 wms eow - 0 0 0 7.0.0 scripting [REPLACE] function-code
function|restore -3 wms eow - 0 0 0 7.0.0 scripting serialized-value [FLUSH|APPEND|REPLACE]
function|stats 2 sB eo - 0 0 0 7.0.0 scripting
latency|doctor 2 aslt ado - 0 0 0 2.8.13 server
latency|graph 3 aslt ado - 0 0 0 2.8.13 server event
latency|help 2 lt o - 0 0 0 2.8.13 server
latency|histogram -2 aslt ado - 0 0 0 7.0.0 server [command [command ...]]
latency|history 3 aslt ado - 0 0 0 2.8.13 server event
latency|latest 2 aslt ado - 0 0 0 2.8.13 server
latency|reset -2 aslt ado - 0 0 0 2.8.13 server [event [event ...]]
memory|doctor 2 - o - 0 0 0 4.0.0 server
memory|help 2 lt o - 0 0 0 4.0.0 server
memory|malloc-stats 2 - o - 0 0 0 4.0.0 server
memory|purge 2 - o - 0 0 0 4.0.0 server
memory|stats 2 - o - 0 0 0 4.0.0 server
memory|usage -3 r ro R 2 2 1 4.0.0 server key [SAMPLES count]
module|help 2 lt o - 0 0 0 5.0.0 server
module|list 2 as ado - 0 0 0 4.0.0 server
module|load -3 asL ado - 0 0 0 4.0.0 server path [arg [arg ...]]
module|loadex -3 asL ado - 0 0 0 7.0.0 server path [CONFIG name value [CONFIG name value ...]] [ARGS arg [arg ...]]
module|unload 3 asL ado - 0 0 0 4.0.0 server name
object|encoding 3 r kro R 2 2 1 2.2.3 generic key
object|freq 3 r kro R 2 2 1 4.0.0 generic key
object|help 2 lt ko - 0 0 0 6.2.0 generic
object|idletime 3 r kro R 2 2 1 2.2.3 generic key
object|refcount 3 r kro R 2 2 1 2.2.3 generic key
pubsub|channels -2 plt po - 0 0 0 2.8.0 pubsub [pattern]
pubsub|help 2 lt o - 0 0 0 6.2.0 pubsub
pubsub|numpat 2 plt po - 0 0 0 2.8.0 pubsub
pubsub|numsub -2 plt po - 0 0 0 2.8.0 pubsub [channel [channel ...]]
pubsub|shardchannels -2 plt po - 0 0 0 7.0.0 pubsub [pattern]
pubsub|shardnumsub -2 plt po - 0 0 0 7.0.0 pubsub [shardchannel [shardchannel ...]]
script|debug 3 s eo - 0 0 0 3.2.0 scripting <YES|SYNC|NO>
script|exists -3 s eo - 0 0 0 2.6.0 scripting sha1 [sha1 ...]
script|flush -2 s eo - 0 0 0 2.6.0 scripting [ASYNC|SYNC]
script|help 2 lt eo - 0 0 0 5.0.0 scripting
script|kill 2 sB eo - 0 0 0 2.6.0 scripting
script|load 3 st eo - 0 0 0 2.6.0 scripting script
slowlog|get -2 alt ado - 0 0 0 2.2.12 server [count]
slowlog|help 2 lt o - 0 0 0 6.2.0 server
slowlog|len 2 alt ado - 0 0 0 2.2.12 server
slowlog|reset 2 alt ado - 0 0 0 2.2.12 server
xgroup|create -5 wm oxw Wi 2 2 1 5.0.0 stream key groupname <id|$> [MKSTREAM] [ENTRIESREAD entries_read]
xgroup|createconsumer 5 wm oxw Wi 2 2 1 6.2.0 stream key groupname consumername
xgroup|delconsumer 5 w oxw Wd 2 2 1 5.0.0 stream key groupname consumername
xgroup|destroy 4 w oxw Wd 2 2 1 5.0.0 stream key groupname
xgroup|help 2 lt ox - 0 0 0 5.0.0 stream
xgroup|setid -5 w oxw Wu 2 2 1 5.0.0 stream key groupname <id|$> [ENTRIESREAD entries_read]
xinfo|consumers 4 r rox Ra 2 2 1 5.0.0 stream key groupname
xinfo|groups 3 r rox Ra 2 2 1 5.0.0 stream key
xinfo|help 2 lt ox - 0 0 0 5.0.0 stream
xinfo|stream -3 r rox Ra 2 2 1 5.0.0 stream key [FULL [COUNT count]]
`;
