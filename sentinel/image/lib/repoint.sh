# One step of a failover, taken early: replicas follow their new master as soon as it is one.
#
# The sentinel that leads a failover learns that its replica has become master from an INFO, one a second, and only then
# tells the others whom to follow. Where a write needs a replica (min-replicas-to-write, WAIT) it waits for that. This
# asks the promoted one itself and does what the sentinel is about to do, whose SLAVEOF then finds nothing to be done.
# Should the failover end half-way, nothing is lost by it: what the promoted one acknowledged, its follower has as well.

readonly PROMOTING=+failover-state-wait-promotion
# A replica turns within some milliseconds; if not, the sentinel's own way is soon enough.
readonly PROMOTION_MS=1000 PROMOTION_POLL_MS=20

# repoint PID: does so for as long as PID, the sentinel of this member, lives.
repoint() {
  # A peer that has gone ends one attempt, not this.
  trap '' PIPE
  while kill -0 "$1" 2>/dev/null; do
    (follow_failovers) || true
    pause_ms 500
  done
}

# follow_failovers: returns when the connection to the sentinel ends. Only the sentinel that leads tells of that state.
follow_failovers() {
  local line resp shard old_host old_port new_host new_port
  resp_open "$address" "$port" && resp_login sentinel "$(account_password)" || return 1
  printf 'SUBSCRIBE %s\r\n' "$PROMOTING" >&"$resp"
  while IFS= read -r -u "$resp" line; do
    # slave NAME HOST PORT @ SHARD HOST PORT: the one that is promoted, and the old master
    if [[ $line != 'slave '* ]]; then continue; fi
    read -r _ _ new_host new_port _ shard old_host old_port <<<"${line%$'\r'}"
    repoint_replicas "$shard" "$new_host:$new_port" "$old_host:$old_port" &
  done
}

# account_password: as it is now, for it may be changed while the sentinel runs.
account_password() {
  seed_value sentinel sentinel-pass
}

# repoint_replicas SHARD NEW OLD: as many as may resync at once, so that the others can be read meanwhile.
repoint_replicas() {
  local at left password
  # Whoever is no member gets no password, and no replicas.
  is_member "$1" "$2" || return 0
  password=$(account_password)
  left=$(seed_value sentinel parallel-syncs "$1") || left=1
  becomes_master "$2" || return 0
  for at in $(replicas_up "$1"); do
    if ((left == 0)); then return 0; fi
    if [[ $at == "$2" || $at == "$3" ]] || ! (follow "$at" "$2"); then continue; fi
    log "$1: $2 has been promoted, so $at follows it"
    left=$((left - 1))
  done
}

# becomes_master HOST:PORT: waits until it says that it is. Its connections are cut as it is promoted.
becomes_master() {
  local left=$((PROMOTION_MS / PROMOTION_POLL_MS))
  while ((left-- > 0)); do
    if (has_role "$1" master); then return 0; fi
    pause_ms "$PROMOTION_POLL_MS"
  done
  return 1
}

# has_role HOST:PORT ROLE
has_role() {
  local line resp
  resp_open "${1%:*}" "${1##*:}" && resp_login sentinel "$password" || return 1
  printf 'ROLE\r\n' >&"$resp"
  resp_line && resp_line && resp_line && [[ $line == "$2" ]]
}

# follow HOST:PORT MASTER: makes a replica follow another master. What is no replica is left to the sentinel.
follow() {
  local line resp
  has_role "$1" slave && resp_open "${1%:*}" "${1##*:}" && resp_login sentinel "$password" || return 1
  printf 'SLAVEOF %s %s\r\n' "${2%:*}" "${2##*:}" >&"$resp"
  resp_line && [[ $line == +OK* ]]
}

# replicas_up SHARD: HOST:PORT of the replicas that the sentinel of this member holds for alive, and for members.
replicas_up() (
  local line resp left
  local -A fields
  resp_open "$address" "$port" && resp_login sentinel "$password" || return 1
  printf 'SENTINEL REPLICAS %s\r\n' "$1" >&"$resp"
  resp_line && [[ $line == '*'* ]] || return 1
  left=${line#\*}
  while ((left-- > 0)); do
    fields=()
    resp_fields || return 1
    if [[ ${fields[flags]} != slave ]] || ! is_member "$1" "${fields[ip]}:${fields[port]}"; then continue; fi
    printf '%s:%s\n' "${fields[ip]}" "${fields[port]}"
  done
)
