# HAProxy's own frontend for its supervisor: on the loopback address and with a budget of its own, so no client of the
# pools or of the ops port can make it look hung.
readonly WATCH_ADDRESS=127.0.0.1

readonly POOL_LINE='^[^ ]+( [0-9]+){3}$'

# haproxy_alive SECONDS: does HAProxy answer HTTP there? A stopped process still accepts connections (the kernel does), so
# only an answer counts; which one does not matter. Sets $pools: "NAME CONNECTIONS LIMIT PROXIES" for each pool, and $peers: a
# digit for each proxy of another host, 1 = up, where the rule about them holds.
haproxy_alive() {
  local http line status
  pools=() peers=
  { exec {http}<>"/dev/tcp/$WATCH_ADDRESS/$ops_port"; } 2>/dev/null || return 1
  printf 'GET /pools HTTP/1.0\r\n\r\n' >&"$http"
  if IFS= read -r -t "$1" -u "$http" status; then
    while IFS= read -r -t "$1" -u "$http" line; do
      if [[ $line =~ $POOL_LINE ]]; then pools+=("$line"); fi
      if [[ $line == peers=* ]]; then peers=${line#peers=}; fi
    done
  fi
  exec {http}>&-
  [[ $status == HTTP/* ]]
}

# Looks in vain, one each 0.9 s, after which a HAProxy that is known to be down is given up.
readonly HANGS_AFTER=3

# watch_haproxy FILE: keeps FILE at 0 or 1 (down) for keepalived, as long as the supervisor lives. Twice the same answer is
# needed, so one lost in a busy moment moves no VIP: a hung HAProxy is found after 0.9 to 1.4 s. When it stays so, the
# supervisor gets SIGALRM: thawed much later, HAProxy would carry out what it still has in its buffers.
watch_haproxy() {
  local file=$1 down was=0 written=0 hung=0
  local -A full=()
  while kill -0 $$ 2>/dev/null; do
    if haproxy_alive 0.4; then down=0; else down=1; fi
    report_full
    if ((down == 0)); then hung=0; elif ((written == 1)); then hung=$((hung + 1)); fi
    if ((hung == HANGS_AFTER)); then kill -ALRM $$; fi
    if ((down == was && down != written)); then
      printf '%s\n' "$down" >"$file"
      written=$down
    fi
    was=$down
    if ((down == written)); then pause 0.5; else pause 0.1; fi
  done
}

# A line when a pool is full, and one when it is not by a margin: at the edge of it they would take turns.
report_full() {
  local line pool connections limit
  for line in "${pools[@]}"; do
    read -r pool connections limit _ <<<"$line"
    if ((connections >= limit)) && [[ -z ${full[$pool]:-} ]]; then
      full[$pool]=1
      say "full: pool $pool has $connections of $limit connections (edge.max_connections); newcomers are told so and closed"
    elif ((connections < limit - limit / 20)) && [[ -n ${full[$pool]:-} ]]; then
      full[$pool]=
      say "pool $pool takes newcomers again"
    fi
  done
}
