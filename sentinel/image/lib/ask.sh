# Questions to several servers at once. Every question is a job of its own that answers with one line through a
# pipe, because connecting in bash knows no time limit: whoever has not answered in time is killed.

mkdir -p "$run"
mkfifo "$run/answers.$$"
exec {answers}<>"$run/answers.$$"
rm "$run/answers.$$"
ask_round=0
ask_jobs=()

# ask NAME FUNCTION ARGUMENTS...: what the function leaves in $view becomes the answer of NAME in this round.
ask() {
  local name=$1 round=$ask_round
  shift
  {
    view=
    "$@" 2>/dev/null || view=
    printf '%s %s %s\n' "$round" "$name" "$view" >&"$answers"
  } &
  ask_jobs+=($!)
}

# collect MILLISECONDS ENOUGH: fills the associative array `answer` (name -> line, empty if it refused) until everybody
# has answered or the time is over. ENOUGH is a command that says whether stragglers are worth only 150 ms more.
collect() {
  local deadline left round name line expected=${#ask_jobs[@]} hurried=
  now_ms
  deadline=$((now_ms + $1))
  answer=()
  while ((${#answer[@]} < expected)); do
    now_ms
    left=$((deadline - now_ms))
    ((left > 0)) || break
    printf -v left '%d.%03d' $((left / 1000)) $((left % 1000))
    read -r -t "$left" -u "$answers" round name line || break
    [[ $round == "$ask_round" ]] || continue
    answer[$name]=$line
    if [[ -z $hurried ]] && "$2"; then
      hurried=yes
      now_ms
      ((deadline <= now_ms + 150)) || deadline=$((now_ms + 150))
    fi
  done
  kill -KILL "${ask_jobs[@]}" 2>/dev/null || true
  wait "${ask_jobs[@]}" 2>/dev/null || true
  ask_jobs=()
  ask_round=$((ask_round + 1))
}

# pause_ms MILLISECONDS, without starting a process.
pause_ms() {
  local seconds
  printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
  read -r -t "$seconds" -u "$answers" _ || true
}

# sentinel_view HOST PORT SHARD USER PASSWORD: $view becomes "IP:PORT CONFIG_EPOCH NUM_REPLICAS
# SILENT_MS FLAGS"; SILENT_MS: for how long that sentinel has not heard from the master.
sentinel_view() {
  local line resp
  local -A fields=()
  resp_open "$1" "$2" && resp_login "$4" "$5" || return 1
  printf 'SENTINEL MASTER %s\r\n' "$3" >&"$resp"
  resp_fields || return 1
  view="${fields[ip]}:${fields[port]} ${fields[config-epoch]} ${fields[num-slaves]} ${fields[last-ok-ping-reply]:-0}"
  view+=" ${fields[flags]}"
}

# redis_view HOST PORT USER PASSWORD: $view becomes "ROLE AMOUNT LINK MASTER": its role, how many keys and functions it
# holds (1 more while it is loading, for then there will be some), whether its link is up, and whom it follows.
redis_view() {
  local line resp key amount
  local -A fields=()
  resp_open "$1" "$2" && resp_login "$3" "$4" || return 1
  printf 'INFO replication persistence memory keyspace\r\n' >&"$resp"
  resp_info || return 1
  amount=$((${fields[loading]:-0} + ${fields[number_of_functions]:-0}))
  for key in "${!fields[@]}"; do
    if [[ $key == db[0-9]* && ${fields[$key]} =~ ^keys=([0-9]+) ]]; then amount=$((amount + BASH_REMATCH[1])); fi
  done
  view="${fields[role]} $amount ${fields[master_link_status]:--} ${fields[master_host]:--}:${fields[master_port]:--}"
}
