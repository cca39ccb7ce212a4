# The little of Redis' protocol that an entrypoint needs, in bash alone: no process to start, and passwords go from
# a file into a socket without passing an argument list or an environment.

# resp_open HOST PORT: connects file descriptor $resp. Blocks as long as the kernel tries, so callers are killable jobs.
resp_open() {
  { exec {resp}<>"/dev/tcp/$1/$2"; } 2>/dev/null
}

# resp_line: reads one line into $line, without its CR LF. Fails at end of file and after 2 s.
resp_line() {
  IFS= read -r -t 2 -u "$resp" line || return 1
  line=${line%$'\r'}
}

# resp_login USER PASSWORD: asks for nothing more when it fails.
resp_login() {
  printf 'AUTH %s %s\r\n' "$1" "$2" >&"$resp" || return 1
  resp_line && [[ $line == +OK ]]
}

# resp_fields: reads a reply that is an array of names and values into the associative array `fields`.
resp_fields() {
  local count key
  resp_line && [[ $line == '*'* ]] || return 1
  count=$((${line#\*} / 2))
  while ((count-- > 0)); do
    resp_line && resp_line || return 1
    key=$line
    resp_line && resp_line || return 1
    fields[$key]=$line
  done
}

# resp_info: reads a reply of INFO into the associative array `fields`.
resp_info() {
  local left
  resp_line && [[ $line == '$'* ]] || return 1
  left=${line#\$}
  while ((left > 0)); do
    resp_line || return 1
    left=$((left - ${#line} - 2))
    [[ $line != *:* ]] || fields[${line%%:*}]=${line#*:}
  done
}
