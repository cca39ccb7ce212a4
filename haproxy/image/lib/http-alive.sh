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
