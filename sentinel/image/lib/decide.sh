# Who am I? Pure: from what is known to `verdict` (master | replica | wait | refuse), `target` (whom a replica follows)
# and `reason`. Being a replica never harms the data of others; being a master may, so that takes proof.
#
# Known:  me, initial_master, first_peer   addresses as HOST:PORT; first_peer is another member of the shard
#         peer_count                       how many other members the shard has
#         elapsed                          milliseconds since the start
#         empty                            1 = no data: first boot, or the volume was wiped, and no master seen since
#         persisted                        master | HOST:PORT of the master last followed | nothing
#         majority, named                  a majority of the sentinels answered; whom the newest of them calls master
#         named_is_member                  1 = that address belongs to this shard
#         disputed                         1 = one of them holds the named master for down or is replacing it
#         missed                           1 = one of them will do so before it can have noticed that I am back
#         lived                            1 = the sentinels have seen this shard with replicas or a failover
#         answered                         how many sentinels answered
#         named_role                       what the named master says of itself; nothing = no answer
#         peers_up, peers_with_data        how many of the other members answer, and hold data
#         peer_master                      a member that says it is master; nothing = none

# Longest waits, in milliseconds. A failover takes down-after plus two to three seconds.
limit_failover() { limit=$((down_after_ms + 4000)); }
limit_gate() { limit=$((down_after_ms + 8000)); }
# Without sentinels the last master has to serve again some time; a replica can wait longer for it, or for them.
limit_lonely() {
  limit=$((down_after_ms * 3 + 2000))
  if ((limit < 5000)); then limit=5000; fi
  if [[ $persisted != master ]]; then limit=$((limit + 7000)); fi
}
readonly LIMIT_WIPED=60000 LIMIT_LOST=20000
# Before an empty node takes itself for the first one: after an outage of everything the others may need a while, too.
# A sentinel that has never seen the shard speaks for a first boot, silence does not.
limit_first() { limit=$((answered > 0 ? 3000 : 12000)); }

conclude() {
  verdict=$1 target=$2 reason=$3
}

decide() {
  if [[ $majority == 1 && $named_is_member == 1 && $named == "$me" ]]; then
    if [[ $empty == 1 ]]; then decide_named_but_empty; else decide_named; fi
  elif [[ $majority == 1 && $named_is_member == 1 ]]; then
    decide_other_named
  elif [[ $empty == 1 ]]; then
    decide_alone_and_empty
  else
    decide_alone
  fi
}

# The sentinels call me master, and I have data.
decide_named() {
  limit_failover
  if ((peers_up == 0)); then
    # Nobody could be promoted in my place, and all data that was acknowledged is here.
    conclude master - 'a majority of the sentinels names me, and no other member of the shard is up'
  elif [[ $disputed == 1 || $missed == 1 ]] && ((elapsed < limit)); then
    # Two masters at once is what a start now would come to.
    conclude wait - 'a majority of the sentinels names me, but they are about to replace me'
  else
    conclude master - 'a majority of the sentinels names me'
  fi
}

# The sentinels call me master, but my data is gone. If I served, my replicas would copy the nothing I have.
decide_named_but_empty() {
  if ((peers_with_data > 0)); then
    wait_or_refuse "the sentinels name me, but my volume is empty and $peers_with_data other member(s) hold data"
  elif ((peers_up == peer_count)); then
    conclude master - 'a majority of the sentinels names me, and no member of the shard holds data'
  elif [[ $lived == 0 && $initial_master == "$me" ]]; then
    conclude master - 'first boot of the shard, and I am its initial master'
  else
    wait_or_refuse 'the sentinels name me, but my volume is empty and other members, which may hold data, do not answer'
  fi
}

# The sentinels call another member master.
decide_other_named() {
  limit_gate
  if [[ $named_role == master ]]; then
    conclude replica "$named" 'a majority of the sentinels names it, and it says so, too'
  elif [[ $empty == 1 && $lived == 0 ]]; then
    conclude replica "$named" 'first boot of the shard'
  elif ((elapsed < limit)); then
    # If I were up and the master is just restarting, I could be promoted with less data than it has.
    conclude wait - "a majority of the sentinels names $named, which is ${named_role:-not up}: it or a failover comes first"
  else
    conclude replica "$named" "a majority of the sentinels names it, although it is ${named_role:-not up}"
  fi
}

# No majority of sentinels, and no data.
decide_alone_and_empty() {
  local leader=${persisted:-$initial_master} had_data=0
  if [[ $leader == master || $leader == "$me" ]]; then leader=; fi
  if ((peers_with_data > 0)) || [[ $lived == 1 || -n $persisted ]]; then had_data=1; fi
  limit_first
  if [[ $had_data == 1 ]]; then limit=$LIMIT_LOST; fi
  if [[ -n $peer_master ]]; then
    conclude replica "$peer_master" 'no majority of the sentinels tells the master, but this member says it is master'
  elif ((elapsed < limit && had_data == 1)); then
    conclude wait - 'no majority of the sentinels tells the master, my volume is empty, and the shard has had data'
  elif ((elapsed < limit)); then
    conclude wait - 'first boot, it seems: giving others time to say that it is not'
  elif [[ $had_data == 1 ]]; then
    # Without data as a replica of anybody: harmless, and the sentinels can reach me when they are back.
    conclude replica "${leader:-$first_peer}" 'no majority of the sentinels tells the master, and only others can have data'
  elif [[ -n $leader ]]; then
    conclude replica "$leader" 'first boot of the shard as far as anybody can tell, and this is its initial master'
  else
    conclude master - 'first boot of the shard as far as anybody can tell, and I am its initial master'
  fi
}

# No majority of sentinels, and data of my own.
decide_alone() {
  limit_lonely
  if [[ -n $peer_master && $peer_master == "$persisted" ]]; then
    conclude replica "$peer_master" 'no majority of the sentinels tells the master, but the master I followed says it still is'
  elif ((elapsed < limit)); then
    conclude wait - "no majority of the sentinels tells the master; the last I know is $persisted"
  elif [[ -n $peer_master ]]; then
    conclude replica "$peer_master" 'no majority of the sentinels tells the master, but this member says it is master'
  elif [[ $persisted == master ]]; then
    conclude master - 'no majority of the sentinels tells the master, no other member says it is master, and last I was'
  else
    conclude replica "$persisted" 'no majority of the sentinels tells the master; last I followed this master'
  fi
}

wait_or_refuse() {
  if ((elapsed < LIMIT_WIPED)); then
    conclude wait - "$1: waiting for a failover"
  else
    conclude refuse - "$1; no failover came. If the data is to be given up, remove the data volumes of the sentinels, too"
  fi
}
