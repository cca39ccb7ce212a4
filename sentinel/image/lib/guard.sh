# Watches over the first moments of redis: is its role the one that the sentinels believe in? When everything starts at
# once, the newest of them may come up after the decision was made, and sentinels never promote a master they already
# believe in, nor follow one that follows them: everybody would be a replica for ever. A restart decides anew.

readonly GUARD_MS=120000 GUARD_TIMES=3

# guard PID: until role and belief have agreed a few times in a row and there is data, or two minutes are over, or PID
# has gone. A replica that has never had its master's data is guarded until it has.
guard() {
  local pid=$1 agreed=0 opposed=0 started
  now_ms
  started=$now_ms
  while ((agreed < GUARD_TIMES && now_ms - started < GUARD_MS)) || [[ -e $hollow ]]; do
    if ((now_ms - started < 15000)); then pause_ms 1000; else pause_ms 3000; fi
    kill -0 "$pid" 2>/dev/null || return 0
    look "$me"
    judge
    now_ms
    if ((opposed >= GUARD_TIMES)); then
      log "restarting: I am ${own_role/slave/replica}, but a majority of the sentinels names $named"
      kill -TERM "$pid" 2>/dev/null
      return 0
    fi
  done
}

# Counts how often in a row the role was as believed, and how often it was not and nobody was about to mend it.
judge() {
  local own_link own_master
  read -r own_role _ own_link own_master <<<"${answer[redis:$me]:-}"
  if [[ $own_link == up || $own_role == master ]]; then rm -f "$hollow"; fi
  if [[ $majority == 0 || $named_is_member == 0 || $disputed == 1 || -z $own_role ]]; then
    agreed=0 opposed=0
  elif [[ $own_role == master && $named == "$me" ]] || [[ $own_link == up && $named == "$own_master" ]]; then
    agreed=$((agreed + 1)) opposed=0
  elif [[ $own_role == slave && $own_link != up && $named == "$me" && -z $peer_master ]]; then
    agreed=0 opposed=$((opposed + 1))
  elif [[ $own_role == master && $named_role == master ]]; then
    agreed=0 opposed=$((opposed + 1))
  else
    agreed=0 opposed=0
  fi
}
