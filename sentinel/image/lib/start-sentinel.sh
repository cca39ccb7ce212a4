# Writes the sentinel's live configuration, the seed plus what it knew before it stopped, and becomes redis-sentinel.
source "$lib/carry.sh"
source "$lib/tune.sh"
source "$lib/clock.sh"

readonly live=$data/live/sentinel.conf
sentinel_password=$(seed_value sentinel sentinel-pass)
read -ra peer_list <<<"$peers"
declare -A answer=()
declare -A master=() config_epoch=() leader_epoch=() known=() origin=()
current_epoch=0

never() { return 1; }

# newest_of SHARD: the master of SHARD that the peer with the highest config-epoch names, if it is a member.
newest_of() {
  local name view_address view_epoch
  for name in "${!answer[@]}"; do
    [[ $name == "$1@"* && -n ${answer[$name]} ]] || continue
    read -r view_address view_epoch _ <<<"${answer[$name]}"
    is_member "$1" "$view_address" || continue
    if [[ -z ${master[$1]:-} ]] || ((view_epoch > config_epoch[$1])); then
      master[$1]=$view_address config_epoch[$1]=$view_epoch origin[$1]="sentinel ${name#*@}"
    fi
  done
}

# Without a memory (first boot, or the volume is gone) the seed's master may be long outdated: ask the other sentinels.
ask_peers() {
  local name peer host peer_port
  for name in "$@"; do
    for peer in "${peer_list[@]}"; do
      IFS=: read -r host peer_port _ <<<"$peer"
      ask "$name@$host:$peer_port" sentinel_view "$host" "$peer_port" "$name" sentinel "$sentinel_password"
    done
  done
  collect 1000 never
  for name in "$@"; do newest_of "$name"; done
}

# No other sentinel knows more than its seed either: then the only member that says it is master is the one.
ask_members() {
  local name at masters
  for name in "$@"; do
    for at in ${shard_members[$name]}; do
      ask "$name@$at" redis_view "${at%:*}" "${at##*:}" sentinel "$sentinel_password"
    done
  done
  collect 1000 never
  for name in "$@"; do
    masters=()
    for at in ${shard_members[$name]}; do
      if [[ ${answer[$name@$at]:-} == master\ * ]]; then masters+=("$at"); fi
    done
    if ((${#masters[@]} == 1)); then master[$name]=${masters[0]} origin[$name]='the member itself'; fi
  done
}

# unknown: shards of which nothing but the seed is known, as an elected failover would have made it known.
unknown_shards() {
  local name
  unknown=()
  for name in "${!shard_members[@]}"; do
    if [[ -z ${master[$name]:-} ]] || [[ ${origin[$name]} == sentinel* && ${config_epoch[$name]} == 0 ]]; then
      unknown+=("$name")
    fi
  done
}

if [[ -s $live ]]; then carry_over "$live"; fi
unknown_shards
if ((${#unknown[@]} > 0)); then ask_peers "${unknown[@]}"; fi
unknown_shards
if ((${#unknown[@]} > 0)); then ask_members "${unknown[@]}"; fi
for name in "${!shard_members[@]}"; do
  log "watching $name at ${master[$name]:-$(seed_master "$name")}, as ${origin[$name]:-the seed} says"
done
live_configuration | write_live sentinel.conf
# For the healthcheck, which ends one that hangs.
printf '%s\n' "$$" >"$run/sentinel.pid"
# Two forks each, so that they are children of process 1.
(tune $$ &)
(watch_clock $$ &)
exec {answers}>&-
exec redis-server "$live" --sentinel
