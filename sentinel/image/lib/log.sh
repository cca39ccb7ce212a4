# Log lines of the entrypoint, beside those of the daemon that follows. One line a decision, with its reason.

now_ms() { # sets $now_ms; EPOCHREALTIME has six decimals, and a comma in some locales
  now_ms=${EPOCHREALTIME/[.,]/}
  now_ms=${now_ms%???}
}

# log WORDS...: one line on stdout, and in $run/decision for the healthcheck to quote.
log() {
  now_ms
  printf 'twemstack-%s %s %s: %s\n' "$role" "$now_ms" "$member" "$*"
  printf '%s\n' "$*" >"$run/decision"
}
