/** What each subcommand does; as `COMMAND_SUMMARIES`. */
export const SUBCOMMAND_SUMMARIES = `
acl|cat List the ACL categories or the commands inside a category
acl|deluser Remove the specified ACL users and the associated rules
acl|dryrun Returns whether the user can execute the given command without executing the command
acl|genpass Generate a pseudorandom secure password to use for ACL users
acl|getuser Get the rules for a specific ACL user
acl|help Show helpful text about the different subcommands
acl|list List the current ACL rules in ACL config file format
acl|load Reload the ACLs from the configured ACL file
acl|log List latest events denied because of ACLs in place
acl|save Save the current ACL rules in the configured ACL file
acl|setuser Modify or create the rules for a specific ACL user
acl|users List the username of all the configured ACL rules
acl|whoami Return the name of the user associated to the current connection
client|caching Instruct the server about tracking or not keys in the next request
client|getname Get the current connection name
client|getredir Get tracking notifications redirection client ID if any
client|help Show helpful text about the different subcommands
client|id Returns the client ID for the current connection
client|info Returns information about the current client connection
client|kill Kill the connection of a client
client|list Get the list of client connections
client|no-evict Set client eviction mode for the current connection
client|pause Stop processing commands from clients for some time
client|reply Instruct the server whether to reply to commands
client|setname Set the current connection name
client|tracking Enable or disable server assisted client side caching support
client|trackinginfo Return information about server assisted client side caching for the current connection
client|unblock Unblock a client blocked in a blocking command from a different connection
client|unpause Resume processing of clients that were paused
cluster|addslots Assign new hash slots to receiving node
cluster|addslotsrange Assign new hash slots to receiving node
cluster|bumpepoch Advance the cluster config epoch
cluster|count-failure-reports Return the number of failure reports active for a given node
cluster|countkeysinslot Return the number of local keys in the specified hash slot
cluster|delslots Set hash slots as unbound in receiving node
cluster|delslotsrange Set hash slots as unbound in receiving node
cluster|failover Forces a replica to perform a manual failover of its master
cluster|flushslots Delete a node's own slots information
cluster|forget Remove a node from the nodes table
cluster|getkeysinslot Return local key names in the specified hash slot
cluster|help Show helpful text about the different subcommands
cluster|info Provides info about Redis Cluster node state
cluster|keyslot Returns the hash slot of the specified key
cluster|links Returns a list of all TCP links to and from peer nodes in cluster
cluster|meet Force a node cluster to handshake with another node
cluster|myid Return the node id
cluster|nodes Get Cluster config for the node
cluster|replicas List replica nodes of the specified master node
cluster|replicate Reconfigure a node as a replica of the specified master node
cluster|reset Reset a Redis Cluster node
cluster|saveconfig Forces the node to save cluster state on disk
cluster|set-config-epoch Set the configuration epoch in a new node
cluster|setslot Bind a hash slot to a specific node
cluster|shards Get array of cluster slots to node mappings
cluster|slaves List replica nodes of the specified master node
cluster|slots Get array of Cluster slot to node mappings
command|count Get total number of Redis commands
command|docs Get array of specific Redis command documentation
command|getkeys Extract keys given a full Redis command
command|getkeysandflags Extract keys and access flags given a full Redis command
command|help Show helpful text about the different subcommands
command|info Get array of specific Redis command details, or all when no argument is given
command|list Get an array of Redis command names
config|get Get the values of configuration parameters
config|help Show helpful text about the different subcommands
config|resetstat Reset the stats returned by INFO
config|rewrite Rewrite the configuration file with the in memory configuration
config|set Set configuration parameters to the given values
function|delete Delete a function by name
function|dump Dump all functions into a serialized binary payload
function|flush Deleting all functions
function|help Show helpful text about the different subcommands
function|kill Kill the function currently in execution
function|list List information about all the functions
function|load Create a function with the given arguments (name, code, description)
function|restore Restore all the functions on the given payload
function|stats Return information about the function currently running (name, description, duration)
latency|doctor Return a human readable latency analysis report
latency|graph Return a latency graph for the event
latency|help Show helpful text about the different subcommands
latency|histogram Return the cumulative distribution of latencies of a subset of commands or all
latency|history Return timestamp-latency samples for the event
latency|latest Return the latest latency samples for all events
latency|reset Reset latency data for one or more events
memory|doctor Outputs memory problems report
memory|help Show helpful text about the different subcommands
memory|malloc-stats Show allocator internal stats
memory|purge Ask the allocator to release memory
memory|stats Show memory usage details
memory|usage Estimate the memory usage of a key
module|help Show helpful text about the different subcommands
module|list List all modules loaded by the server
module|load Load a module
module|loadex Load a module with extended parameters
module|unload Unload a module
object|encoding Inspect the internal encoding of a Redis object
object|freq Get the logarithmic access frequency counter of a Redis object
object|help Show helpful text about the different subcommands
object|idletime Get the time since a Redis object was last accessed
object|refcount Get the number of references to the value of the key
pubsub|channels List active channels
pubsub|help Show helpful text about the different subcommands
pubsub|numpat Get the count of unique patterns pattern subscriptions
pubsub|numsub Get the count of subscribers for channels
pubsub|shardchannels List active shard channels
pubsub|shardnumsub Get the count of subscribers for shard channels
script|debug Set the debug mode for executed scripts
script|exists Check existence of scripts in the script cache
script|flush Remove all the scripts from the script cache
script|help Show helpful text about the different subcommands
script|kill Kill the script currently in execution
script|load Load the specified Lua script into the script cache
slowlog|get Get the slow log's entries
slowlog|help Show helpful text about the different subcommands
slowlog|len Get the slow log's length
slowlog|reset Clear all entries from the slow log
xgroup|create Create a consumer group
xgroup|createconsumer Create a consumer in a consumer group
xgroup|delconsumer Delete a consumer from a consumer group
xgroup|destroy Destroy a consumer group
xgroup|help Show helpful text about the different subcommands
xgroup|setid Set a consumer group to an arbitrary last delivered ID value
xinfo|consumers List the consumers in a consumer group
xinfo|groups List the consumer groups of a stream
xinfo|help Show helpful text about the different subcommands
xinfo|stream Get information about a stream
`;
