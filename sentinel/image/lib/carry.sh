# What a sentinel takes over from its last live configuration into the next: who is master, the epochs it voted in,
# and the replicas and sentinels it knew, as far as they still belong to the stack.

# is_member SHARD HOST:PORT
is_member() {
  [[ " ${shard_members[$1]:-} " == *" $2 "* ]]
}

# seed_master SHARD: its master in the seed, HOST:PORT.
seed_master() {
  local words
  while read -ra words; do
    if [[ ${words[*]:0:3} == "sentinel monitor $1" ]]; then printf '%s:%s' "${words[3]}" "${words[4]}"; fi
  done <"$seed/sentinel.conf"
}

# carry_over FILE: reads the state into master, config_epoch, leader_epoch, known (lines), origin and current_epoch.
# Sentinel writes a shard's `monitor` line before its other lines.
carry_over() {
  local words name present
  while read -ra words; do
    [[ ${words[0]:-} == sentinel ]] || continue
    name=${words[2]:-}
    case ${words[1]} in
      current-epoch) current_epoch=$name ;;
      monitor)
        present_of "${words[3]}:${words[4]}"
        if is_member "$name" "$present"; then
          master[$name]=$present config_epoch[$name]=0 origin[$name]='its own memory'
        fi
        ;;
      config-epoch) if [[ -n ${master[$name]:-} ]]; then config_epoch[$name]=${words[3]}; fi ;;
      leader-epoch) leader_epoch[$name]=${words[3]} ;;
      known-replica | known-sentinel) carry_known ;;
    esac
  done <"$1"
}

# Uses `words` and `present` of carry_over. A member that left the stack must not come back as a replica that is down for ever, and a
# sentinel that left must not count as a voter.
carry_known() {
  [[ -n ${master[$name]:-} ]] || return 0
  present_of "${words[3]}:${words[4]}"
  if [[ ${words[1]} == known-replica ]]; then
    is_member "$name" "$present" || return 0
  else
    [[ " $peers " == *" $present:${words[5]:-} "* ]] || return 0
  fi
  words[3]=${present%:*} words[4]=${present##*:}
  known[$name]+="${words[*]}"$'\n'
}

# live_configuration: the seed with the present masters, and the state after each shard's lines.
live_configuration() {
  local line words name
  while IFS= read -r line; do
    read -ra words <<<"$line"
    if [[ ${words[*]:0:2} == 'sentinel monitor' && -n ${master[${words[2]}]:-} ]]; then
      words[3]=${master[${words[2]}]%:*} words[4]=${master[${words[2]}]##*:}
      line=${words[*]}
    fi
    printf '%s\n' "$line"
  done <"$seed/sentinel.conf"
  printf '\n# Added by the entrypoint at its start.\n'
  for name in "${!master[@]}"; do
    printf 'sentinel config-epoch %s %s\n' "$name" "${config_epoch[$name]:-0}"
    printf 'sentinel leader-epoch %s %s\n' "$name" "${leader_epoch[$name]:-0}"
    known_but_master "$name"
    if ((current_epoch < ${config_epoch[$name]:-0})); then current_epoch=${config_epoch[$name]}; fi
  done
  printf 'sentinel current-epoch %s\n' "$current_epoch"
}

# A replica that is master now is not its own replica.
known_but_master() {
  local line
  while IFS= read -r line; do
    [[ -z $line || "$line" == "sentinel known-replica $1 ${master[$1]/:/ }" ]] || printf '%s\n' "$line"
  done <<<"${known[$1]:-}"
}
