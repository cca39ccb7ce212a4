# Finds out which role this member has, writes its live configuration and becomes redis-server.
source "$lib/decide.sh"

readonly live=$data/live/redis.conf store=$data/store
source "$lib/store.sh"
# What the guard remembers: votes, terms, whom it followed.
readonly memory=$data/live/guard.json
# Exists while this member is a replica that has not had its master's data yet. Redis makes files for no data, too.
readonly hollow=$data/live/hollow
me=$address:$port
read -ra peer_list <<<"$peers"
read -ra sentinel_list <<<"$sentinels"
peer_count=${#peer_list[@]}
first_peer=${peer_list[0]:-}
replication_password=$(seed_value masterauth)
declare -A answer=()

# Whom this member followed last, `master` for itself: as its guard remembers; before the first start with one, as redis
# wrote it to its configuration. Whoever is no member of the shard is followed by nobody, nor given a password: then
# another member it is, which harms no data.
read_persisted() {
  local line present
  persisted=
  if [[ -s $memory ]]; then
    if [[ $(<"$memory") =~ \"leader\":\"([^\"]+)\" ]]; then persisted=${BASH_REMATCH[1]}; fi
  elif [[ -s $live ]]; then
    persisted=master
    while IFS= read -r line; do
      if [[ $line == replicaof\ * ]]; then
        line=${line#replicaof }
        persisted=${line/ /:}
      fi
    done <"$live"
  fi
  if [[ -n $persisted && $persisted != master ]]; then
    present_of "$persisted"
    persisted=$present
  fi
  if [[ -n $persisted && $persisted != master && " $me $peers " != *" $persisted "* ]]; then
    log "ALARM: last I followed $persisted, which is no member of $shard: not followed"
    persisted=$first_peer
  fi
}

# enough: a majority of the sentinels has answered, and the master they name, or else every member that will: silence
# must not be taken for absence.
enough() {
  local at
  weigh_sentinels
  [[ $majority == 1 ]] || return 1
  weigh_peers
  [[ $named_role != master ]] || return 0
  for at in "${peer_list[@]}"; do
    [[ -v "answer[redis:$at]" ]] || return 1
  done
}

# look [HOST:PORT]: one round of questions to all sentinels and the other members of the shard, and to one more.
look() {
  local at
  for at in "${sentinel_list[@]}"; do
    ask "sentinel:$at" sentinel_view "${at%:*}" "${at##*:}" "$shard" replication "$replication_password"
  done
  for at in "${peer_list[@]}" "$@"; do
    ask "redis:$at" redis_view "${at%:*}" "${at##*:}" replication "$replication_password"
  done
  collect 1000 enough
  weigh_sentinels
  weigh_peers
}

# A sentinel connects anew twice a second only (tune.sh), and redis has to start: a master that wants to be heard in time
# needs so many milliseconds.
readonly COMEBACK_MS=1000

# The highest config-epoch wins: only an elected failover raises it.
weigh_sentinels() {
  local at view_address view_epoch view_replicas named_epoch=-1
  answered=0 named='' lived=0 majority=0 named_is_member=0
  for at in "${sentinel_list[@]}"; do
    [[ -n ${answer[sentinel:$at]:-} ]] || continue
    read -r view_address view_epoch view_replicas _ <<<"${answer[sentinel:$at]}"
    answered=$((answered + 1))
    if ((view_epoch > 0 || view_replicas > 0)); then lived=1; fi
    if ((view_epoch > named_epoch)); then named=$view_address named_epoch=$view_epoch; fi
  done
  weigh_doubts
  if ((2 * answered > ${#sentinel_list[@]})); then majority=1; fi
  if [[ " $me $peers " == *" $named "* ]]; then named_is_member=1; fi
}

weigh_doubts() {
  local at view_address view_silent view_flags
  disputed=0 missed=0
  for at in "${sentinel_list[@]}"; do
    read -r view_address _ _ view_silent view_flags <<<"${answer[sentinel:$at]:-}"
    [[ -n $view_address && $view_address == "$named" ]] || continue
    if [[ $view_flags == *@(_down|failover_in_progress)* ]]; then disputed=1; fi
    if ((view_silent + COMEBACK_MS > down_after_ms)); then missed=1; fi
  done
}

weigh_peers() {
  local at view_role view_amount
  peers_up=0 peers_with_data=0 peer_master='' named_role='' named_amount=0
  for at in "${peer_list[@]}"; do
    [[ -n ${answer[redis:$at]:-} ]] || continue
    read -r view_role view_amount _ <<<"${answer[redis:$at]}"
    peers_up=$((peers_up + 1))
    if ((view_amount > 0)); then peers_with_data=$((peers_with_data + 1)); fi
    if [[ $view_role == master ]]; then peer_master=$at; fi
    if [[ $at == "$named" ]]; then named_role=$view_role named_amount=$view_amount; fi
  done
}

# Decides as soon as the answer is certain enough, asking again and again until then.
find_role() {
  local said='' started
  now_ms
  started=$now_ms
  while :; do
    look
    now_ms
    elapsed=$((now_ms - started))
    decide
    [[ $verdict == wait ]] || return 0
    if [[ $said != "$reason" ]]; then log "waiting: $reason"; fi
    said=$reason
    pause_ms 150
  done
}

# live_configuration: the seed, and whom to follow: the guard, which is nobody's master, until it knows better.
live_configuration() {
  cat "$seed/redis.conf"
  printf '\n# Added by the entrypoint at its start.\nreplicaof %s %s\n' "$address" "$guard_port"
}

# watch_over PID: a guard for as long as redis lives, and a new one when it ends. The healthcheck ends one that hangs.
watch_over() {
  while kill -0 "$1" 2>/dev/null; do
    "${guard_program[@]}" "$seed" "$data" "$1" "$verdict" &
    printf '%s\n' "$!" >"$run/guard.pid"
    wait "$!" || log "the guard ended with $?"
    pause_ms 200
  done
}

# A replica takes over the data of its master, even if that is none. Should that be a mistake, its own is not gone.
set_aside() {
  local bytes=0 part
  [[ $verdict == replica && $target == "$named" && $named_role == master ]] || return 0
  for part in $(stat -c %s "$store"/appendonlydir/*.rdb "$store"/appendonlydir/*.aof 2>/dev/null); do
    bytes=$((bytes + part))
  done
  # What redis writes for no data at all is below 200 bytes.
  ((named_amount == 0 && empty == 0 && bytes > 300)) || return 0
  rm -rf "$store.kept"
  mv "$store" "$store.kept"
  mkdir "$store"
  empty=1
  log "my master holds no data, but I did ($bytes bytes): kept in $store.kept until the next time"
}

mkdir -p "$store"
examine_store
prune_damaged
empty=0
if [[ -n $damage || -e $hollow ]] || ! compgen -G "$store/appendonlydir/*.manifest" >/dev/null; then empty=1; fi
read_persisted
find_role
if [[ $verdict == refuse ]]; then
  log "refusing to start after $elapsed ms: $reason"
  exit 1
fi
if [[ $verdict == replica ]]; then follows=" of $target"; fi
if [[ -n $damage && $verdict == master ]]; then
  log "refusing to start: I am to be master ($reason), but my store does not load ($damage). Restore a backup, or cut off \
what cannot be read, with all that follows it: redis-check-aof --fix $store/appendonlydir/*.manifest"
  exit 1
fi
log "starting as $verdict${follows:-} after $elapsed ms: $reason"
set_aside
set_damaged_aside
if [[ $verdict == master ]]; then
  rm -f "$hollow"
elif [[ $empty == 1 ]]; then
  write_live hollow </dev/null
fi
live_configuration | write_live redis.conf
# Two forks, so that it is the child of process 1 and not of redis, which wonders about children it does not know.
(watch_over $$ &)
: >"$unproven"
(prove $$ &)
exec {answers}>&-
exec redis-server "$live"
