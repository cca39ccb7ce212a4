# A store (AOF) that redis cannot load: redis would end at each start, and be started again, for ever.

# Exists from each start until redis has loaded its store. Whoever finds it tries before it starts whether the store loads.
readonly unproven=$data/live/unproven

# examine_store: sets $damage to the reason why redis does not load the store, or to nothing. A tail that was cut short is
# none: redis drops it (aof-load-truncated), as it was never acknowledged as being on this disk.
examine_store() {
  damage=
  if ! compgen -G "$store/appendonlydir/*.manifest" >/dev/null; then
    if compgen -G "$store/appendonlydir/*" >/dev/null; then damage='its manifest is missing'; fi
  elif [[ -e $unproven ]]; then
    try_store
    if [[ -n $damage ]] && cut_zeros; then try_store; fi
  fi
  [[ -z $damage ]] || log "my store does not load ($damage): I count as empty, and am never master with it"
}

# try_store: loads it with a redis that listens on no network. As a replica of nobody: a master would expire keys.
try_store() {
  local trial pid line said='' code
  log 'the last start did not come to the end of loading: trying whether my store loads'
  exec {trial}< <(exec setpriv --pdeathsig KILL redis-server --port 0 --unixsocket "$run/trial.sock" \
    --dir "$store" --appendonly yes --save '' --replicaof 127.0.0.1 1 --daemonize no 2>&1)
  pid=$!
  while IFS= read -r -u "$trial" line; do
    if [[ $line == *'eady to accept connections'* ]]; then kill -KILL "$pid"; fi
    if [[ $line == *' # '* && $line != *WARNING* ]]; then said=${line#* # }; fi
  done
  exec {trial}<&-
  code=0
  wait "$pid" || code=$?
  # Killed, by us or for want of memory, is no verdict.
  if ((code == 1)); then damage=${said:-it says no reason}; else damage=; fi
}

# cut_zeros: after a loss of power a file may end in zeros that were never written. Cuts them off, if that is what is wrong.
cut_zeros() {
  local report file size good
  report=$(redis-check-aof "$store"/appendonlydir/*.manifest 2>&1 </dev/null)
  [[ ${report##*AOF analyzed: } =~ ^filename=([^,]+\.incr\.aof),\ size=([0-9]+),\ ok_up_to=([0-9]+), ]] || return 1
  file=$store/appendonlydir/${BASH_REMATCH[1]##*/} size=${BASH_REMATCH[2]} good=${BASH_REMATCH[3]}
  ((good < size)) && [[ -z $(tail -c +$((good + 1)) "$file" | tr -d '\0' | head -c 1) ]] || return 1
  truncate -s "$good" "$file"
  log "cut $((size - good)) zeros off the end of ${file##*/}"
}

bytes_in() { du -sb "$1" | cut -f1; }
bytes_free() { df -B1 --output=avail "$data" | tail -n 1; }

# set_damaged_aside: a replica begins anew. The last damaged store is kept for people, as long as there is room for a new one
# and for its rewriting. Where there is none it is given up, but only for a master that holds data.
set_damaged_aside() {
  local kept
  [[ -n $damage && $verdict == replica ]] || return 0
  rm -rf "$store".damaged-*
  kept=$store.damaged-$(date -u +%Y%m%dT%H%M%SZ)
  if (($(bytes_free) > 2 * $(bytes_in "$store"))); then
    mv "$store" "$kept"
    log "the damaged store is kept in $kept until the next one; everything comes from the master"
  elif [[ $named_role == master && $target == "$named" ]] && ((named_amount > 0)); then
    rm -rf "$store"
    log 'the damaged store is removed, for the volume has no room for it and a new one; everything comes from the master'
  else
    log 'refusing to start: the volume has no room for the damaged store and a new one, and no master holds the data'
    exit 1
  fi
  mkdir "$store"
}

# prune_damaged: what is kept must not fill the volume, however much the data grows.
prune_damaged() {
  local kept
  for kept in "$store".damaged-*; do
    if [[ -d $kept ]] && (($(bytes_free) < $(bytes_in "$kept"))); then
      rm -rf "$kept"
      log "removed $kept: the volume is getting full"
    fi
  done
}

# prove PID: the store has loaded once redis answers; gives up when PID has gone.
prove() {
  local line resp
  while kill -0 "$1" 2>/dev/null; do
    if resp_open "$address" "$port" && resp_login replication "$replication_password"; then
      printf 'PING\r\n' >&"$resp"
      if resp_line && [[ $line != -LOADING* ]]; then
        rm -f "$unproven"
        return
      fi
      exec {resp}>&-
    fi
    pause_ms 300
  done
}
