# haproxy_alive ADDRESS PORT SECONDS: does HAProxy answer HTTP there? A stopped process still accepts connections (the
# kernel does), so only an answer counts; which one does not matter. Sets $status.
haproxy_alive() {
  local http
  status=
  { exec {http}<>"/dev/tcp/$1/$2"; } 2>/dev/null || return 1
  printf 'GET /healthz HTTP/1.0\r\n\r\n' >&"$http"
  IFS= read -r -t "$3" -u "$http" status
  exec {http}>&-
  [[ $status == HTTP/* ]]
}

# Looks in vain, one each 0.9 s, after which a HAProxy that is known to be down is given up.
readonly HANGS_AFTER=3

# watch_haproxy FILE ADDRESS PORT: keeps FILE at 0 or 1 (down) for keepalived, as long as the supervisor lives. Twice the
# same answer is needed, so one lost in a busy moment moves no VIP: a hung HAProxy is found after 0.9 to 1.4 s. When it
# stays so, the supervisor gets SIGALRM: thawed much later, HAProxy would carry out what it still has in its buffers.
watch_haproxy() {
  local file=$1 down was=0 written=0 hung=0
  while kill -0 $$ 2>/dev/null; do
    if haproxy_alive "$2" "$3" 0.4; then down=0; else down=1; fi
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
