# Log lines of the entrypoint, beside those of the daemon that follows. One line a decision, with its reason.

# now_ms: sets $now_ms, for durations: for how long the machine has run. The time of day may be set meanwhile: after a step
# back by an hour a wait of 20 s would have an hour left.
now_ms() {
  local up
  read -r up _ </proc/uptime
  now_ms=$((10#${up/./} * 10))
}

# wall_ms: sets $wall_ms, the time of day; EPOCHREALTIME has six decimals, and a comma in some locales.
wall_ms() {
  wall_ms=${EPOCHREALTIME/[.,]/}
  wall_ms=${wall_ms%???}
}

# log WORDS...: one line on stdout, and in $run/decision for the healthcheck to quote.
log() {
  wall_ms
  printf 'twemstack-%s %s %s: %s\n' "$role" "$wall_ms" "$member" "$*"
  printf '%s\n' "$*" >"$run/decision"
}
